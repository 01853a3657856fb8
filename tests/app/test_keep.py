"""backup, restore, purge and doctor, as a person runs them."""

from __future__ import annotations

import json
import os
import sqlite3
import zipfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from nlp.segment import words
from records.run import RunKind
from records.times import DEFAULT_ZONE, utc_now
from storage.database import Database
from storage.indexer import drain
from storage.outbox import TRIES
from storage.search_engines import open_index
from tests.app.conftest import Huiying, Result
from tests.storage.databases import scratch_database

OLD = "临江区滨河路从昨天早上开始停水，到现在没有人通知。"
NEW = "望山路的路灯坏了一个月，请派人修理。"
ROWS = [
    {"id": "1", "title": "滨河路停水", "text": OLD, "asked_at": "2024/3/1 8:30:00"},
    {"id": "2", "title": "望山路路灯不亮", "text": NEW, "asked_at": "2026/2/20 21:00:00"},
]
NOW = ("--now", "2026-03-01T08:00")


@pytest.fixture
def data(tmp_path: Path, huiying: Huiying) -> Path:
    """The folder of an installation with two cases of a hotline."""
    exported = tmp_path / "town.jsonl"
    exported.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS))
    assert huiying("import", exported, "--channel", "hotline").code == 0
    return tmp_path / "data"


@pytest.fixture
def saved(data: Path, huiying: Huiying, tmp_path: Path) -> Path:
    (data / "rules" / "urgent.yaml").unlink()
    (data / "receivers.yaml").write_text("receivers: {}\n")
    path = tmp_path / "saved.zip"
    assert huiying("backup", path).code == 0
    return path


def keep_a_year(data: Path) -> None:
    with (data / "huiying.toml").open("a") as file:
        file.write("retention_days = { hotline = 365 }\n")


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("huiying.sqlite*") if path.is_file())


def test_purge_says_what_it_would_delete_and_deletes_only_that(huiying: Huiying, data: Path) -> None:
    keep_a_year(data)
    would = huiying("purge", "--dry-run", *NOW, "--format", "jsonl")
    assert would.rows == [
        {"channel": "hotline", "days": 365, "before": "2025-03-01T00:00:00+08:00", "posts": 1}
    ]
    assert OLD.encode() in everything_in(data)
    assert huiying("purge", *NOW, "--format", "jsonl").rows == would.rows
    assert OLD.encode() not in everything_in(data)
    assert NEW.encode() in everything_in(data)
    assert [row["posts"] for row in huiying("purge", *NOW, "--format", "jsonl").rows] == [0]
    assert huiying("search", "停水", "--format", "jsonl").rows == []
    assert len(huiying("search", "路灯", "--format", "jsonl").rows) == 1
    with Database.open(f"sqlite:///{data}/huiying.sqlite") as database:
        (entry,) = [entry for entry in database.audit.list() if entry.action == "purge"]
        assert (entry.actor, entry.subject, entry.detail) == (
            "huiying",
            "hotline",
            "1 posts asked before 2025-03-01",
        )


def test_purge_without_retention_says_what_to_set(huiying: Huiying, data: Path) -> None:
    refused = huiying("purge")
    assert refused.code == 2
    assert "retention_days = { inbox = 730 }" in refused.err


@pytest.mark.parametrize(
    ("written", "said"),
    [("{ inbox = 0 }", "greater than or equal to 1"), ("{ box = 9 }", "'inbox'"), ("3", "dictionary")],
)
def test_a_wrong_retention_is_named(huiying: Huiying, data: Path, written: str, said: str) -> None:
    (data / "huiying.toml").write_text(f"retention_days = {written}\n")
    refused = huiying("purge", "--dry-run")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "huiying.toml" in refused.err
    assert said in refused.err


