from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from docx import Document

from alerts.coverage import Coverage, Gap
from alerts.health import HealthState, SourceHealth
from briefing.collect import collect
from briefing.content import Content, from_json, to_json
from briefing.render import render_docx, render_html
from briefing.snapshot import freeze
from nlp.segment import words
from records.alert import Alert, AlertState
from records.analysis import Analysis, Intent, PlaceKind, PlaceMention
from records.errors import ConfigurationError, Retryable
from records.post import Channel, Post, Reply
from records.problem import Membership, Problem, ProblemState, problem_id
from records.times import DEFAULT_ZONE
from storage.database import Database, Snapshot
from storage.indexer import drain
from storage.tantivy_index import TantivyIndex

DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=DEFAULT_ZONE)
NOW = datetime(2026, 3, 3, 7, 30, tzinfo=DEFAULT_ZONE)

SEEN = Coverage()


@dataclass(frozen=True)
class Town:
    database: Database
    index: TantivyIndex

    def content(self, coverage: Coverage = SEEN, day: date = DAY) -> Content:
        return collect(
            self.database,
            self.index,
            coverage,
            day=day,
            now=NOW,
            zone=DEFAULT_ZONE,
            title="青溪市回应",
            issuer="市民热线办",
        )

    def snapshot(self, coverage: Coverage = SEEN) -> Snapshot:
        return freeze(self.database, self.content(coverage), now=NOW)


def post(number: int, text: str, asked_at: datetime, *, answered: bool = False) -> Post:
    replies = (
        (Reply(text="已修复。", department="水务局", replied_at=asked_at + timedelta(hours=6)),)
        if answered
        else ()
    )
    return Post(
        source="board",
        channel=Channel.INBOX,
        native_id=str(number),
        title=text[:12],
        text=text,
        asked_at=asked_at,
        fetched_at=asked_at,
        replies=replies,
        url=f"http://127.0.0.1/{number}",
    )


def analysis(asked: Post, *, urgency: int) -> Analysis:
    return Analysis(
        post_id=asked.id,
        revision=1,
        model_version="test",
        topic="城乡建设",
        topic_guess="城乡建设",
        topic_score=0.9,
        runner_up=None,
        intent=Intent.COMPLAINT,
        intent_score=0.8,
        dissatisfaction=0.6,
        urgency=urgency,
        places=(PlaceMention(name="临江区", kind=PlaceKind.DISTRICT, confidence=0.9),),
    )


