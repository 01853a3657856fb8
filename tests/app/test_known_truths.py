"""The whole way, from the sample town's web site to alerts and briefing: what is known to be true comes out.

`huiying demo` runs once, in a process of its own with its crawls in theirs; every test looks at what it left.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from alerts.health import HealthState, source_health
from app.sample_town.hotline import hotline_columns
from app.sample_town.messages import town
from app.sample_town.town import Board, Planted, Town, TownMessage
from crawler.catalogue import load_catalogue
from crawler.masking import mask
from nlp.segment import words
from records.alert import Alert
from records.post import Channel, Post
from records.problem import ProblemState
from records.run import RunKind, RunState
from records.times import DEFAULT_ZONE
from storage.database import Database
from storage.indexer import drain
from storage.tantivy_index import TantivyIndex
from tests.app.leaks import leaks_in_files, leaks_in_index

TODAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=DEFAULT_ZONE)
YESTERDAY = datetime(2026, 11, 19, 8, tzinfo=DEFAULT_ZONE)
CRAWLED = ("mayor", "wangshan", "news", "notices", "bianmin")


def huiying(*arguments: str, data_dir: Path) -> str:
    """Return what the command prints. Fails with what it said where it fails."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HUIYING_")}
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments, "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr if arguments[0] == "demo" else done.stdout


@dataclass(frozen=True)
class Played:
    """The installation after the demo, and everything that its commands said."""

    folder: Path
    said: str


def play(folder: Path) -> None:
    said = huiying(
        "demo", "--no-serve", "--town-port", "0", "--now", NOON.isoformat(), data_dir=folder / "data"
    )
    said += huiying(
        "brief", "daily", "--date", "2026-11-19", "--now", NOON.isoformat(), data_dir=folder / "data"
    )
    (folder / "said.txt").write_text(said, encoding="utf-8")


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Play the demo once for all workers of a test run."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if worker else base) / "known_truths"
    with FileLock(f"{folder}.lock"):
        if not (folder / "said.txt").exists():
            folder.mkdir(exist_ok=True)
            play(folder)
    return Played(folder=folder / "data", said=(folder / "said.txt").read_text("utf-8"))


@pytest.fixture(scope="module")
def the_town() -> Town:
    return town(TODAY)


@pytest.fixture
def database(played: Played) -> Iterator[Database]:
    with Database.open(f"sqlite:///{played.folder / 'huiying.sqlite'}") as opened:
        yield opened


@pytest.fixture(scope="module")
def problems(played: Played) -> list[dict[str, Any]]:
    printed = huiying("problems", "list", "--format", "jsonl", data_dir=played.folder)
    return [json.loads(line) for line in printed.splitlines()]


def problem_of(problems: list[dict[str, Any]], posts: tuple[str, ...]) -> dict[str, Any]:
    """Return the problem that holds most of `posts`."""
    return max(problems, key=lambda problem: len(set(posts) & set(problem["post_ids"])))


def alerts_of(database: Database, rule: str) -> list[Alert]:
    return database.alerts.list(rule=rule)


def shown(the_town: Town) -> list[TownMessage]:
    return [message for message in the_town.messages if message.asked_at <= NOON]


def test_every_message_is_stored_as_the_site_shows_it(database: Database, the_town: Town) -> None:
    messages = shown(the_town)
    posts = database.posts.get_many(message.post_id for message in messages)
    assert len(posts) == len(messages) > 400
    for message in messages:
        post = posts[message.post_id]
        assert post.text == mask(message.text), message.post_id
        assert post.title == mask(message.title)
        assert abs(post.asked_at - message.asked_at) < timedelta(minutes=1)
        assert post.addressed_to == message.department
        assert post.place == message.district
        assert post.status == message.status_at(NOON)


def test_every_reply_of_the_boards_is_stored_in_order(database: Database, the_town: Town) -> None:
    for message in shown(the_town):
        if message.board is Board.HOTLINE:
            continue
        post = database.posts.get(message.post_id)
        assert post is not None
        assert [reply.text for reply in post.replies] == [mask(text) for _, text in message.replies_at(NOON)]


def test_second_crawl_brings_edited_replies_as_revisions(database: Database, the_town: Town) -> None:
    edited = [
        message
        for message in (the_town.by_id()[post] for post in the_town.truth.edited)
        if message.replies_at(YESTERDAY)[-1][1] != message.replies_at(NOON)[-1][1]
    ]
    assert len(edited) == 3
    for message in edited:
        revisions = database.posts.revisions(message.post_id)
        assert len(revisions) >= 2
        assert "更新）" not in revisions[0].replies[-1].text
        assert "更新）" in revisions[-1].replies[-1].text


def test_crawls_end_in_counted_outcomes(database: Database) -> None:
    latest = database.runs.latest(RunKind.CRAWL)
    for source in CRAWLED:
        run = latest[source]
        counts = run.counts
        assert run.state is RunState.DONE, run.error
        assert counts.fetched == counts.stored + counts.updated + counts.unchanged
    # Nothing new on the second day costs conditional requests only.
    assert latest["bianmin"].counts.stored == 0
    assert latest["mayor"].counts.unchanged > 0
    assert latest["zhenjie"].state is RunState.FAILED
    assert "500" in (latest["zhenjie"].error or "")


def test_water_cut_surges_in_its_district_alone(database: Database, the_town: Town) -> None:
    truth = the_town.truth
    alerts = alerts_of(database, "地点类别突增")
    of_district = [alert for alert in alerts if alert.labels["place"] == truth.water_cut_district]
    assert len(of_district) == 1
    alert = of_district[0]
    assert len(set(truth.water_cut) & set(alert.post_ids)) >= 12
    assert alert.value >= 12
    assert alert.expected is not None
    assert alert.expected < alert.value / 3
    assert truth.water_cut_district in alert.explanation
    others = {"临溪区", "云桥区", "鹿鸣县"}
    assert not others & {other.labels["place"] for other in alerts}


