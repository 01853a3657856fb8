"""Documents sent to Elasticsearch in bulk: requests side by side, and a result for each item.

What the server has no room for is sent again after a pause, and so is what was on its way to a node that is
lost: an item that comes twice replaces itself, for it carries its version.
"""

from __future__ import annotations

import hashlib
import json
import logging
import random
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from records.errors import ConfigurationError, Retryable
from records.query import IndexDocument
from storage.document_fields import document_fields
from storage.elasticsearch_client import BUSY, is_passing, one_line
from storage.elasticsearch_generations import IndexGoneError

# Bytes a request; the server sets a tenth of its heap aside for all that is under way.
REQUEST_BYTES = 5_000_000
# While the server works on these the next one is made.
REQUESTS_AT_ONCE = 2
# A busy server takes its time for so much; sent again too early it has it twice.
REQUEST_TIMEOUT_S = 120
# Pauses double from the first to the longest, each cut by chance: 8 tries take a minute and a half at most.
TRIES = 8
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
_LONGEST_ID = 512
_ANSWER = ("items.*.status", "items.*.error.type", "items.*.error.reason", "items.*.error.caused_by.reason")

_log = logging.getLogger(__name__)


class Action(NamedTuple):
    """One item of a bulk request: the post it is about, and its lines of JSON."""

    post_id: str
    lines: bytes


def put(document: IndexDocument, version: int) -> Action:
    """Return the action that puts the document in, unless a newer version is in."""
    return Action(document.id, _line("index", document.id, version) + _json(document_fields(document)))


def take_out(post_id: str, version: int) -> Action:
    """Return the action that takes the document out, unless a newer version is in."""
    return Action(post_id, _line("delete", post_id, version))


def send(
    client: Elasticsearch, alias: str, actions: Iterable[Action], *, shown: str
) -> tuple[int, dict[str, str]]:
    """Send all of them; return how many were taken or passed over for a newer version, and why others not.

    The order of actions on one post is not kept. Raises Retryable where the server stays busy or away,
    ConfigurationError where it may not be written, IndexGoneError, and what the client raises. `shown` is
    what errors call the index.
    """
    sent, refused = 0, dict[str, str]()
    under_way: deque[Future[dict[str, str]]] = deque()
    given_up = threading.Event()
    # Behind this client no node is asked twice at once: the pauses are ours.
    patient = client.options(max_retries=0, request_timeout=REQUEST_TIMEOUT_S)
    with ThreadPoolExecutor(REQUESTS_AT_ONCE, thread_name_prefix="bulk") as pool:
        try:
            for request in _requests(actions):
                if len(under_way) == REQUESTS_AT_ONCE:
                    refused |= under_way.popleft().result()
                under_way.append(pool.submit(_deliver, patient, alias, request, given_up, shown))
                sent += len(request)
            for delivery in under_way:
                refused |= delivery.result()
        finally:
            given_up.set()
    return sent - len(refused), refused


def _requests(actions: Iterable[Action]) -> Iterator[list[Action]]:
    request: list[Action] = []
    n_bytes = 0
    for action in actions:
        if request and n_bytes + len(action.lines) > REQUEST_BYTES:
            yield request
            request, n_bytes = [], 0
        request.append(action)
        n_bytes += len(action.lines)
    if request:
        yield request


def _deliver(
    client: Elasticsearch, alias: str, request: Sequence[Action], given_up: threading.Event, shown: str
) -> dict[str, str]:
    """Send until the server took or refused each item; return why it refused some, by post."""
    refused: dict[str, str] = {}
    waiting, reason = request, ""
    for pause_s in _pauses():
        try:
            items = client.bulk(
                index=alias,
                require_alias=True,
                operations=[action.lines for action in waiting],  # type: ignore[misc]  # lines are ready
                filter_path=_ANSWER,
            )["items"]
        except (ApiError, TransportError) as err:
            if not is_passing(err):
                raise
            reason = one_line(err)
        else:
            outcomes = [_outcome(item, shown) for item in items]
            refused |= {
                action.post_id: outcome.reason
                for action, outcome in zip(waiting, outcomes, strict=True)
                if outcome.is_refused
            }
            waiting = [
                action for action, outcome in zip(waiting, outcomes, strict=True) if outcome.is_passing
            ]
            reason = next((outcome.reason for outcome in outcomes if outcome.is_passing), "")
        if not waiting:
            return refused
        _log.warning("%s: %d documents wait: %s", shown, len(waiting), reason)
        if given_up.wait(pause_s):
            break
    raise Retryable(f"{shown}: it takes no documents now (try again later): {reason}")


class _Outcome(NamedTuple):
    is_refused: bool
    is_passing: bool
    reason: str


def _outcome(item: Mapping[str, Mapping[str, Any]], shown: str) -> _Outcome:
    """Return what became of one item. A newer version (409) or nothing to take out (404) is as good.

    Raises what concerns the whole index, not this item.
    """
    (result,) = item.values()
    status, error = result["status"], result.get("error")
    if error is None or status == 409:
        return _Outcome(False, False, "")
    reason = one_line(error.get("caused_by", {}).get("reason") or error.get("reason") or error["type"])
    if error["type"] == "index_not_found_exception":
        raise IndexGoneError(reason)
    if status in (401, 403):
        raise ConfigurationError(
            f"{shown}: may not be written (give this account the right, or unblock it): {reason}"
        )
    return _Outcome(status not in BUSY, status in BUSY, reason)


def _pauses() -> Iterator[float]:
    """Yield how long to wait after each try; by chance, so that not all writers come back at once."""
    for attempt in range(TRIES):
        longest = min(FIRST_PAUSE_S * 2**attempt, LONGEST_PAUSE_S)
        yield random.uniform(longest / 2, longest)  # noqa: S311  # no secret


def _line(operation: str, post_id: str, version: int) -> bytes:
    return _json(
        {operation: {"_id": _document_id(post_id), "version": version, "version_type": "external_gte"}}
    )


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _document_id(post_id: str) -> str:
    # The server takes no longer ids; the whole one is in the field "id".
    encoded = post_id.encode()
    return post_id if len(encoded) <= _LONGEST_ID else hashlib.sha256(encoded).hexdigest()
