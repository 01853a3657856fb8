"""The job queue on a real PostgreSQL: nothing is lost, done twice, or in the way of anything else."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.doctor import Health, examine
from app.jobs import handlers
from app.pipeline import Pipeline
from app.service import console_services
from app.settings import Settings
from app.wiring import Parts, open_parts
from console.web import create_app
from nlp.analyser import Analyser
from records.analysis import Analysis
from records.errors import ConfigurationError, Retryable
from records.job import JobKind, JobState, LongWork
from records.post import Post
from storage import job_worker
from storage.database import Database
from storage.dialect import writing
from storage.jobs import MAX_ATTEMPTS, JobStopped, Stopped, wake
from tests.app.queues import idle, process, settings_for, wait_until, working
from tests.storage.databases import scratch_database
from tests.storage.samples import NOW, analysis, post

AT_ONCE = timedelta(seconds=0)


@pytest.fixture(scope="module")
def template(postgresql_server: str) -> Iterator[str]:
    with scratch_database(postgresql_server) as url:
        Database.open(url).close()
        yield url


@pytest.fixture
def settings(postgresql_server: str, template: str, tmp_path: Path) -> Iterator[Settings]:
    with scratch_database(postgresql_server, template=template) as url:
        yield settings_for(url, tmp_path / "data")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    with Database.open(settings.database_url) as opened:
        yield opened


@pytest.fixture
def parts(settings: Settings) -> Iterator[Parts]:
    with open_parts(settings.model_copy(update={"index_url": ""})) as opened:
        yield opened


def kinds(database: Database, state: JobState) -> list[str]:
    return [job.kind.value for job in database.jobs.list(state)]


def test_posts_and_the_job_of_analysing_them_are_one_transaction(database: Database) -> None:
    with pytest.raises(Exception, match=r"NUL|0x00"):
        database.posts.save([post(1), post(2, text="有\x00字符")])
    assert (database.posts.count(), database.jobs.figures().posts_waiting) == (0, 0)
    database.posts.save([post(1), post(2)])
    assert (database.posts.count(), database.jobs.figures().posts_waiting) == (2, 2)
    database.posts.save([post(1, votes_up=9), post(2, text="改过")])
    assert [job.subject for job in database.jobs.list(JobState.WAITING)] == ["2", "1"]


def test_a_worker_brings_what_was_stored_all_the_way_into_the_index(parts: Parts) -> None:
    parts.database.posts.save([post(number) for number in range(300)])
    with working(parts.database.jobs, handlers(parts)):
        wait_until(lambda: idle(parts.database) and parts.index.count() == 300)
    assert parts.database.problems.membership_count() == 300
    assert parts.index.count("problem:*") == 300
    assert parts.database.jobs.list(JobState.FAILED) == []


def test_a_job_that_fails_stays_with_its_reason_and_holds_up_nobody(database: Database) -> None:
    done: list[str] = []

    def analyse(arguments: Mapping[str, Any], _: Stopped) -> None:
        if "mailbox/1" in arguments["post_ids"]:
            raise ValueError("no such matrix")
        done.extend(arguments["post_ids"])

    for number in range(3):
        database.posts.save([post(number)])
    with working(database.jobs, {JobKind.ANALYSE: analyse}):
        wait_until(lambda: idle(database))
        [failed] = database.jobs.list(JobState.FAILED)
        assert (failed.error, failed.attempts) == ("ValueError: no such matrix", 1)
        assert sorted(done) == ["mailbox/0", "mailbox/2"]
        assert not database.jobs.retry(failed.id + 100)
        assert database.jobs.retry(failed.id)
        wait_until(lambda: [job.attempts for job in database.jobs.list(JobState.FAILED)] == [3])
    assert database.jobs.delete(failed.id)
    assert database.jobs.list(JobState.FAILED) == []


def test_a_failed_job_is_shown_to_people_and_to_the_doctor(parts: Parts) -> None:
    def analyse(arguments: Mapping[str, Any], _: Stopped) -> None:
        raise ValueError("no such matrix")

    parts.database.posts.save([post(1)])
    with working(parts.database.jobs, {JobKind.ANALYSE: analyse}):
        wait_until(lambda: kinds(parts.database, JobState.FAILED) == ["analyse"])
    page = (
        TestClient(create_app(console_services(parts)), base_url="http://127.0.0.1:8731").get("/health").text
    )
    assert "ValueError: no such matrix" in page
    [found] = [finding for finding in examine(parts) if finding.check == "jobs"]
    assert found.health is not Health.OK
    assert "1 failed" in found.detail


def test_a_text_that_the_models_stumble_over_fails_alone(parts: Parts) -> None:
    analyser = Analyser.load()

    class Stumbling:
        model_version = analyser.model_version

        def analyse(self, posts: Sequence[Post]) -> list[Analysis]:
            if any("绊脚石" in one.text for one in posts):
                raise ZeroDivisionError("division by zero")
            return analyser.analyse(posts)

    parts.__dict__["pipeline"] = Pipeline(
        database=parts.database, index=parts.index, analyser=Stumbling(), due_at=parts.due_dates
    )
    parts.database.posts.save([post(number, text="绊脚石" if number == 5 else "停水") for number in range(9)])
    with working(parts.database.jobs, handlers(parts)):
        wait_until(lambda: idle(parts.database) and parts.index.count() == 9)
    assert [job.subject for job in parts.database.jobs.list(JobState.FAILED)] == ["1"]
    assert set(parts.database.analyses.get_many(post(n).id for n in range(9))) == {
        post(n).id for n in range(9) if n != 5
    }
    assert parts.database.jobs.queue_unread(analyser.model_version, now=NOW) == 0, "it was given up"


def test_what_may_pass_is_tried_again_after_a_pause(database: Database) -> None:
    def analyse(_: Mapping[str, Any], __: Stopped) -> None:
        raise Retryable("disk is full (make room)")

    database.posts.save([post(1)])
    with working(database.jobs, {JobKind.ANALYSE: analyse}):
        wait_until(lambda: [job.attempts for job in database.jobs.list(JobState.WAITING)] == [1])
    [waiting] = database.jobs.list(JobState.WAITING)
    assert waiting.error == "disk is full (make room)"
    assert waiting.due_at is not None
    assert waiting.due_at > waiting.changed_at + timedelta(seconds=2)


@pytest.mark.parametrize("kind", [JobKind.INDEX, JobKind.REINDEX])
def test_a_job_that_looks_for_its_work_waits_as_long_as_a_server_is_away(
    kind: JobKind, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_worker, "LOOK_AGAIN_AFTER", timedelta(milliseconds=100))
    monkeypatch.setattr(job_worker, "LOOK_EVERY_S", 0.1)
    away, tries = threading.Event(), Counter[JobKind]()
    away.set()

    def feed(_: Mapping[str, Any], __: Stopped) -> None:
        tries[kind] += 1
        if away.is_set():
            raise Retryable("search engine: does not answer")

    def shown() -> list[str | None]:
        return [job.error for job in database.jobs.list(JobState.WAITING)]

    with working(database.jobs, {kind: feed}):
        assert database.jobs.defer(kind)
        wait_until(lambda: tries[kind] > MAX_ATTEMPTS)
        wait_until(lambda: shown() == ["search engine: does not answer"])
        assert database.jobs.list(JobState.FAILED) == []
        away.clear()
        wait_until(lambda: idle(database))
    assert database.jobs.list(JobState.FAILED) == []


def test_nobody_is_called_to_help_with_an_index_that_is_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.jobs.BATCH", 1)
    with open_parts(settings) as parts:
        parts.database.posts.save([post(number) for number in range(3)])
        feed = handlers(parts)[JobKind.INDEX]
        with working(parts.database.jobs, {JobKind.INDEX: feed}):
            assert parts.database.jobs.defer(JobKind.INDEX)
            wait_until(
                lambda: (
                    [
                        "no answer" in (job.error or "")
                        for job in parts.database.jobs.list(JobState.WAITING)
                        if job.kind is JobKind.INDEX
                    ]
                    == [True]
                )
            )


def test_of_a_job_that_looks_for_its_work_one_fault_shows_until_it_succeeds(database: Database) -> None:
    wrong = threading.Event()
    wrong.set()

    def feed(_: Mapping[str, Any], __: Stopped) -> None:
        if wrong.is_set():
            raise ConfigurationError("search engine: password is not accepted")

    with working(database.jobs, {JobKind.INDEX: feed}):
        for _ in range(3):
            assert database.jobs.defer(JobKind.INDEX)
            wait_until(lambda: idle(database))
        assert [job.error for job in database.jobs.list(JobState.FAILED)] == [
            "search engine: password is not accepted"
        ]
        wrong.clear()
        database.jobs.defer(JobKind.INDEX)
        wait_until(lambda: idle(database))
    assert database.jobs.list(JobState.FAILED) == []


def test_a_job_that_waits_is_not_queued_again_nor_taken_before_its_reason_is_there(
    database: Database,
) -> None:
    assert database.jobs.defer(JobKind.MERGE)
    assert not database.jobs.defer(JobKind.MERGE)
    take = text("SELECT id FROM procrastinate_fetch_job_v2(ARRAY['posts']::varchar[], NULL)")
    with writing(database._engine) as writer:
        wake(writer, JobKind.MERGE)  # relies on the one that waits
        with writing(database._engine) as worker:
            assert worker.scalar(take) is None
    with writing(database._engine) as worker:
        assert worker.scalar(take) is not None
    assert database.jobs.defer(JobKind.MERGE), "one runs, another may wait"


def test_crawls_of_one_host_never_overlap_on_any_number_of_workers(database: Database) -> None:
    running: Counter[str] = Counter()
    seen: list[tuple[str, int]] = []
    together = threading.Barrier(2)

    def crawl(arguments: Mapping[str, Any], _: Stopped) -> None:
        host = arguments["source"][0]
        running[host] += 1
        seen.append((host, running[host]))
        if host != "a":
            together.wait(30)  # two hosts are crawled at the same time
        running[host] -= 1

    for source in ("a1", "a2", "a3", "b1", "c1"):
        database.jobs.defer(JobKind.CRAWL, {"source": source}, subject=source, lock=f"crawl of {source[0]}")
    with working(database.jobs, {JobKind.CRAWL: crawl}), working(database.jobs, {JobKind.CRAWL: crawl}):
        wait_until(lambda: idle(database))
    assert sorted(seen) == [("a", 1), ("a", 1), ("a", 1), ("b", 1), ("c", 1)]


def test_no_post_is_analysed_twice_by_several_workers(parts: Parts) -> None:
    analysed: Counter[str] = Counter()
    for start in range(0, 600, 50):
        parts.database.posts.save([post(number) for number in range(start, start + 50)])
    with ExitStack() as stack:
        for _ in range(3):
            mine = stack.enter_context(open_parts(parts.settings))
            save = mine.database.analyses.save
            mine.database.analyses.save = (  # type: ignore[method-assign]  # counts what is saved
                lambda found, save=save: (analysed.update(one.post_id for one in found), save(found))[1]
            )
            stack.enter_context(working(mine.database.jobs, handlers(mine)))
        wait_until(lambda: idle(parts.database) and parts.index.count() == 600)
    assert len(analysed) == 600
    assert set(analysed.values()) == {1}
    assert parts.database.problems.membership_count() == 600


def test_after_a_change_of_the_model_everything_is_read_again_behind_what_is_new(database: Database) -> None:
    database.posts.save([post(number) for number in range(2500)])
    database.analyses.save([analysis(post(number)) for number in range(2500)])
    with writing(database._engine) as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    assert database.jobs.queue_unread("m1", now=NOW) == 0
    assert database.jobs.queue_unread("m2", now=NOW) == 2500
    assert database.jobs.queue_unread("m2", now=NOW) == 0, "they are queued already"
    database.posts.save([post(9000)])
    assert [job.subject for job in database.jobs.list(JobState.WAITING)] == ["1", "1000", "1000", "500"]
    ids = [post(number).id for number in range(2500)]
    assert len(database.posts.still_awaiting_analysis(ids, "m2")) == 2500
    done: list[int] = []

    def analyse(arguments: Mapping[str, Any], _: Stopped) -> None:
        done.append(len(arguments["post_ids"]))
        if done == [1, 1000]:
            raise Retryable("stopped for this test")

    assert database.jobs.long_work() == [LongWork(kind=JobKind.ANALYSE, done=0, total=2500, started_at=NOW)]
    with working(database.jobs, {JobKind.ANALYSE: analyse}):
        wait_until(lambda: len(database.jobs.list(JobState.WAITING)) == 1 and sum(done) == 2501)
    [work] = database.jobs.long_work()
    assert (work.done, work.total) == (1500, 2500)


def test_a_worker_with_an_older_model_does_not_undo_the_work_of_the_newer(database: Database) -> None:
    database.posts.save([post(1)])
    database.analyses.save([analysis(post(1), model_version="new")])
    with writing(database._engine) as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    assert database.jobs.queue_unread("old", now=NOW) == 1
    with writing(database._engine) as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    assert database.jobs.queue_unread("new", now=NOW) == 0
    assert database.jobs.queue_unread("old", now=NOW) == 0
    database.jobs.choose_model("old")  # a person went back to it
    assert database.jobs.queue_unread("new", now=NOW) == 0
    assert database.jobs.queue_unread("old", now=NOW) == 1


def test_a_rebuild_of_the_index_is_split_and_says_how_far_it_is(parts: Parts) -> None:
    parts.database.posts.save([post(number) for number in range(30)])
    parts.pipeline.run()
    parts.database.jobs.defer(JobKind.REINDEX)
    everything = handlers(parts)
    with working(parts.database.jobs, {JobKind.REINDEX: everything[JobKind.REINDEX]}):
        wait_until(lambda: "reindex" not in kinds(parts.database, JobState.WAITING))
        wait_until(lambda: bool(parts.database.jobs.long_work()))
    [work] = parts.database.jobs.long_work()
    assert (work.kind, work.done, work.total) == (JobKind.REINDEX, 0, 30)
    with working(parts.database.jobs, everything):
        wait_until(lambda: idle(parts.database) and not parts.database.jobs.long_work())
    assert parts.index.count() == 30


def test_the_jobs_of_a_worker_killed_at_work_are_taken_over(settings: Settings, database: Database) -> None:
    posts = [post(number) for number in range(1500)]
    database.posts.save(posts)
    with process(settings, "worker") as worker:
        wait_until(lambda: "analyse" in kinds(database, JobState.RUNNING))
        worker.kill()
        worker.wait()
    assert database.jobs.figures().posts_waiting == 1500
    assert database.jobs.take_over() == 0, "not before it has been silent for long"
    assert database.jobs.take_over(dead_after=AT_ONCE) >= 1
    assert kinds(database, JobState.RUNNING) == []
    with process(settings, "worker") as worker:
        wait_until(lambda: database.problems.membership_count() == 1500)
        worker.terminate()
        assert worker.wait(30) == 0
    assert kinds(database, JobState.RUNNING) == [], "it put back what it had not done"
    assert len(database.analyses.get_many(one.id for one in posts)) == 1500


def test_a_job_of_which_workers_die_again_and_again_is_given_up(database: Database) -> None:
    database.posts.save([post(1)])
    take = text("SELECT id FROM procrastinate_fetch_job_v2(NULL, NULL)")
    for _ in range(MAX_ATTEMPTS):
        with writing(database._engine) as connection:
            assert connection.scalar(take) is not None
        assert database.jobs.take_over() == 1
    [failed] = database.jobs.list(JobState.FAILED)
    assert failed.error == "its worker died"


def test_a_worker_that_is_told_to_stop_puts_back_what_it_breaks_off(parts: Parts) -> None:
    started = threading.Event()

    def merge(_: Mapping[str, Any], stopped: Stopped) -> None:
        started.set()
        wait_until(stopped)
        raise JobStopped("stopped")

    parts.database.jobs.defer(JobKind.MERGE)
    with working(parts.database.jobs, {JobKind.MERGE: merge}):
        assert started.wait(30)
    assert kinds(parts.database, JobState.WAITING) == ["merge"]