def problem(title: str, posts: list[Post], *, due_at: datetime | None, urgency: int) -> Problem:
    return Problem(
        id=problem_id(posts[0].id),
        title=title,
        topic="城乡建设",
        place="临江区",
        department="水务局",
        first_seen=posts[0].asked_at,
        last_seen=posts[-1].asked_at,
        n_posts=len(posts),
        n_voices=len(posts),
        state=ProblemState.OPEN,
        urgency=urgency,
        due_at=due_at,
    )


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Four water cuts on the day (one answered), one the day before, one old pothole that is overdue."""
    water = [
        post(n, f"临江区<停水>第{n}天没有水", NOON + timedelta(minutes=n), answered=n == 1)
        for n in range(1, 5)
    ]
    water.insert(0, post(9, "临江区停水一上午", NOON - timedelta(days=1)))
    pothole = [post(20, "望山路有个大坑没人管", NOON - timedelta(days=30))]
    problems = [
        problem("临江区<停水>第1天没有水", water, due_at=NOW + timedelta(days=2), urgency=2),
        problem("望山路有个大坑", pothole, due_at=NOON - timedelta(days=15), urgency=1),
    ]
    with Database.open(f"sqlite:///{tmp_path}/town.sqlite") as database:
        index = TantivyIndex(tmp_path / "index", segment=words, zone=DEFAULT_ZONE)
        database.posts.save([*water, *pothole])
        database.analyses.save(
            [analysis(p, urgency=2) for p in water] + [analysis(p, urgency=1) for p in pothole]
        )
        members = [
            Membership(post_id=p.id, problem_id=owner.id, score=1, reason="同一件事")
            for owner, posts in zip(problems, (water, pothole), strict=True)
            for p in posts
        ]
        database.problems.commit(members, problems)
        drain(database, index, segment=words)
        yield Town(database, index)
        index.close()


def test_the_numbers_are_those_their_queries_give(town: Town) -> None:
    content = town.content()
    assert [(n.label, n.value, n.previous) for n in content.numbers] == [
        ("当日诉求", 4, 1),
        ("其中紧急", 4, 1),
        ("其中未答复", 3, 1),
        ("当日答复", 1, 0),
        ("累计未答复", 5, None),
    ]
    assert all(town.index.count(number.query) == number.value for number in content.numbers)
    assert all(town.index.count(rise.query) == rise.value for rise in content.rises)
    assert all(town.index.count(item.query) == item.n_posts for item in (*content.top, *content.overdue))
    assert sum(day.value for day in content.trend) == 5


def test_sections_hold_what_belongs_there(town: Town) -> None:
    content = town.content()
    assert [item.n_today for item in content.top] == [4]
    assert len(content.top[0].citations) == 3
    assert [item.title for item in content.overdue] == ["望山路有个大坑"]
    assert [item.place for item in content.watch] == ["临江区"]
    assert [(rise.place, rise.value) for rise in content.rises] == [("临江区", 4)]


def test_words_that_rise_are_listed_with_the_queries_that_count_them(town: Town) -> None:
    before = [
        post(100 + n, f"请问第{n}项补贴如何办理？", NOON - timedelta(days=1 + n % 20)) for n in range(60)
    ]
    today = [post(200 + n, f"江心洲{n}号楼自来水发黄浑浊", NOON + timedelta(minutes=n)) for n in range(8)]
    copies = [post(300 + n, "请把路灯修好", NOON + timedelta(minutes=n)) for n in range(8)]
    town.database.posts.save([*before, *today, *copies])
    town.database.analyses.save([analysis(p, urgency=0) for p in (*before, *today, *copies)])
    members = [
        Membership(post_id=p.id, problem_id="plamp", score=1, reason="文字与先前一件相同", copy_of=first)
        for p, first in zip(copies, [None, *[copies[0].id] * 7], strict=True)
    ]
    town.database.problems.commit(
        members, [replace(problem("路灯", copies, due_at=None, urgency=0), id="plamp")]
    )
    drain(town.database, town.index, segment=words)
    rising = {one.word: one for one in town.content().rising}
    assert (rising["自来水"].value, rising["自来水"].usual) == (8, 0.0)
    assert all(town.index.count(one.query) == one.value for one in rising.values())
    assert not {"路灯", "补贴"} & rising.keys()
    html = render_html(town.snapshot())
    assert "上升的词" in html
    assert ["自来水", "8", "0"] in [
        [cell.text for cell in row.cells][:3]
        for table in Document(BytesIO(render_docx(town.snapshot()))).tables
        for row in table.rows
    ]


def test_an_alert_of_the_day_is_told_in_its_own_words(town: Town) -> None:
    alert = Alert(
        id="a1", rule="surge", labels={"place": "临江区"}, severity=2, state=AlertState.ACTIVE, fired_at=NOON,
        updated_at=NOON, value=4, expected=0.1, explanation="临江区：24小时内4件，平日约0.1件。",
        raised_at=NOON, raised_value=4,
    )  # fmt: skip
    town.database.alerts.save([alert, replace(alert, id="a2", fired_at=NOW)])
    assert [note.id for note in town.content().alerts] == ["a1"]
    assert alert.explanation in render_html(town.snapshot())


def test_a_blind_source_is_said_beside_the_numbers(town: Town) -> None:
    blind = SourceHealth(
        name="feed", title="青溪新闻", channel=Channel.NEWS, state=HealthState.BLIND,
        since=None, last_success=None, last_new_post=None, reason="已三天没有成功抓取。",
    )  # fmt: skip
    heard = replace(blind, name="board", state=HealthState.OK)
    now = Gap(
        source="feed", title="青溪新闻", place=None, channel=Channel.NEWS, state=HealthState.BLIND,
        start=NOW - timedelta(days=3), end=NOW, is_blind=True, lasts=True,
    )  # fmt: skip
    over = replace(
        now, source="board", title="市长信箱", state=HealthState.REFUSED,
        start=NOON - timedelta(days=2), end=NOON, lasts=False,
    )  # fmt: skip
    coverage = Coverage(health=(blind, heard), gaps=(over, now))
    assert "2 个来源状况异常" in town.content(coverage).summary
    html = render_html(town.snapshot(coverage))
    assert "青溪新闻（失联）：已三天没有成功抓取。" in html
    assert "市长信箱（拒绝访问）：2026-03-02 00:00 至 2026-03-02 12:00 未正常采集。" in html
    before = replace(over, end=NOON - timedelta(days=1))
    assert "1 个来源状况异常" in town.content(Coverage(health=(blind, heard), gaps=(before, now))).summary


def test_what_the_numbers_cannot_say_is_said_below_them(town: Town) -> None:
    assert town.content().caveats == ()
    unlooked = replace(SEEN, known_from=NOON)
    assert town.content(unlooked).caveats == ("2026-03-02 12:00 以前的采集情况未核查，数字有无缺漏不明。",)
    assert town.content(replace(SEEN, known_from=NOON - timedelta(days=1))).caveats == ()
    today = freeze(town.database, town.content(day=NOW.date()), now=NOW)
    said = "编制时当日尚未结束，只含 2026-03-03 07:30 以前收到的诉求。"
    assert said in render_html(today)
    assert said in [paragraph.text for paragraph in Document(BytesIO(render_docx(today))).paragraphs]


def test_a_day_that_has_not_begun_is_refused(town: Town) -> None:
    with pytest.raises(ConfigurationError, match="briefing of 2026-03-04: that day has not begun"):
        town.content(day=NOW.date() + timedelta(days=1))


def test_a_citation_names_its_source_as_people_know_it(town: Town) -> None:
    board = SourceHealth(
        name="board", title="市长信箱", channel=Channel.INBOX, state=HealthState.OK,
        since=None, last_success=None, last_new_post=None, reason="",
    )  # fmt: skip
    assert {cited.source for item in town.content().top for cited in item.citations} == {"board"}
    known = town.content(Coverage(health=(board,)))
    assert {cited.source for item in known.top for cited in item.citations} == {"市长信箱"}


def test_a_day_without_messages_is_told_as_such(town: Town) -> None:
    html = render_html(freeze(town.database, town.content(day=date(2025, 1, 1)), now=NOW))
    for said in ("当日没有诉求", "当日没有新的预警", "没有明显突增"):
        assert said in html


def test_counts_wait_for_the_index(town: Town) -> None:
    town.database.posts.save([post(77, "又停水了", NOON)])
    with pytest.raises(Retryable, match="not indexed yet"):
        town.content()


def test_the_same_snapshot_gives_the_same_bytes(town: Town) -> None:
    snapshot = town.snapshot()
    before = (render_html(snapshot), render_docx(snapshot))
    town.database.posts.save([post(78, "又停水了", NOON)])
    again = town.database.snapshots.get(snapshot.id)
    assert again is not None
    assert (render_html(again), render_docx(again)) == before


def test_html_escapes_what_residents_wrote(town: Town) -> None:
    html = render_html(town.snapshot())
    assert "&lt;停水&gt;" in html
    assert "<停水>" not in html


def test_the_document_opens_and_holds_the_tables(town: Town) -> None:
    content = render_docx(town.snapshot())
    document = Document(BytesIO(content))
    tables = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
    assert [
        "当日诉求",
        "4",
        "+3 · 平日 0",
        "channel:(inbox OR hotline OR intake) AND asked:2026-03-02",
    ] in tables
    assert len(document.inline_shapes) == 1
    assert "上升的词" not in [paragraph.text for paragraph in document.paragraphs]
    with zipfile.ZipFile(BytesIO(content)) as archive:
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                ET.fromstring(archive.read(name))


def test_a_newer_format_is_refused(town: Town) -> None:
    frozen = to_json(replace(town.content(), format=99))
    with pytest.raises(ConfigurationError, match="newer huiying"):
        from_json(frozen)


def test_texts_whose_retention_ended_are_named_as_deleted(town: Town) -> None:
    town.database.purge(Channel.INBOX, before=NOW, now=NOW)
    drain(town.database, town.index, segment=words)
    snapshot = town.snapshot()
    html = render_html(snapshot)
    paragraphs = [paragraph.text for paragraph in Document(BytesIO(render_docx(snapshot))).paragraphs]
    assert "<blockquote>文本已按期删除<" in html
    assert "1. 文本已按期删除" in html
    assert "1. 文本已按期删除" in paragraphs
    assert "“”" not in html
    assert "当日收到诉求 4 件" in html
