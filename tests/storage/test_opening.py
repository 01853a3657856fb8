"""Opening a database: made, reopened, or refused in one line that says what to do."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from records.errors import ConfigurationError, Retryable
from storage import engines
from storage.database import Database
from tests.storage.samples import post


def test_what_was_saved_is_there_after_reopening(database_url: str) -> None:
    with Database.open(database_url) as database:
        database.posts.save([post()])
    with Database.open(database_url) as database:
        assert database.posts.get("mailbox/1") == post()


def test_sqlite_survives_power_failure_and_checks_its_references(tmp_path: Path) -> None:
    engine = engines.open_engine(f"sqlite:///{tmp_path}/a.sqlite")
    with engine.begin() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    engine.dispose()
    assert found == ["wal", 2, 1, engines.BUSY_TIMEOUT_MS]


def test_many_may_make_the_same_database_at_once(empty_database_url: str) -> None:
    def make(number: int) -> int:
        with Database.open(empty_database_url) as database:
            database.posts.save([post(number)])
            return database.posts.count()

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(make, range(8)))
    assert max(counts) == 8


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("truth.sqlite", "not a URL"),
        ("sqlite://", "names no file"),
        ("sqlite:////no/such/folder/truth.sqlite", "the folder /no/such/folder does not exist"),
        ("sqlite:////proc/truth.sqlite", "make the folder writable"),
        ("oracel://localhost/truth", "unknown kind of database"),
        ("mysql://localhost/truth", "unknown kind of database"),
        ("postgresql+psycopg9://localhost/truth", "unknown kind of database"),
        ("postgresql+pg8000://localhost/truth", "driver pg8000 is not installed"),
    ],
)
def test_a_url_that_cannot_serve_is_refused(url: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as raised:
        Database.open(url)
    assert "\n" not in str(raised.value)


def test_a_password_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as raised:
        Database.open("oracel://huiying:geheim@localhost/truth")
    assert "geheim" not in str(raised.value)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    path.write_text("会议记录" * 1000)
    with pytest.raises(ConfigurationError, match="not a database"):
        Database.open(f"sqlite:///{path}")
    assert path.read_text() == "会议记录" * 1000


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE invoices (id INTEGER)")
    connection.close()
    with pytest.raises(ConfigurationError, match="invoices"):
        Database.open(f"sqlite:///{path}")


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "truth.sqlite"
    Database.open(f"sqlite:///{path}").close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(ConfigurationError, match=r'schema "9999" is newer .*upgrade'):
        Database.open(f"sqlite:///{path}")


def test_a_held_database_says_try_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_MS", 50)
    path = tmp_path / "truth.sqlite"
    with Database.open(f"sqlite:///{path}") as database:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Retryable, match="try again"):
            database.posts.save([post()])
        holder.execute("ROLLBACK")
        holder.close()
        database.posts.save([post()])
        assert database.posts.count() == 1


def test_values_are_kept_by_name(database: Database) -> None:
    assert database.value("position") is None
    database.set_value("position", {"page": 3, "地区": ["东湖区"]})
    database.set_value("position", {"page": 4, "地区": ["东湖区"]})
    assert database.value("position") == {"page": 4, "地区": ["东湖区"]}
