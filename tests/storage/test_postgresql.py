"""What only a server does: it is away, refuses, restarts, and has many writers at once."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import make_url, select

from records.errors import ConfigurationError, Retryable
from records.post import Post
from storage import engines, schema
from storage.database import Database
from storage.dialect import reading, writing
from storage.outbox import enqueue
from storage.post_rows import read_posts
from tests.servers import ServerError, free_port, postgresql
from tests.storage.databases import scratch_database, sql
from tests.storage.samples import post

EVERYTHING = select(schema.posts)


@pytest.fixture
def url(postgresql_server: str, postgresql_template: str) -> Iterator[str]:
    with scratch_database(postgresql_server, template=postgresql_template) as made:
        yield made


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with Database.open(url) as opened:
        yield opened


def test_a_server_that_is_away_is_retryable(url: str) -> None:
    away = make_url(url).set(port=free_port())
    with pytest.raises(Retryable, match=r"refused.*see that the server runs") as raised:
        Database.open(away.render_as_string())
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"database": "nowhere"}, "createdb"),
        ({"username": "nobody"}, "check the user"),
        ({"host": "nohost.invalid"}, "check the host"),
    ],
)
def test_what_a_person_must_mend_is_said_with_the_fix(url: str, changes: dict[str, str], said: str) -> None:
    wrong = make_url(url).set(password="geheim", **changes)  # type: ignore[arg-type]  # a dict of strings
    with pytest.raises(ConfigurationError, match=said) as raised:
        Database.open(wrong.render_as_string(hide_password=False))
    assert "\n" not in str(raised.value)
    assert "geheim" not in str(raised.value)


def test_a_database_of_another_encoding_is_refused(postgresql_server: str) -> None:
    sql(postgresql_server, "CREATE DATABASE huiying_latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(ConfigurationError, match="LATIN1, not UTF8"):
            Database.open(make_url(postgresql_server).set(database="huiying_latin").render_as_string())
    finally:
        sql(postgresql_server, "DROP DATABASE huiying_latin")


def test_a_read_only_database_is_refused(postgresql_server: str, url: str) -> None:
    sql(postgresql_server, f"ALTER DATABASE {make_url(url).database} SET default_transaction_read_only = on")
    with pytest.raises(ConfigurationError, match="read-only"):
        Database.open(url)


def test_connections_that_the_server_cut_are_replaced(postgresql_server: str, database: Database) -> None:
    database.posts.save([post(1)])
    name = database._engine.url.database
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    sql(postgresql_server, cut)
    assert database.posts.count() == 1

    def write() -> None:
        with writing(database._engine) as connection:
            enqueue(connection, ["mailbox/7"])
            sql(postgresql_server, cut)
            enqueue(connection, ["mailbox/8"])

    with pytest.raises(Retryable, match="see that the server runs"):
        write()
    assert database.outbox.lag() == 1
    database.posts.save([post(2)])
    assert database.posts.count() == 2


def test_a_row_that_is_held_too_long_is_retryable(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_MS", 100)
    with Database.open(url) as database:
        database.posts.save([post(1)])
        with writing(database._engine) as connection:
            connection.exec_driver_sql("UPDATE posts SET votes_up = 0")
            with pytest.raises(Retryable, match="lock timeout"):
                database.posts.save([post(1, votes_up=9)])
        database.posts.save([post(1, votes_up=9)])


def test_no_row_of_the_outbox_appears_below_one_that_is_done(database: Database) -> None:
    """The slow writer takes the first number and commits last: the other waits, nothing is passed over."""
    took_number, seen = threading.Event(), threading.Event()

    def slow() -> None:
        with writing(database._engine) as connection:
            enqueue(connection, ["mailbox/1"])
            took_number.set()
            seen.wait(0.5)

    writer = threading.Thread(target=slow)
    writer.start()
    took_number.wait()
    other = threading.Thread(target=database.posts.save, args=([post(2)],))
    other.start()
    other.join(0.2)
    assert other.is_alive()
    assert database.outbox.take(9) == []
    seen.set()
    writer.join()
    other.join()
    assert [item.post_id for item in database.outbox.take(9)] == ["mailbox/1", "mailbox/2"]


def test_a_reader_sees_one_moment(database: Database) -> None:
    database.posts.save([post(1)])
    with reading(database._engine) as connection:
        before = read_posts(connection, EVERYTHING)
        database.posts.save([post(1, text="改")])
        assert read_posts(connection, EVERYTHING) == before


@pytest.fixture
def own_server() -> Iterator[str]:
    """A server that this test may break; those of the other tests go on."""
    with tempfile.TemporaryDirectory(prefix="huiying-breaking-") as folder:
        Path(folder).chmod(0o755)
        try:
            with postgresql(Path(folder)) as url:
                yield url
        except ServerError as err:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(err))


def save_stubbornly(database: Database, part: list[list[Post]]) -> int:
    """Save as a crawl does that tries again, and return how often it had to."""
    again = 0
    while part:
        try:
            database.posts.save(part[0])
            del part[0]
        except Retryable:
            again += 1
            time.sleep(0.05)
    return again


def test_a_server_that_crashes_under_load_loses_and_doubles_nothing(own_server: str) -> None:
    """A session killed with -9 makes the server throw all of them out and recover from its log."""
    batches = [[post(number) for number in range(start, start + 20)] for start in range(0, 1_200, 20)]

    with Database.open(own_server) as database, ThreadPoolExecutor(3) as pool:
        # Each batch is saved by two: what one of them could not finish, the other may have.
        savers = [
            pool.submit(save_stubbornly, database, part)
            for part in (batches[:30], batches[30:], batches[::-1])
        ]
        for _ in range(3):
            time.sleep(0.2)
            with suppress(Retryable), database.posts._engine.begin() as connection:
                os.kill(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one(), signal.SIGKILL)
        retried = [saver.result(60) for saver in savers]
        assert sum(retried) > 0
        ids = [one.id for one in database.posts.stream()]
        queued = [row.post_id for row in database.outbox.take(9_999)]
        assert sorted(ids) == sorted(queued) == sorted({one.id for batch in batches for one in batch})
