"""Bulk requests to a server that has no room, loses what it was sent, or refuses: what happens to each item.

The server is a stand-in: a real one cannot be told to be busy.
"""

from __future__ import annotations

import http.server
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from elasticsearch import Elasticsearch

from records.errors import ConfigurationError, Retryable
from storage import elasticsearch_bulk
from storage.elasticsearch_bulk import put, send, take_out
from tests.storage.indexed import document

DONE = {"status": 200}
BUSY = {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "queue is full"}}
NO_SHARD = {"status": 503, "error": {"type": "unavailable_shards_exception", "reason": "primary is gone"}}
NEWER = {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "newer"}}
WRONG = {"status": 400, "error": {"type": "document_parsing_exception", "reason": "no such\nfield"}}
BLOCKED = {"status": 403, "error": {"type": "cluster_block_exception", "reason": "read-only"}}

# What the stand-in does with the n-th try of an item; None drops the whole connection.
Plan = Callable[[str, int], dict[str, object] | int | None]


class StandIn(http.server.ThreadingHTTPServer):
    def __init__(self, plan: Plan) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.plan = plan
        self.tries: Counter[str] = Counter()
        self.turn = threading.Lock()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: StandIn

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).splitlines()
        lines = [json.loads(line) for line in body]
        ids = [line[next(iter(line))]["_id"] for line in lines if set(line) & {"index", "delete"}]
        with self.server.turn:
            self.server.tries.update(ids)
            outcomes = [self.server.plan(one, self.server.tries[one]) for one in ids]
        whole = next((one for one in outcomes if not isinstance(one, dict)), 200)
        if whole is None:
            return
        self.send_response(whole)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"items": [{"index": one} for one in outcomes]}).encode())

    def log_message(self, *values: object) -> None:
        pass


@contextmanager
def answering(plan: Plan) -> Iterator[tuple[StandIn, Elasticsearch]]:
    with StandIn(plan) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with Elasticsearch(f"http://127.0.0.1:{server.server_port}") as client:
            yield server, client
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elasticsearch_bulk, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(elasticsearch_bulk, "TRIES", 4)
    monkeypatch.setattr(elasticsearch_bulk, "REQUEST_BYTES", 1_500)


def actions(count: int) -> Iterator[elasticsearch_bulk.Action]:
    return (put(document(number), 1) for number in range(count))


@pytest.mark.parametrize("away", [BUSY, NO_SHARD])
def test_only_what_had_no_room_is_sent_again(away: dict[str, object]) -> None:
    def plan(post_id: str, attempt: int) -> dict[str, object]:
        return away if post_id.endswith("7") and attempt <= 2 else DONE

    with answering(plan) as (server, client):
        assert send(client, "posts-write", actions(30), shown="x") == (30, {})
    assert server.tries == {f"mailbox/{n}": 3 if n % 10 == 7 else 1 for n in range(30)}


@pytest.mark.parametrize("whole", [429, 503, None])
def test_a_whole_request_that_is_not_taken_is_sent_again(whole: int | None) -> None:
    def plan(post_id: str, attempt: int) -> dict[str, object] | int | None:
        return whole if post_id == "mailbox/4" and attempt <= 2 else DONE

    with answering(plan) as (server, client):
        assert send(client, "posts-write", actions(9), shown="x") == (9, {})
    assert server.tries["mailbox/4"] == 3
    assert set(server.tries) == {f"mailbox/{number}" for number in range(9)}


def test_what_is_refused_is_told_by_post_and_sent_once() -> None:
    outcomes = {"mailbox/1": WRONG, "mailbox/2": NEWER}
    with answering(lambda post_id, attempt: outcomes.get(post_id, DONE)) as (server, client):
        assert send(client, "posts-write", actions(4), shown="x") == (3, {"mailbox/1": "no such field"})
    assert set(server.tries.values()) == {1}


def test_a_server_that_stays_busy_is_retryable_and_said_why() -> None:
    with answering(lambda post_id, attempt: BUSY) as (server, client):
        with pytest.raises(Retryable, match=r"^the index: it takes no documents now .*queue is full"):
            send(client, "posts-write", [take_out("mailbox/1", 1)], shown="the index")
        assert server.tries == {"mailbox/1": 4}


def test_a_block_is_for_a_person_and_refuses_no_document() -> None:
    with answering(lambda post_id, attempt: BLOCKED) as (server, client):
        with pytest.raises(ConfigurationError, match=r"may not be written .*read-only"):
            send(client, "posts-write", actions(40), shown="x")
        assert set(server.tries.values()) == {1}


def test_pauses_grow_to_the_longest_and_are_not_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elasticsearch_bulk, "FIRST_PAUSE_S", 1.0)
    monkeypatch.setattr(elasticsearch_bulk, "TRIES", 8)
    first, second = (list(elasticsearch_bulk._pauses()) for _ in range(2))
    assert first != second
    for number, pause_s in enumerate(first):
        longest = min(2.0**number, elasticsearch_bulk.LONGEST_PAUSE_S)
        assert longest / 2 <= pause_s <= longest