def test_a_backup_holds_the_files_and_only_its_owner_may_read_it(huiying: Huiying, saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        names = set(archive.namelist())
    assert {"files/huiying.toml", "files/sources.yaml", "files/receivers.yaml", "manifest.json"} <= names
    assert "files/rules/urgent.yaml" not in names
    assert saved.stat().st_mode & 0o077 == 0
    again = huiying("backup", saved)
    assert (again.code, "--force" in again.err) == (2, True)
    assert huiying("backup", saved, "--force").code == 0


def test_an_installation_comes_back_elsewhere(huiying: Huiying, saved: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    restored = huiying("restore", saved, "--data-dir", other)
    assert restored.code == 0, restored.err
    assert "已入索引 2 条" in restored.err
    assert len(huiying("search", "停水", "--data-dir", other, "--format", "jsonl").rows) == 1
    assert (other / "receivers.yaml").read_text() == "receivers: {}\n"
    assert not (other / "rules" / "urgent.yaml").exists()
    assert "故障" not in huiying("doctor", "--data-dir", other).out


def test_nothing_is_overwritten_without_force(huiying: Huiying, data: Path, saved: Path) -> None:
    refused = huiying("restore", saved)
    assert (refused.code, "--force" in refused.err) == (2, True)
    (data / "sources.yaml").write_text("sources: [] # mine\n")
    refused = huiying("restore", saved)
    assert (refused.code, "sources.yaml" in refused.err) == (2, True)
    (data / "huiying.toml").write_text('title = "别处"\n')
    forced = huiying("restore", saved, "--force")
    assert forced.code == 0
    assert "huiying.toml" in forced.err
    assert (data / "huiying.toml").read_text() == 'title = "别处"\n'
    assert "mine" not in (data / "sources.yaml").read_text()


def test_what_is_no_whole_backup_changes_nothing(huiying: Huiying, saved: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.zip"
    cut.write_bytes(saved.read_bytes()[:-100])
    newer = tmp_path / "newer.zip"
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(newer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content.replace(b'"format": 1', b'"format": 9'))
    reasons = {cut: "use another copy", newer: "upgrade huiying", tmp_path / "no.zip": "check the path"}
    for path, said in reasons.items():
        refused = huiying("restore", path, "--data-dir", tmp_path / "other")
        assert (refused.code, refused.err.count("\n")) == (2, 1)
        assert said in refused.err
    assert not (tmp_path / "other").exists()


def test_a_backup_of_sqlite_moves_to_postgresql(
    huiying: Huiying, saved: Path, tmp_path: Path, postgresql_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scratch_database(postgresql_server) as url:
        monkeypatch.setenv("HUIYING_DATABASE_URL", url)
        restored = huiying("restore", saved, "--data-dir", tmp_path / "other")
        assert restored.code == 0, restored.err
        assert not list((tmp_path / "other").glob("*.sqlite"))
        found = huiying("search", "停水", "--data-dir", tmp_path / "other", "--format", "jsonl")
        assert [row["id"] for row in found.rows] == ["town/1"]


def by_check(result: Result) -> dict[str, dict[str, str]]:
    return {row["check"]: row for row in result.rows}


def test_doctor_mends_what_it_can_and_says_so(huiying: Huiying, data: Path) -> None:
    with (
        Database.open(f"sqlite:///{data}/huiying.sqlite") as database,
        closing(open_index(data / "index", segment=words, zone=DEFAULT_ZONE)) as index,
    ):
        drain(database, index, segment=words)
        index.delete(["town/1"])
        index.refresh()
        database.runs.start(RunKind.CRAWL, "town", now=utc_now() - timedelta(days=3))
    half = data / ".huiying.toml.abc"
    half.write_text("half")
    os.utime(half, (0, 0))
    found = huiying("doctor", "--format", "jsonl")
    assert found.code == 1
    assert "index and truth: 1 posts are not in the index" in found.err
    assert {check for check, row in by_check(found).items() if row["health"] != "ok"} == {
        "index and truth",
        "runs",
        "files",
        "sources",
    }
    mended = huiying("doctor", "--fix", "--format", "jsonl")
    assert mended.code == 0
    assert {check: row["done"] for check, row in by_check(mended).items() if row["done"]} == {
        "index and truth": "1 posts indexed again",
        "runs": "1 runs marked as interrupted",
        "files": "1 half-written files removed",
    }
    assert not half.exists()
    again = huiying("doctor", "--fix", "--format", "jsonl")
    assert [row["done"] for row in again.rows if row["done"]] == []
    assert len(huiying("search", "停水", "--format", "jsonl").rows) == 1


def test_doctor_tries_again_what_was_set_aside(huiying: Huiying, data: Path) -> None:
    def set_channel(name: str) -> None:
        with sqlite3.connect(data / "huiying.sqlite") as connection:
            connection.execute("UPDATE posts SET channel = ? WHERE id = 'town/1'", [name])

    set_channel("nonsense")
    for _ in range(TRIES):
        huiying("reindex")
    found = by_check(huiying("doctor", "--format", "jsonl"))
    assert "town/1: ValueError: 'nonsense' is not a valid Channel" in found["set aside"]["detail"]
    assert found["index and truth"]["health"] == "ok"
    set_channel("hotline")
    mended = by_check(huiying("doctor", "--fix", "--format", "jsonl"))
    assert mended["set aside"]["done"] == "1 tried again, 1 posts indexed"
    assert mended["set aside"]["health"] == "ok"


def test_doctor_warns_of_texts_that_are_kept_too_long(huiying: Huiying, data: Path) -> None:
    keep_a_year(data)
    found = by_check(huiying("doctor", "--format", "jsonl"))["retention"]
    assert (found["health"], "huiying purge" in found["detail"]) == ("warning", True)
    huiying("purge")
    assert by_check(huiying("doctor", "--format", "jsonl"))["retention"]["health"] == "ok"
