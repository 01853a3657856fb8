"""The folder of the embedded index: one writer, any damage mended, a newer version refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from nlp.segment import words
from records.errors import ConfigurationError, Retryable
from records.times import DEFAULT_ZONE
from storage import tantivy_files
from storage.documents import build_document
from storage.tantivy_generations import Generations
from storage.tantivy_index import TantivyIndex
from storage.tantivy_schema import SCHEMA_VERSION
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


def read_generation(folder: Path) -> Path:
    return folder / str(json.loads((folder / "current.json").read_bytes())["read"])


def set_state(folder: Path, **values: object) -> None:
    state = {"schema": SCHEMA_VERSION, "watermark": 9, **values}
    (read_generation(folder) / "state.json").write_text(json.dumps(state))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "older schema": lambda folder: set_state(folder, schema=SCHEMA_VERSION - 1),
    "state lost": lambda folder: (read_generation(folder) / "state.json").unlink(),
    "state cut": lambda folder: cut(read_generation(folder) / "state.json"),
    "meta cut": lambda folder: cut(read_generation(folder) / "meta.json"),
    "meta lost": lambda folder: (read_generation(folder) / "meta.json").unlink(),
    "segment cut": lambda folder: cut(next(read_generation(folder).glob("*.idx"))),
    "segment lost": lambda folder: next(read_generation(folder).glob("*.term")).unlink(),
    "generation lost": lambda folder: shutil.rmtree(read_generation(folder)),
    "pointer cut": lambda folder: cut(folder / "current.json"),
    "pointer lost": lambda folder: (folder / "current.json").unlink(),
    "pointer of nonsense": lambda folder: (folder / "current.json").write_text("[1]"),
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


def test_an_index_of_the_former_layout_is_built_anew(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "meta.json").write_text("{}")
    (tmp_path / "state.json").write_text('{"schema": 2, "watermark": 9}')
    index = open_index(tmp_path)
    assert (index.watermark(), index.count()) == (0, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current.json", "index-1", "writing.lock"]


def test_a_newer_index_is_refused_and_left_alone(folder: Path) -> None:
    set_state(folder, schema=SCHEMA_VERSION + 1)
    with pytest.raises(ConfigurationError, match="is newer than this version knows"):
        open_index(folder)
    set_state(folder)
    assert open_index(folder).count() == 1
    pointer = (folder / "current.json").read_text()
    (folder / "current.json").write_text('{"format": 99}')
    with pytest.raises(ConfigurationError, match="its format 99 is newer"):
        open_index(folder)
    (folder / "current.json").write_text(pointer)
    assert open_index(folder).count() == 1


def test_an_index_that_is_lost_under_an_open_reader_is_built_anew(folder: Path) -> None:
    index = open_index(folder)
    shutil.rmtree(read_generation(folder))
    assert (index.count(), index.watermark()) == (0, 0)
    index.add([DOCUMENT])
    index.refresh()
    assert index.count() == 1


def test_one_writes_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tantivy_files, "LOCK_TIMEOUT_S", 0.1)
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


def test_people_read_the_old_index_until_the_new_one_is_published(folder: Path) -> None:
    reader, writer, later = open_index(folder), open_index(folder), open_index(folder)
    with writer.writing():
        writer.begin_rebuild()
        assert (writer.watermark(), reader.count(), writer.count()) == (0, 1, 1)
        writer.add(replace(DOCUMENT, id=f"mailbox/{number}") for number in range(3))
        writer.refresh(watermark=4)
        assert (reader.watermark(), reader.count(), writer.count(), open_index(folder).count()) == (
            4,
            1,
            1,
            1,
        )
        writer.publish()
        assert (reader.watermark(), reader.count(), writer.count(), later.count()) == (4, 3, 3, 3)
    assert [path.name for path in folder.glob("index-*")] == ["index-2"]


def test_a_rebuild_that_stopped_is_gone_on_with_or_begun_again(folder: Path) -> None:
    stopped = open_index(folder)
    stopped.begin_rebuild()
    stopped.add([DOCUMENT, replace(DOCUMENT, id="mailbox/2")])
    stopped.refresh(watermark=4)
    stopped.close()
    other = open_index(folder)
    assert (other.watermark(), other.count()) == (4, 1)
    other.begin_rebuild()
    assert sorted(path.name for path in folder.glob("index-*")) == ["index-1", "index-3"]
    other.add([replace(DOCUMENT, id=f"mailbox/{number}") for number in range(3)])
    other.refresh(watermark=5)
    other.close()
    last = open_index(folder)
    last.publish()
    assert (last.watermark(), last.count()) == (5, 3)


def test_a_damaged_rebuild_begins_again_while_the_old_index_is_read(folder: Path) -> None:
    index = open_index(folder)
    index.begin_rebuild()
    index.refresh(watermark=7)
    cut(folder / "index-2" / "meta.json")
    with index.writing():
        assert (index.watermark(), index.count()) == (0, 1)
        index.add([DOCUMENT])
        index.refresh(watermark=8)
        index.publish()
    assert (index.watermark(), index.count(), open_index(folder).count()) == (8, 1, 1)


def test_readers_never_see_less_during_rebuilds(folder: Path) -> None:
    done = Event()
    seen: list[int | Exception] = []

    def read() -> None:
        reader = open_index(folder)
        while not done.is_set():
            try:
                seen.append(len(reader.search("停水").hits))
            except Exception as err:
                seen.append(err)

    thread = Thread(target=read)
    thread.start()
    writer = open_index(folder)
    for _ in range(15):
        with writer.writing():
            writer.begin_rebuild()
            writer.add([DOCUMENT])
            writer.refresh()
            writer.publish()
    done.set()
    thread.join()
    assert set(seen) == {1}


class StoppedError(Exception):
    pass


STEPS = ("rename", "start", "point", "rmtree")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("before", [True, False])
def test_stopped_at_any_step_the_folder_still_names_whole_indexes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str, before: bool
) -> None:
    """Where the machine stops before or after each step of a rebuild, one that comes later ends it."""
    owner, name = {
        "rename": (Path, "replace"),
        "start": (Generations, "start"),
        "point": (Generations, "point"),
        "rmtree": (shutil, "rmtree"),
    }[step]
    original, calls, stops = getattr(owner, name), 0, 0

    def stop(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > stops and before:
            raise StoppedError
        result = original(*arguments, **options)
        if calls > stops:
            raise StoppedError
        return result

    for passed in range(5):
        calls, stops = 0, passed
        index = open_index(folder)
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, stop)
            with suppress(StoppedError), index.writing():
                index.begin_rebuild()
                index.add([DOCUMENT])
                index.refresh(watermark=9)
                index.publish()
        index.close()
        # Never empty, and what was not rebuilt is known by its watermark.
        again = open_index(folder)
        assert again.count() == 1
        assert again.watermark() in (0, 9)
        with again.writing():
            if again.watermark() == 0:
                again.begin_rebuild()
                again.add([DOCUMENT])
                again.refresh(watermark=9)
            again.publish()
        assert (again.count(), again.watermark(), len(list(folder.glob("index-*")))) == (1, 9, 1)
        again.close()


def test_faults_are_told_with_their_fix(folder: Path) -> None:
    index = open_index(folder)
    assert index.faults() == []
    (folder / "current.json").write_text('{"format": 99}')
    (newer,) = index.faults()
    assert "newer than this version knows" in newer
