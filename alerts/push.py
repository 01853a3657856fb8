"""apprise and its quirks. Imported late: it costs 0.2 s, and most commands send nothing.

apprise says only yes or no, and says yes to DingTalk's, WeCom's and Feishu's `200 {"errcode": 310000}`. So
its HTTP calls are watched: answers are read, and a call that may have arrived is told from one that cannot.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from records.errors import Rejected, Retryable

if TYPE_CHECKING:
    import requests

# Their messages hold URLs, and so tokens.
_TALKATIVE = ("apprise", "urllib3", "requests")
_FEISHU = ("feishu", "lark")
_ERROR_LENGTH = 120


class PushFailedError(Retryable):
    """The message did not arrive; it may be sent again."""


class PushUnconfirmedError(Rejected):
    """The message may have arrived: the service took it and did not answer. It must not be sent again."""

    def __init__(self, message: str) -> None:
        super().__init__("unconfirmed", message)


def push(url: str, title: str, body: str) -> None:
    """Send one message; one thread at a time. Raises PushFailedError or PushUnconfirmedError."""
    with quiet():
        plugin = _plugin(url)
        if plugin is None:
            raise PushFailedError("not an apprise URL")
        with _watched(plugin) as calls:
            sent = plugin.notify(title=title, body=body)
    _judge(_scheme(url), bool(sent), calls)


def is_sendable(url: str) -> bool:
    """Return whether apprise knows the scheme and finds host and tokens in the URL."""
    with quiet():
        return _plugin(url) is not None


def refusal(scheme: str, body: bytes) -> str | None:
    """Return what the service says is wrong, though it answered 200; None where it says nothing is."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    if not isinstance(answer, dict):
        return None
    if answer.get("success") is False or answer.get("ok") is False:
        return "it says no"
    code = answer.get("errcode")
    if code is None and scheme in _FEISHU:
        code = answer.get("code", answer.get("StatusCode"))
    if code in (None, 0, "0"):
        return None
    return f"code {code}"[:_ERROR_LENGTH]


def _plugin(url: str) -> Any | None:
    """Return apprise's plugin for the URL, or None. The first call loads all of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # one of them imports imghdr
        import apprise

        return apprise.Apprise.instantiate(url)


class _Calls:
    """Stands in for `requests` in one plugin's module and keeps what came of its calls."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self.answers: list[requests.Response] = []
        self.lost: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def post(self, url: str, **options: Any) -> requests.Response:
        return self.request("POST", url, **options)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        try:
            answer: requests.Response = self._module.request(method, url, **options)
        except self._module.RequestException as err:
            if may_have_arrived(err):
                self.lost.append(type(err).__name__)
            raise
        self.answers.append(answer)
        return answer


@contextmanager
def _watched(plugin: Any) -> Iterator[_Calls]:
    module = sys.modules[type(plugin).__module__]
    original = getattr(module, "requests", None)
    calls = _Calls(original)
    if original is None:  # mail and desktop do not speak HTTP
        yield calls
        return
    module.requests = calls  # type: ignore[attr-defined]  # the one way to see an answer that apprise drops
    try:
        yield calls
    finally:
        module.requests = original  # type: ignore[attr-defined]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what sends from logging: its messages hold URLs."""
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    before = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in before:
            logger.setLevel(level)


def may_have_arrived(err: requests.RequestException) -> bool:
    """Return whether the connection stood when it went wrong, so that the message may have got through."""
    from requests.exceptions import ChunkedEncodingError, ReadTimeout
    from urllib3.exceptions import ProtocolError

    aborted = bool(err.args) and isinstance(err.args[0], ProtocolError)
    return aborted or isinstance(err, ReadTimeout | ChunkedEncodingError)


def _judge(scheme: str, sent: bool, calls: _Calls) -> None:
    for answer in calls.answers:
        said = refusal(scheme, answer.content)
        if said:
            raise PushFailedError(f"the service answered {answer.status_code} but refused it ({said})")
    if calls.lost:
        raise PushUnconfirmedError("the service took the message and did not answer in time")
    if not sent:
        codes = [str(answer.status_code) for answer in calls.answers]
        raise PushFailedError(
            f"the service answered {codes[-1]}" if codes else "the service cannot be reached"
        )


def _scheme(url: str) -> str:
    return url.partition(":")[0].lower()
