"""One file holds it all, and either kind of database takes it; nothing is overwritten, nothing half."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from nlp.segment import words
from records.alert import DeliveryState
from records.errors import ConfigurationError
from records.page import PageState
from records.run import AuditEntry, RunKind
from records.times import Period
from storage import backup, schema
from storage.backup import read_files, read_manifest, restore
from storage.database import Database
from storage.indexer import drain
from storage.search import SearchIndex
from tests.storage.samples import NOW, alert, analysis, delivery, membership, post, problem, reply


def fill(database: Database) -> None:
    posts = [
        post(number, text=f"第{number}件：𠮷😀“断水”\\n\n停水", replies=(reply(),)) for number in range(30)
    ]
    database.posts.save(posts)
    database.posts.save([post(1, text="改", rating=3, url=None)])
    database.analyses.save([analysis(posts[0]), analysis(posts[2], reply_quality=None, topic=None)])
    database.problems.commit([membership(posts[0]), membership(posts[2])], [problem(due_at=NOW)])
    database.alerts.save([alert()])
    database.deliveries.enqueue([delivery(), delivery("k2", state=DeliveryState.SENT, sent_at=NOW)])
    database.runs.start(RunKind.CRAWL, "mailbox", now=NOW)
    database.audit.record(AuditEntry(at=NOW, actor="analyst", action="view", subject="mailbox/1"))
    database.pages.put([PageState(url="u", etag='"1"', last_modified=None, body_sha256=None)])
    database.snapshots.add("daily", Period(start=NOW, end=NOW), '{"来件":3}', now=NOW)
    database.set_value("position", {"地区": ["东湖区", None, 1.5]})
    database.set_value("nothing", None)


def rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return all that a backup keeps, in an order that both databases have."""
    with database._engine.begin() as connection:
        found = {
            table.name: sorted(
                [dict(row) for row in connection.execute(select(table)).mappings()],
                key=lambda row, table=table: [str(row[column.name]) for column in table.primary_key],  # type: ignore[misc]  # ruff's B023
            )
            for table in schema.metadata.sorted_tables
            if table not in (schema.outbox, schema.refusals)
        }
    found["kept_values"] = [row for row in found["kept_values"] if not row["name"].startswith("outbox.")]
    return found


@pytest.fixture
def saved(database: Database, tmp_path: Path) -> Path:
    fill(database)
    database.back_up(tmp_path / "backup.zip", now=NOW)
    return tmp_path / "backup.zip"


def test_either_database_takes_the_backup_of_either(
    database: Database, saved: Path, empty_database_url: str
) -> None:
    manifest = restore(saved, empty_database_url)
    with Database.open(empty_database_url) as restored:
        assert rows(restored) == rows(database)
        assert manifest.rows == sum(map(len, rows(database).values()))
        assert restored.posts.get_many(["mailbox/1"]) == database.posts.get_many(["mailbox/1"])
        assert restored.value("position") == {"地区": ["东湖区", None, 1.5]}
        # What counts up by itself goes on where it was.
        first, second = (one.runs.start(RunKind.CRAWL, "x", now=NOW) for one in (database, restored))
        assert first == second


def test_the_index_is_built_anew_whatever_it_holds(
    database: Database, saved: Path, open_index: Callable[[], SearchIndex]
) -> None:
    index = open_index()
    database.posts.save([post(99)])
    drain(database, index, segment=words)
    assert index.count() == 31
    url = database._engine.url.render_as_string(hide_password=False)
    restore(saved, url, force=True)
    with Database.open(url) as restored:
        restored.posts.save([post(number) for number in range(50, 90)])
        assert drain(restored, index, segment=words) == 70
        assert index.count() == 70
        assert drain(restored, index, segment=words) == 0
        restored.posts.save([post(90)])
        assert drain(restored, index, segment=words) == 1


def test_a_database_that_holds_something_is_not_overwritten(database: Database, saved: Path) -> None:
    before = rows(database)
    url = database._engine.url.render_as_string(hide_password=False)
    with pytest.raises(ConfigurationError, match="--force"):
        restore(saved, url)
    assert rows(database) == before
    database.posts.save([post(99)])
    restore(saved, url, force=True)
    assert rows(database) == before


def test_what_is_not_whole_leaves_the_database_as_it_was(
    database: Database, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(database)
    url = database._engine.url.render_as_string(hide_password=False)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(backup, "BATCH", 7)
    with pytest.raises(KeyboardInterrupt):
        restore(saved, url, force=True, progress=stop)
    assert rows(database) == before


def rewrite(path: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    with zipfile.ZipFile(path) as archive:
        contents = {entry: archive.read(entry) for entry in archive.namelist()}
    contents[name] = change(contents[name])
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in contents.items():
            archive.writestr(entry, content)


def in_manifest(**changes: Any) -> Callable[[bytes], bytes]:
    return lambda content: json.dumps({**json.loads(content), **changes}).encode()


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (
            "posts.jsonl",
            lambda content: content.replace(b"1", b"2"),
            r"posts\.jsonl does not match its checksum",
        ),
        ("manifest.json", in_manifest(format=2), "format 2 is newer .*upgrade huiying"),
        ("manifest.json", in_manifest(schema_revision="9999"), 'schema "9999" is newer .*upgrade huiying'),
        ("manifest.json", in_manifest(surprise=1), "not a backup of huiying"),
        ("manifest.json", lambda _: b"[]", "not a backup of huiying"),
        ("manifest.json", lambda _: b"{", "not a backup of huiying"),
    ],
)
def test_a_damaged_or_newer_backup_is_refused(
    tmp_path: Path, name: str, change: Callable[[bytes], bytes], said: str
) -> None:
    url = f"sqlite:///{tmp_path}/truth.sqlite"
    path = tmp_path / "backup.zip"
    with Database.open(url) as database:
        database.posts.save([post(1)])
        database.back_up(path, now=NOW)
        rewrite(path, name, change)
        with pytest.raises(ConfigurationError, match=said) as raised:
            restore(path, url, force=True)
        assert "\n" not in str(raised.value)
        assert database.posts.count() == 1


