"""The folder of the embedded index: one writer, any damage mended, a newer version refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from nlp.segment import words
from records.errors import ConfigurationError, Retryable
from records.times import DEFAULT_ZONE
from storage import tantivy_index
from storage.documents import build_document
from storage.tantivy_index import SCHEMA_VERSION, TantivyIndex
from tests.storage.samples import post

DOCUMENT = build_document(post(), None, None, flagged=False, segment=words)


def open_index(folder: Path) -> TantivyIndex:
    return TantivyIndex(folder, segment=words, zone=DEFAULT_ZONE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    index = open_index(tmp_path / "search")
    index.add([DOCUMENT])
    index.refresh(watermark=9)
    index.close()
    return tmp_path / "search"


def set_state(folder: Path, **values: object) -> None:
    (folder / "state.json").write_text(json.dumps({"schema": SCHEMA_VERSION, "watermark": 9, **values}))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "older schema": lambda folder: set_state(folder, schema=SCHEMA_VERSION - 1),
    "state lost": lambda folder: (folder / "state.json").unlink(),
    "state cut": lambda folder: cut(folder / "state.json"),
    "meta cut": lambda folder: cut(folder / "index" / "meta.json"),
    "meta lost": lambda folder: (folder / "index" / "meta.json").unlink(),
    "segment cut": lambda folder: cut(next((folder / "index").glob("*.idx"))),
    "segment lost": lambda folder: next((folder / "index").glob("*.term")).unlink(),
    "index lost": lambda folder: shutil.rmtree(folder / "index"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_older_index_is_built_anew(folder: Path, damage: str) -> None:
    DAMAGES[damage](folder)
    index = open_index(folder)
    assert (index.watermark(), index.count()) == (0, 0)
    index.add([DOCUMENT])
    index.refresh(watermark=10)
    index.close()
    assert (open_index(folder).watermark(), open_index(folder).count()) == (10, 1)


def test_a_sound_index_is_left_alone(folder: Path) -> None:
    index = open_index(folder)
    assert (index.watermark(), index.count()) == (9, 1)


def test_a_newer_index_is_refused_and_left_alone(folder: Path) -> None:
    set_state(folder, schema=SCHEMA_VERSION + 1)
    with pytest.raises(ConfigurationError, match="is newer than this version knows"):
        open_index(folder)
    set_state(folder)
    assert open_index(folder).count() == 1


def test_an_index_that_is_lost_under_an_open_reader_is_built_anew(folder: Path) -> None:
    index = open_index(folder)
    shutil.rmtree(folder / "index")
    assert (index.count(), index.watermark()) == (0, 0)
    index.add([DOCUMENT])
    index.refresh()
    assert index.count() == 1


def test_one_writes_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tantivy_index, "LOCK_TIMEOUT_S", 0.1)
    first, second = open_index(folder), open_index(folder)
    with first.writing():
        with pytest.raises(Retryable, match="another process is writing"), second.writing():
            pass
        with pytest.raises(Retryable):
            second.add([DOCUMENT])
        assert second.count() == 1  # reading goes on
    with second.writing():
        second.add([DOCUMENT])
        second.refresh()


def test_a_writer_waits_for_the_other(folder: Path) -> None:
    first, second = open_index(folder), open_index(folder)
    order: list[str] = []

    def write() -> None:
        with second.writing():
            order.append("second")

    with first.writing():
        thread = Thread(target=write)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_what_was_not_committed_is_dropped_and_the_lock_let_go(folder: Path) -> None:
    index = open_index(folder)

    def fail() -> None:
        with index.writing():
            index.delete(["mailbox/1"])
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    other = open_index(folder)
    other.add([])
    other.refresh()
    assert other.count() == 1