def test_water_cut_is_a_utility_cut(database: Database, the_town: Town) -> None:
    alerts = alerts_of(database, "水电气暖中断")
    assert the_town.truth.water_cut_district in {alert.labels["place"] for alert in alerts}


def test_unpaid_wages_are_overdue(database: Database, problems: list[dict[str, Any]], the_town: Town) -> None:
    wages = the_town.truth.unpaid_wages
    problem = problem_of(problems, wages)
    assert set(problem["post_ids"]) == set(wages)
    assert problem["state"] == ProblemState.OPEN
    alerts = [alert for alert in alerts_of(database, "欠薪久等") if problem["id"] in alert.problem_ids]
    assert len(alerts) == 1
    assert set(alerts[0].post_ids) & set(wages)


def test_pothole_in_eight_wordings_is_one_problem(problems: list[dict[str, Any]], the_town: Town) -> None:
    pothole = set(the_town.truth.pothole)
    problem = problem_of(problems, the_town.truth.pothole)
    assert set(problem["post_ids"]) == pothole
    assert (problem["n_posts"], problem["n_voices"]) == (8, 8)


def test_twenty_copies_are_one_voice(
    database: Database, problems: list[dict[str, Any]], the_town: Town
) -> None:
    problem = problem_of(problems, the_town.truth.copied)
    assert set(problem["post_ids"]) == set(the_town.truth.copied)
    assert (problem["n_posts"], problem["n_voices"]) == (20, 1)
    many_voices = alerts_of(database, "多人反映同一问题")
    assert problem["id"] not in {found for alert in many_voices for found in alert.problem_ids}


def test_problem_that_was_closed_is_reopened(problems: list[dict[str, Any]], the_town: Town) -> None:
    before, after = the_town.truth.reopened, the_town.truth.reopened_after
    problem = problem_of(problems, before)
    answered = next(post for post in before if the_town.by_id()[post].replies)
    assert {answered, *after} <= set(problem["post_ids"]) <= {*before, *after}
    assert problem["state"] == ProblemState.REOPENED


def test_dead_and_broken_sources_are_told_apart(played: Played, database: Database, the_town: Town) -> None:
    catalogue = load_catalogue(played.folder / "sources.yaml")
    states = {health.name: health.state for health in source_health(catalogue, database, now=NOON)}
    for source in the_town.truth.dead_sources:
        assert states[source] is HealthState.DEAD
    for source in the_town.truth.broken_sources:
        assert states[source] in (HealthState.BLIND, HealthState.NEVER)
    assert {states[source] for source in ("mayor", "wangshan", "news", "notices")} == {HealthState.OK}


def test_why_tells_the_whole_way(played: Played, database: Database) -> None:
    post = alerts_of(database, "地点类别突增")[0].post_ids[-1]
    told = huiying("why", post, "--format", "jsonl", data_dir=played.folder)
    assert len(told.splitlines()) >= 5
    assert "地点类别突增" in told


def test_briefing_tells_of_the_water_cut(played: Played) -> None:
    page = (played.folder / "briefings" / "daily-2026-11-19.html").read_text("utf-8")
    assert "望山区" in page
    assert "停水" in page
    assert (played.folder / "briefings" / "daily-2026-11-19.docx").stat().st_size > 10_000


def test_nothing_planted_is_kept_anywhere(played: Played, the_town: Town) -> None:
    details = [*the_town.truth.planted, *hotline_columns(the_town)]
    assert leaks_in_files(played.folder, details) == []
    assert not [detail for detail in details if detail.value in played.said]


def test_nothing_planted_is_found_by_searching(played: Played, the_town: Town) -> None:
    index = TantivyIndex(played.folder / "index", segment=words, zone=DEFAULT_ZONE)
    try:
        assert index.count() > 400
        assert index.count('text:"停水"') > 10
        assert leaks_in_index(index, [*the_town.truth.planted, *hotline_columns(the_town)]) == []
    finally:
        index.close()


def test_no_trace_of_who_wrote(played: Played) -> None:
    names = [Planted(kind="label", value=label, where="boards") for label in ("留言人", "来电人信息")]
    assert leaks_in_files(played.folder, names) == []


def test_the_leak_search_finds_what_is_there(tmp_path: Path, the_town: Town) -> None:
    """The tests above can fail: a post that nobody masked is found in every place where it stands."""
    message = next(message for message in the_town.messages if ("name", "欧阳文彬") in message.planted)
    planted = [detail for detail in the_town.truth.planted if detail.where == message.post_id]
    with Database.open(f"sqlite:///{tmp_path / 'huiying.sqlite'}") as database:
        database.posts.save([unmasked(message)])
        index = TantivyIndex(tmp_path / "index", segment=words, zone=DEFAULT_ZONE)
        drain(database, index, segment=words)
        found = leaks_in_files(tmp_path, planted)
        assert {place.split(" in ")[0] for place in found} == {f"{d.kind} of {d.where}" for d in planted}
        assert any("table posts" in place for place in found)
        assert any("huiying.sqlite-wal" in place for place in found)
        assert len(set(leaks_in_index(index, planted))) == len(planted) == 2
        index.close()


def unmasked(message: TownMessage) -> Post:
    return Post(
        source=message.board.value,
        channel=Channel.INBOX,
        native_id=message.native_id,
        title=message.title,
        text=message.text,
        asked_at=message.asked_at,
        fetched_at=NOON,
    )