def test_a_file_that_is_no_backup_or_cut_off_is_refused(saved: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.zip"
    cut.write_bytes(saved.read_bytes()[:-200])
    text = tmp_path / "notes.zip"
    text.write_text("会议记录")
    for path in (cut, text, tmp_path / "missing.zip"):
        with pytest.raises(ConfigurationError, match=f'backup "{path}"'):
            read_manifest(path)


# What the schema 0001 had not yet.
LATER_TABLES = (
    *("saved_searches", "problem_decisions", "reply_uses", "labels", "notices", "silences"),
    *("rule_versions", "rule_trials"),
)


LATER_COLUMNS = {
    "analyses": {"subtopic", "own_topics"},
    "posts": {"purged_at"},
    "alerts": {"raised_at", "raised_value", "assigned_to", "verdict", "settled_at"},
    "deliveries": {"attempted_at"},
    "pages": {"refusal"},
}


def test_a_backup_of_an_earlier_schema_is_migrated(saved: Path, empty_database_url: str) -> None:
    for table, later in LATER_COLUMNS.items():
        rewrite(saved, f"{table}.jsonl", partial(without, later))
    with zipfile.ZipFile(saved) as archive:
        entries = json.loads(archive.read("manifest.json"))["entries"]
        for table in LATER_TABLES:
            del entries[f"{table}.jsonl"]
        for table in LATER_COLUMNS:
            entries[f"{table}.jsonl"]["sha256"] = backup._sha256(archive, f"{table}.jsonl")
    rewrite(saved, "manifest.json", in_manifest(schema_revision="0001", entries=entries))
    restore(saved, empty_database_url)
    with Database.open(empty_database_url) as restored:
        assert restored.posts.count() == 30


def without(columns: set[str], content: bytes) -> bytes:
    rows = map(json.loads, content.splitlines())
    return b"\n".join(
        json.dumps({name: value for name, value in row.items() if name not in columns}).encode()
        for row in rows
    )


def test_it_holds_one_moment_while_others_write(database: Database, tmp_path: Path) -> None:
    """A post is never without its replies, nor an analysis without its post, whatever is saved meanwhile."""
    stop = threading.Event()

    def save() -> None:
        number = 0
        while not stop.is_set():
            one = post(number, replies=(reply(),))
            database.posts.save([one])
            database.analyses.save([analysis(one)])
            number += 1

    writer = threading.Thread(target=save)
    writer.start()
    made = [database.back_up(tmp_path / f"{number}.zip", now=NOW) for number in range(5)]
    stop.set()
    writer.join()
    for manifest in made:
        posts, replies = (manifest.entries[f"{name}.jsonl"].rows for name in ("posts", "replies"))
        assert posts == replies
        assert manifest.entries["analyses.jsonl"].rows in (posts, posts - 1)


def test_only_its_owner_reads_it_and_nothing_half_is_left(database: Database, tmp_path: Path) -> None:
    fill(database)
    folder = tmp_path / "backups"
    folder.mkdir()
    database.back_up(folder / "a.zip", now=NOW)
    assert (folder / "a.zip").stat().st_mode & 0o777 == 0o600

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.back_up(folder / "a.zip", now=NOW, progress=stop)
    assert [path.name for path in folder.iterdir()] == ["a.zip"]
    assert read_manifest(folder / "a.zip").made_at == NOW
    with pytest.raises(ConfigurationError, match="name another folder"):
        database.back_up(tmp_path / "nowhere" / "a.zip", now=NOW)


def test_files_of_the_installation_travel_with_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "rules").mkdir(parents=True)
    (home / "huiying.toml").write_text("title = '一'")
    (home / "rules" / "a.yaml").write_text("name: 停水")
    path = tmp_path / "backup.zip"
    files = {name: home / name for name in ("huiying.toml", "rules/a.yaml")}
    with Database.open(f"sqlite:///{tmp_path}/truth.sqlite") as database:
        database.back_up(path, now=NOW, files=files)
    assert {str(place): content.decode() for place, content in read_files(path).items()} == {
        "huiying.toml": "title = '一'",
        "rules/a.yaml": "name: 停水",
    }


def test_a_file_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    with Database.open(f"sqlite:///{tmp_path}/truth.sqlite") as database:
        database.back_up(tmp_path / "b.zip", now=NOW, files={"aa/bb/out": tmp_path / "a"})
    entries = json.loads(zipfile.ZipFile(tmp_path / "b.zip").read("manifest.json"))["entries"]
    entries["files/../../out"] = entries.pop("files/aa/bb/out")
    rewrite(tmp_path / "b.zip", "manifest.json", in_manifest(entries=entries))
    with pytest.raises(ConfigurationError, match="leads out of"):
        read_files(tmp_path / "b.zip")


def test_texts_whose_retention_ended_are_not_in_the_next_backup(database: Database, tmp_path: Path) -> None:
    database.posts.save([post(1)])
    database.purge(post(1).channel, before=NOW, now=NOW)
    database.back_up(tmp_path / "a.zip", now=NOW)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert "停水" not in "".join(archive.read(name).decode() for name in archive.namelist())
