"""A server that accepts connections and never answers."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from nlp.segment import words
from records.errors import Retryable
from records.times import DEFAULT_ZONE
from storage import elasticsearch_index, elasticsearch_silence
from storage.search_engines import open_index
from tests.storage.indexed import document


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server


def requests(silent: socket.socket) -> int:
    """Return how many have connected since the last call."""
    silent.setblocking(False)
    accepted = 0
    while True:
        try:
            silent.accept()[0].close()
        except BlockingIOError:
            return accepted
        accepted += 1


def test_one_request_finds_out_and_the_others_are_told_at_once(
    silent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elasticsearch_index, "ANSWER_TIMEOUT_S", 0.2)
    index = open_index(f"http://127.0.0.1:{silent.getsockname()[1]}", segment=words, zone=DEFAULT_ZONE)
    for ask in (index.count, index.search, index.watermark, lambda: index.add([document(1)])):
        with pytest.raises(Retryable, match="no answer in time"):
            ask()
    assert requests(silent) == 1
    monkeypatch.setattr(elasticsearch_silence, "PAUSE_S", 0.0)
    later = open_index(f"http://127.0.0.1:{silent.getsockname()[1]}", segment=words, zone=DEFAULT_ZONE)
    for _ in range(2):
        with pytest.raises(Retryable, match="no answer in time"):
            later.count()
    assert requests(silent) == 2, "after the pause it is asked again"
    index.close()
    later.close()
