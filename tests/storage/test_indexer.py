"""From the outbox to the index, and the document that is made of a post."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nlp.segment import words
from records.alert import AlertState
from records.query import IndexDocument
from records.times import DEFAULT_ZONE
from storage import indexer
from storage.database import Database
from storage.documents import build_document
from storage.indexer import drain, drain_posts, reindex
from storage.search import SearchIndex
from storage.tantivy_index import TantivyIndex
from tests.storage.samples import NOW, alert, analysis, membership, post, problem, reply


def catch_up(database: Database, index: SearchIndex) -> int:
    return drain(database, index, segment=words)


def test_a_document_says_what_the_truth_says() -> None:
    one = post(replies=(reply("已收到", department="信访局"), reply("已修复", department=None)), votes_down=9)
    document = build_document(one, analysis(one), "p1", flagged=True, segment=words)
    assert document == IndexDocument(
        id="mailbox/1",
        title=" ".join(words(one.title)),
        text=" ".join(words(one.text)),
        reply="已 收到 已 修复",
        title_pairs="梅_溪 溪_小 小_区 区_停 停_水 水_三 三_天",
        title_pieces=document.title_pieces,
        text_pairs="梅_溪 溪_小 小_区 区_从 从_周 周_一 一_开 开_始 始_停 停_水 水，没 没_有 "
        "有_任 任_何 何_通 通_知 知，请 请_尽 尽_快 快_处 处_理",
        text_pieces=document.text_pieces,
        reply_pairs="已_收 收_到 到，已 已_修 修_复",
        reply_pieces=document.reply_pieces,
        topic="城乡建设",
        subtopic="城市建设和市政管理",
        own_topics=("加装电梯", "二次供水"),
        places=("东湖区", "梅溪小区"),
        department="信访局",
        channel="inbox",
        source="mailbox",
        status="待回复",
        intent="投诉",
        urgency=2,
        dissatisfaction=0.75,
        asked_at=one.asked_at,
        replied_at=NOW,
        problem="p1",
        flagged=True,
        votes=3,
        version="1 m1 text",
    )
    assert sorted(document.title_pieces.split()) == sorted("梅溪小区停水三天")
    assert sorted(document.text_pieces.split()) == sorted({*one.text} - {*"，。"})
    assert sorted(document.reply_pieces.split()) == sorted("已收到修复")


def test_a_post_that_was_not_analysed_yet_can_be_found() -> None:
    document = build_document(post(), None, None, flagged=False, segment=words)
    assert (document.topic, document.intent, document.urgency, document.places) == (
        None,
        None,
        0,
        ("东湖区",),
    )
    assert document.department == "区政府"


def test_every_stage_reaches_the_index(database: Database, index: SearchIndex) -> None:
    database.posts.save([post(1), post(2)])
    assert catch_up(database, index) == 2
    assert (index.count("停水"), index.count("_exists_:topic"), database.outbox.lag()) == (2, 0, 0)
    database.analyses.save([analysis(post(1))])
    database.problems.commit([membership(post(1))], [problem()])
    database.alerts.save([alert(post_ids=("mailbox/1",))])
    assert catch_up(database, index) == 1  # three rows, one post
    assert [index.count(query) for query in ("topic:城乡建设", "problem:p1", "flagged:true")] == [1, 1, 1]
    database.alerts.set_state("a1", AlertState.RESOLVED, now=NOW)
    database.posts.save([post(2, text="路灯不亮", title="路灯")])
    assert catch_up(database, index) == 2
    assert [index.count(query) for query in ("flagged:true", "停水", "路灯")] == [0, 1, 1]
    assert catch_up(database, index) == 0


def test_progress_counts_rows(
    database: Database, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "BATCH", 4)
    database.posts.save([post(number) for number in range(10)])
    steps: list[int] = []
    assert drain(database, index, segment=words, progress=steps.append) == 10
    assert steps == [4, 4, 2]
    assert index.watermark() == database.outbox.newest()


def test_a_commit_takes_as_many_batches_as_the_engine_wants(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "BATCH", 4)
    index = TantivyIndex(tmp_path / "search", segment=words, zone=DEFAULT_ZONE)
    database.posts.save([post(number) for number in range(30)])
    seen: list[int] = []
    drain(database, index, segment=words, progress=lambda _: seen.append(index.count()))
    index.close()
    assert seen == [0] * 5 + [20] * 3


def test_a_row_of_a_post_that_is_gone_takes_it_out_of_the_index(
    database: Database, index: SearchIndex
) -> None:
    database.posts.save([post(1), post(2)])
    catch_up(database, index)
    database.alerts.save([alert(post_ids=("mailbox/1", "mailbox/77"))])
    with database._engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM posts WHERE id = 'mailbox/1'")
    assert catch_up(database, index) == 0
    assert index.count() == 1


def test_reindex_gives_the_same_answers(database: Database, index: SearchIndex) -> None:
    database.posts.save([post(number) for number in range(30)])
    catch_up(database, index)
    index.add(
        [build_document(post(99), None, None, flagged=False, segment=words)]
    )  # what the truth does not hold
    index.refresh()
    assert reindex(database, index, segment=words) == 30
    assert (index.count(), database.outbox.lag()) == (30, 0)
    assert catch_up(database, index) == 0


def test_an_index_that_lost_what_it_had_is_filled_anew(database: Database, index: SearchIndex) -> None:
    database.posts.save([post(number) for number in range(5)])
    catch_up(database, index)
    index.clear()
    assert catch_up(database, index) == 5
    assert index.count() == 5


def test_posts_that_are_ready_go_in_before_all_others(database: Database, index: SearchIndex) -> None:
    database.posts.save([post(number) for number in range(4)])
    database.posts.save([post(2, votes_up=9)])
    assert drain_posts(database, index, ["mailbox/2", "mailbox/9"], segment=words) == 1
    assert (index.count(), database.outbox.lag()) == (1, 3)
    assert drain_posts(database, index, ["mailbox/2"], segment=words) == 0
    assert catch_up(database, index) == 3
    assert (index.count(), database.outbox.lag()) == (4, 0)
    index.clear()
    index.refresh(watermark=0)
    database.posts.save([post(7)])
    drain_posts(database, index, ["mailbox/7"], segment=words)
    catch_up(database, index)
    assert index.count() == 5


def test_an_index_of_another_database_is_filled_anew(database: Database, index: SearchIndex) -> None:
    index.add([build_document(post(99), None, None, flagged=False, segment=words)])
    index.refresh(watermark=1_000)
    database.posts.save([post(1)])
    assert catch_up(database, index) == 1
    assert [hit.post_id for hit in index.search().hits] == ["mailbox/1"]


STEPS = ("begin_rebuild", "add", "delete", "refresh", "publish")


class _Dying:
    """The index of a process that dies just before or just after one of its steps."""

    def __init__(self, index: SearchIndex, step: str, *, after: bool) -> None:
        self._index = index
        self._step = step
        self._after = after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._index, name)
        if name != self._step:
            return method

        def die(*values: Any, **named: Any) -> Any:
            if self._after:
                method(*values, **named)
            raise KeyboardInterrupt

        return die


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("work", [drain, reindex])
def test_dying_at_any_step_loses_nothing(
    database: Database,
    open_index: Callable[[], SearchIndex],
    step: str,
    after: bool,
    work: Callable[..., int],
) -> None:
    database.posts.save([post(number) for number in range(6)])
    first = open_index()
    catch_up(database, first)
    database.posts.save([post(number, text="道路破损", title="") for number in range(3)])
    dying: Any = _Dying(first, step, after=after)
    try:
        work(database, dying, segment=words)
    except KeyboardInterrupt:
        pass
    else:
        assert (work, step) == (drain, "begin_rebuild")  # a sound index is not cleared
    first.close()
    again = open_index()
    catch_up(database, again)
    assert (again.count(), again.count("道路"), again.count("停水")) == (6, 3, 3)
    assert database.outbox.lag() == 0
