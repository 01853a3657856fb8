"""The roles of several processes: one schedules, the next takes over, and one machine's files stay on it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.roles import Role, check_role
from app.settings import Settings, load_settings
from console.web import check_address
from records.errors import ConfigurationError, Retryable
from records.job import JobKind, JobState
from storage import jobs_schema
from storage.database import Database
from storage.dialect import reading, writing
from storage.engines import open_engine
from storage.jobs_schema import QUEUE_HEAD, revision_of
from tests.app.conftest import Huiying
from tests.app.queues import process, settings_for, wait_until
from tests.storage.databases import scratch_database

OTHERS = [Role.SCHEDULER, Role.WORKER, Role.CONSOLE]


@pytest.fixture
def settings(postgresql_server: str, tmp_path: Path) -> Iterator[Settings]:
    with scratch_database(postgresql_server) as url:
        yield settings_for(url, tmp_path / "data")


def test_another_scheduler_takes_over_when_the_one_that_leads_is_killed(settings: Settings) -> None:
    with Database.open(settings.database_url) as database, process(settings, "scheduler") as first:
        wait_until(lambda: len(database.jobs.list(JobState.WAITING)) == 3)
        assert {job.kind for job in database.jobs.list(JobState.WAITING)} == {
            JobKind.CATCH_UP,
            JobKind.RULES,
            JobKind.DELIVER,
        }
        with pytest.raises(Retryable), database.lock("scheduler"):
            pass
        with process(settings, "scheduler") as second:
            first.send_signal(signal.SIGKILL)
            first.wait()
            with writing(database._engine) as connection:
                connection.execute(text("DELETE FROM procrastinate_jobs"))
            wait_until(lambda: len(database.jobs.list(JobState.WAITING)) == 3)
            second.terminate()
            assert second.wait(30) == 0
        with database.lock("scheduler"):
            pass


def test_who_holds_a_lock_learns_that_its_connection_broke(settings: Settings) -> None:
    def break_connection(database: Database) -> None:
        with database.lock("scheduler") as check:
            check()
            with writing(database._engine) as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                    )
                )
            check()
            pytest.fail("the lock was lost")

    with Database.open(settings.database_url) as database, pytest.raises(Retryable, match="was lost"):
        break_connection(database)


@pytest.mark.parametrize("role", OTHERS)
def test_a_role_on_sqlite_is_refused_with_the_fix(huiying: Huiying, role: Role) -> None:
    ended = huiying("up", "--role", role.value)
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert f'role "{role}": needs PostgreSQL (set database_url to postgresql+psycopg://' in ended.err


def test_a_role_with_the_embedded_index_is_refused_with_the_fix(tmp_path: Path) -> None:
    alone = Settings(data_dir=tmp_path, database_url="postgresql+psycopg://u@h/d")
    for role in OTHERS:
        with pytest.raises(ConfigurationError, match=r"set index_url to https://"):
            check_role(alone, role)
    check_role(alone, Role.ALL)
    check_role(Settings(data_dir=tmp_path), Role.ALL)
    check_role(alone.model_copy(update={"index_url": "https://h:9200/huiying"}), Role.WORKER)


def test_the_queues_head_is_the_librarys_newest_script() -> None:
    scripts = (jobs_schema._library() / "sql" / "migrations").glob("*.sql")
    assert max(revision_of(script) for script in scripts) == QUEUE_HEAD


def test_a_queue_of_an_earlier_version_is_migrated_with_its_jobs(settings: Settings) -> None:
    earlier = "03.02.00_50"
    engine = open_engine(settings.database_url)
    for script in sorted((jobs_schema._library() / "sql" / "migrations").glob("*.sql")):
        if revision_of(script) <= earlier:
            with writing(engine) as connection:
                jobs_schema._run(connection, script)
    with writing(engine) as connection:
        connection.exec_driver_sql(f"COMMENT ON TABLE procrastinate_jobs IS '{earlier}'")
        connection.exec_driver_sql(
            "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('posts', 'merge')"
        )
    with Database.open(settings.database_url) as database:
        assert [job.kind for job in database.jobs.list(JobState.WAITING)] == [JobKind.MERGE]
        assert database.jobs.defer(JobKind.INDEX)
    with reading(engine) as connection:
        assert jobs_schema.queue_is_current(connection)
    engine.dispose()


def test_a_queue_of_a_newer_version_is_refused(settings: Settings) -> None:
    Database.open(settings.database_url).close()
    engine = open_engine(settings.database_url)
    with writing(engine) as connection:
        connection.exec_driver_sql("COMMENT ON TABLE procrastinate_jobs IS '99.00.00_01'")
    engine.dispose()
    with pytest.raises(ConfigurationError, match=r'job queue "99\.00\.00_01" is newer .*upgrade huiying'):
        Database.open(settings.database_url)


def test_sqlite_has_no_queue_and_says_so(huiying: Huiying, tmp_path: Path) -> None:
    ended = huiying("jobs", "list")
    assert (ended.code, ended.out) == (0, "")
    assert "SQLite" in ended.err
    with Database.open(f"sqlite:///{tmp_path}/own.sqlite") as database:
        assert not database.jobs.queued
        assert database.jobs.list(JobState.FAILED) == list(database.jobs.long_work()) == []
        assert database.jobs.figures().workers == 0


def test_the_jobs_of_a_queue_are_listed_and_the_failed_ones_tried_again(
    settings: Settings, huiying: Huiying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUIYING_DATABASE_URL", settings.database_url)
    with Database.open(settings.database_url) as database:
        database.jobs.defer(JobKind.CRAWL, {"source": "mailbox"}, subject="mailbox")
        [job] = database.jobs.list(JobState.WAITING)
        [row] = huiying("jobs", "list", "--format", "jsonl").rows
        assert (row["kind"], row["state"], row["subject"]) == ("crawl", "waiting", "mailbox")
        refused = huiying("jobs", "retry", str(job.id))
        assert (refused.code, f"job {job.id}: has not failed" in refused.err) == (2, True)
        with writing(database._engine) as connection:
            connection.execute(text("SELECT procrastinate_fetch_job_v2(NULL, NULL)"))
            connection.execute(
                text("SELECT procrastinate_finish_job_v1(:id, 'failed', false)"), {"id": job.id}
            )
        assert huiying("jobs", "retry", str(job.id)).code == 0
        assert [one.id for one in database.jobs.list(JobState.WAITING)] == [job.id]


def test_a_secret_is_read_from_the_file_that_its_variable_names(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql+psycopg://u:秘密@h/d\n", encoding="utf-8")
    environment = {"HUIYING_DATABASE_URL_FILE": str(secret)}
    assert load_settings(tmp_path, environment=environment).database_url == "postgresql+psycopg://u:秘密@h/d"
    with pytest.raises(ConfigurationError, match="both HUIYING_DATABASE_URL and HUIYING_DATABASE_URL_FILE"):
        load_settings(tmp_path, environment={**environment, "HUIYING_DATABASE_URL": "x"})
    with pytest.raises(ConfigurationError, match=r'URL_FILE = ".*absent": No such file'):
        load_settings(tmp_path, environment={"HUIYING_DATABASE_URL_FILE": str(tmp_path / "absent")})
    with pytest.raises(ConfigurationError, match="unknown variable"):
        load_settings(tmp_path, environment={"HUIYING_DATABASE_ULR_FILE": str(secret)})


def test_other_machines_reach_the_console_only_through_a_named_proxy(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="proxied_as"):
        check_address("0.0.0.0")
    check_address("0.0.0.0", proxied_as="huiying.example.org")
    for name in ("*", "*.example.org", "a b", "https://example.org"):
        with pytest.raises(ConfigurationError, match="proxied_as"):
            load_settings(tmp_path, environment={}, proxied_as=name)
    named = load_settings(tmp_path, environment={}, proxied_as="huiying.example.org")
    assert named.console_url == "https://huiying.example.org/"
