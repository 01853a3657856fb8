"""A person splits and merges problems; the machine never undoes it, and every count follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.pipeline import Pipeline
from app.why import trace
from console.regrouping import Regrouping
from nlp.analyser import Analyser
from nlp.segment import words
from records.errors import Rejected
from records.post import Channel, Post
from records.problem import Decision, DecisionKind, Problem
from records.times import DEFAULT_ZONE
from storage.database import Database
from storage.tantivy_index import TantivyIndex

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
NOW = datetime(2026, 3, 20, 8, tzinfo=UTC)
HOLES = (
    ("槐荫路路面有大坑", "槐荫路靠近柳泉小学的路面塌了一个大坑，电动车经过很危险，请尽快修补。"),
    ("请修补槐荫路破损路面", "槐荫路柳泉小学门口路面破损严重，车辆颠簸，请市政部门维修。"),
    ("槐荫路骑车摔伤，路面有坑", "昨晚骑电动车经过槐荫路，掉进路面的坑里摔伤了，请把坑填好。"),
)
NOISE = (
    ("翠竹新城附近建搅拌站噪音扰民", "翠竹新城小区旁边新建了搅拌站，机器昼夜轰鸣，灰尘满天飞，请处理。"),
    ("翠竹新城旁边太吵，灰尘太大", "我是翠竹新城的业主，边上工厂的设备轰鸣，噪声刺耳，睡不着，不敢开窗。"),
)


def due_at(post: Post, _: object) -> datetime:
    return post.asked_at + timedelta(days=15)


def post(number: int, title: str, text: str, **changes: object) -> Post:
    at = START + timedelta(hours=7 * number)
    values = {"source": "board", "channel": Channel.INBOX, "native_id": f"{number:03}", "place": "江北区"}
    return Post(**{**values, "title": title, "text": text, "asked_at": at, "fetched_at": at, **changes})


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser.load()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path}/truth.sqlite") as opened:
        yield opened


OpenPipeline = Callable[[], Pipeline]


@pytest.fixture
def open_pipeline(database: Database, analyser: Analyser, tmp_path: Path) -> Iterator[OpenPipeline]:
    """What gives a further process, as far as merging goes."""
    index = TantivyIndex(tmp_path / "index", segment=words, zone=DEFAULT_ZONE)
    yield lambda: Pipeline(database=database, index=index, analyser=analyser, due_at=due_at)
    index.close()


@pytest.fixture
def pipeline(open_pipeline: OpenPipeline, database: Database) -> Pipeline:
    """One that has merged three holes and two noises."""
    found = open_pipeline()
    database.posts.save([post(n, *words) for n, words in enumerate([*HOLES, *NOISE])])
    found.run()
    return found


@pytest.fixture
def regrouping(database: Database) -> Regrouping:
    return Regrouping(database=database, due_at=due_at)


def grouped(database: Database) -> dict[str, list[str]]:
    """Return problem id → the native ids of its reports, and prove that its counts agree."""
    found = {one.id: [m.post_id[-3:] for m in database.problems.members(one.id)] for one in all_of(database)}
    assert {one.id: one.n_posts for one in all_of(database)} == {key: len(ids) for key, ids in found.items()}
    return found


def all_of(database: Database) -> Sequence[Problem]:
    return database.problems.list(order="age")


def ids(*numbers: int) -> list[str]:
    return [f"board/{number:03}" for number in numbers]


def test_what_is_split_off_is_a_problem_of_its_own(
    pipeline: Pipeline, regrouping: Regrouping, database: Database
) -> None:
    holes, noises = (one.id for one in all_of(database))
    decision = regrouping.split(ids(2), now=NOW)
    assert grouped(database) == {holes: ["000", "001"], decision.other_id: ["002"], noises: ["003", "004"]}
    split = database.problems.get(decision.other_id)
    assert split is not None
    assert (split.title, split.n_voices, split.first_seen) == (HOLES[2][0], 1, START + timedelta(hours=14))
    assert [item.post_id for item in database.outbox.take(9)] == ids(0, 1, 2)


def test_the_report_that_opened_a_problem_is_split_off_and_the_id_stays(
    pipeline: Pipeline, regrouping: Regrouping, database: Database
) -> None:
    holes, noises = (one.id for one in all_of(database))
    decision = regrouping.split(ids(0), now=NOW)
    assert grouped(database) == {decision.other_id: ["000"], holes: ["001", "002"], noises: ["003", "004"]}


def test_merged_problems_are_one_and_links_lead_there(
    pipeline: Pipeline, regrouping: Regrouping, database: Database
) -> None:
    holes, noises = (one.id for one in all_of(database))
    regrouping.merge(noises, holes, now=NOW)
    assert grouped(database) == {noises: ["000", "001", "002", "003", "004"]}
    assert database.problems.get(holes) is None
    assert database.problems.successor(holes) == noises
    assert database.problems.successor("pelsewhere") == "pelsewhere"


def test_the_machine_goes_on_from_what_people_decided(
    pipeline: Pipeline, regrouping: Regrouping, database: Database, open_pipeline: OpenPipeline
) -> None:
    holes, noises = (one.id for one in all_of(database))
    decision = regrouping.split(ids(2), now=NOW)
    regrouping.merge(noises, holes, now=NOW)
    database.posts.save([post(5, *HOLES[2]), post(6, *HOLES[1], place=None), post(7, *NOISE[1])])
    pipeline.run()
    wanted = {noises: ["000", "001", "003", "004", "006", "007"], decision.other_id: ["002", "005"]}
    assert grouped(database) == wanted
    database.posts.save([post(2, HOLES[2][0], HOLES[2][1] + "还没有人来。"), post(8, *HOLES[0])])
    open_pipeline().run()  # analysed anew, by a process that restores all
    assert grouped(database) == {**wanted, noises: [*wanted[noises], "008"]}


def test_copies_fold_anew(pipeline: Pipeline, regrouping: Regrouping, database: Database) -> None:
    database.posts.save([post(5, *HOLES[0]), post(6, *HOLES[0])])
    pipeline.run()
    holes = database.problems.problem_ids_of(ids(0))[ids(0)[0]]
    assert [m.copy_of for m in database.problems.members(holes)][-2:] == ["board/000"] * 2
    decision = regrouping.split(ids(5, 6), now=NOW)
    assert [m.copy_of for m in database.problems.members(decision.other_id)] == [None, "board/005"]
    regrouping.undo(decision.id, now=NOW)
    found = database.problems.get(holes)
    assert found is not None
    assert (found.n_posts, found.n_voices) == (5, 3)


@pytest.mark.parametrize("kind", DecisionKind)
def test_a_decision_is_undone(
    pipeline: Pipeline, regrouping: Regrouping, database: Database, kind: DecisionKind
) -> None:
    before, problems = grouped(database), [*all_of(database)]
    if kind is DecisionKind.SPLIT:
        decision = regrouping.split(ids(1), now=NOW)
    else:
        decision = regrouping.merge(problems[0].id, problems[1].id, now=NOW)
    assert grouped(database) != before
    regrouping.undo(decision.id, now=NOW)
    assert (grouped(database), [*all_of(database)]) == (before, problems)
    assert database.problems.decisions() == []
    assert database.problems.decision_changes() == 2
    with pytest.raises(Rejected, match="not in force"):
        regrouping.undo(decision.id, now=NOW)


def test_what_was_decided_on_since_is_undone_first(
    pipeline: Pipeline, regrouping: Regrouping, database: Database
) -> None:
    holes, noises = (one.id for one in all_of(database))
    first = regrouping.split(ids(2), now=NOW)
    second = regrouping.merge(noises, first.other_id, now=NOW)
    with pytest.raises(Rejected, match="undo that first"):
        regrouping.undo(first.id, now=NOW)
    for decision in (second, first):
        regrouping.undo(decision.id, now=NOW)
    assert grouped(database) == {holes: ["000", "001", "002"], noises: ["003", "004"]}


@pytest.mark.parametrize(
    ("post_ids", "reason"),
    [
        (ids(9), "belongs to no problem"),
        (ids(0, 3), "2 problems"),
        (ids(0, 1, 2), "leave one"),
        ([], "0 problems"),
    ],
)
def test_what_cannot_be_split_is_refused_and_nothing_changes(
    pipeline: Pipeline, regrouping: Regrouping, database: Database, post_ids: list[str], reason: str
) -> None:
    before = grouped(database)
    with pytest.raises(Rejected, match=reason):
        regrouping.split(post_ids, now=NOW)
    assert grouped(database) == before
    assert database.problems.decisions() == []


def test_what_cannot_be_merged_is_refused(
    pipeline: Pipeline, regrouping: Regrouping, database: Database
) -> None:
    holes = all_of(database)[0].id
    with pytest.raises(Rejected, match='problem "pnone": not stored'):
        regrouping.merge(holes, "pnone", now=NOW)
    with pytest.raises(Rejected, match="one already"):
        regrouping.merge(holes, holes, now=NOW)


def test_a_decision_holds_no_one(pipeline: Pipeline, regrouping: Regrouping, database: Database) -> None:
    made = regrouping.split(ids(2), now=NOW)
    [kept] = database.problems.decisions()
    assert kept == Decision(
        id=made.id,
        kind=DecisionKind.SPLIT,
        decided_at=NOW,
        problem_id=made.problem_id,
        other_id=made.other_id,
        ones=("board/000", "board/001"),
        others=("board/002",),
    )


def test_why_says_what_is_shared_and_what_people_decided(
    pipeline: Pipeline, regrouping: Regrouping, database: Database
) -> None:
    def told(number: int) -> dict[str, str]:
        return {
            step.stage: step.text
            for step in trace(database, ids(number)[0], zone=DEFAULT_ZONE, telling=lambda _: [])
        }

    assert "同一地点“槐荫路”" in told(2)["归并"]
    assert "达到 0.17 才归并" in told(2)["归并"]
    assert "与此前 2 个独立反映相比：共有地点 槐荫路" in told(2)["归并依据"]
    assert "路面" in told(2)["归并依据"]
    assert "用词相近 0." in told(2)["归并依据"]
    assert "归并依据" not in told(0)
    decision = regrouping.split(ids(1), now=NOW)
    assert f"拆出问题 {decision.other_id}" in told(1)["人工决定"]
    assert "人工决定" in told(0)
    assert "人工决定" not in told(3)
