"""How rules are changed: after a backtest or by force, with who and why, every version kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.backtest import TriedAlert
from alerts.rule_book import FILE, RuleBook, fingerprint
from alerts.trials import Trial
from records.errors import Rejected
from records.times import Period
from storage.database import Database
from tests.alerts.samples import DAY, NOW, alert

WATER = """\
name: 停水
title: 停水
description: 停水影响一片居民。
type: frequency
filter: 停水
query_key: place
num_events: 3
"""
LOUDER = WATER.replace("num_events: 3", "num_events: 2")
PAST = Period(start=NOW - 30 * DAY, end=NOW)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[RuleBook]:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "water.yaml").write_text(WATER, encoding="utf-8")
    with Database.open(f"sqlite:///{tmp_path / 'huiying.sqlite'}") as database:
        yield RuleBook(folder=folder, database=database, every=timedelta(minutes=5))


def notice(book: RuleBook) -> None:
    book.notice(book.load(), now=NOW)


def try_out(book: RuleBook, text: str, n_alerts: int) -> None:
    one = TriedAlert(alert=alert(), raised=(NOW,), held_until=NOW, post_ids=frozenset())
    trial = Trial(versions=[book.read(text)], period=PAST, every=DAY, alerts=[[one] * n_alerts])
    book.note_trial(trial, by="cli", now=NOW)


def history(book: RuleBook, name: str = "停水") -> list[tuple[int, str, str]]:
    kept = book.database.rule_versions.list(name)
    return [(version.number, version.changed_by, version.reason) for version in kept]


def audited(book: RuleBook, name: str = "停水") -> list[tuple[str, str]]:
    return [(row.actor, row.detail) for row in book.database.audit.list(subject=f"rule/{name}")]


def test_what_is_edited_in_the_file_is_noticed_once(book: RuleBook) -> None:
    for text in (WATER, WATER, LOUDER, LOUDER):
        (book.folder / "water.yaml").write_text(text, encoding="utf-8")
        notice(book)
    assert history(book) == [(2, FILE, ""), (1, FILE, "")]
    assert [book.text_of("停水", number) for number in (1, 2)] == [WATER, LOUDER]
    assert audited(book)[0] == (FILE, "version 2, forced, without a backtest")


def test_a_rule_whose_file_is_gone_is_noted_and_a_broken_one_is_not(book: RuleBook) -> None:
    notice(book)
    file = book.folder / "water.yaml"
    for text in (WATER.replace("num_events", "num_evnts"), "- 停水\n"):
        file.write_text(text, encoding="utf-8")
        notice(book)
    assert len(history(book)) == 1
    file.unlink()
    notice(book)
    notice(book)
    assert [version.text for version in book.database.rule_versions.list("停水")] == ["", WATER]
    assert audited(book)[0] == (FILE, "version 2, taken away")
    with pytest.raises(Rejected, match="version 2 is that it was taken away"):
        book.restore("停水", 2, reason="试", by="cli", now=NOW, forced=True)
    made = book.restore("停水", 1, reason="误删", by="cli", now=NOW, forced=True)
    assert (made.number, [rule.name for rule in book.load().rules]) == (3, ["停水"])


def test_a_change_goes_live_only_after_a_backtest_of_just_that_content(book: RuleBook) -> None:
    with pytest.raises(Rejected, match='rule "停水": not tried out on the past as it is now') as caught:
        book.change(LOUDER, reason="太安静", by="cli", now=NOW)
    assert caught.value.code == "not_tried"
    try_out(book, WATER, 1)
    with pytest.raises(Rejected, match="not tried out"):
        book.change(LOUDER, reason="太安静", by="cli", now=NOW)
    assert (book.folder / "water.yaml").read_text("utf-8") == WATER

    try_out(book, LOUDER, 7)
    made = book.change("# 改了\n" + LOUDER, reason="太安静", by="console", now=NOW)
    assert (made.number, made.tried, made.tried_alerts) == (2, PAST, 7)
    assert book.load().rules[0] == book.read(LOUDER)
    assert history(book) == [(2, "console", "太安静"), (1, FILE, "")]
    assert audited(book)[0] == (
        "console",
        "version 2, after a backtest of 2026-02-16 09:30 to 2026-03-18 09:30 with 7 alerts: 太安静",
    )
    notice(book)
    assert len(history(book)) == 2


def test_a_forced_change_says_so(book: RuleBook) -> None:
    made = book.change(LOUDER, reason="停水事故", by="cli", now=NOW, forced=True)
    assert made.tried is None
    assert audited(book)[0] == ("cli", "version 2, forced, without a backtest: 停水事故")


def test_an_earlier_version_is_restored_by_the_same_rule(book: RuleBook) -> None:
    book.change(LOUDER, reason="太安静", by="cli", now=NOW, forced=True)
    with pytest.raises(Rejected, match="not tried out"):
        book.restore("停水", 1, reason="太吵", by="cli", now=NOW)
    try_out(book, WATER, 2)
    made = book.restore("停水", 1, reason="太吵", by="cli", now=NOW)
    assert (made.number, made.text, made.tried_alerts) == (3, WATER, 2)
    assert (book.folder / "water.yaml").read_text("utf-8") == WATER
    with pytest.raises(Rejected, match="no version 9"):
        book.restore("停水", 9, reason="太吵", by="cli", now=NOW)


def test_a_new_rule_gets_a_file_of_its_own(book: RuleBook) -> None:
    text = LOUDER.replace("name: 停水", "name: deadlines/../停电 2")
    made = book.change(text.replace("\n", "\r\n"), reason="新设", by="cli", now=NOW, forced=True)
    assert (made.number, made.text) == (1, text)
    assert sorted(path.name for path in book.folder.iterdir()) == ["rule_deadlines_停电_2.yaml", "water.yaml"]
    with pytest.raises(Rejected, match="there is one already"):
        book.change(LOUDER, reason="新设", by="cli", now=NOW, forced=True, must_be_new=True)


def test_a_broken_file_is_mended_in_place(book: RuleBook) -> None:
    (book.folder / "water.yaml").write_text(WATER.replace("filter", "fliter"), encoding="utf-8")
    book.change(WATER, reason="改正", by="cli", now=NOW, forced=True)
    assert [path.name for path in book.folder.iterdir()] == ["water.yaml"]
    assert book.load().errors == ()


@pytest.mark.parametrize(
    ("text", "reason", "said"),
    [
        (LOUDER.replace("filter: 停水", "filter: '*'"), "试", 'rule.yaml:5: "停水" filter: "\\*" matches'),
        (LOUDER.replace("停水", "规则心跳"), "试", "watches over the others"),
        (LOUDER + "timeframe: 1m\n", "试", "shorter than the 300 s between two rounds"),
        (LOUDER + "preset: x\n", "试", 'rule.yaml:8: "停水" unknown key "preset"'),
        (LOUDER, " ", "no reason is given"),
        (LOUDER, "联系13812345678", "the reason holds a personal detail"),
        (LOUDER, "长" * 201, "longer than 200 characters"),
        (WATER, "试", "is so already"),
        ("", "试", '"type" is missing'),
    ],
)
def test_what_is_no_change_is_one_line_and_changes_nothing(
    book: RuleBook, text: str, reason: str, said: str
) -> None:
    notice(book)
    with pytest.raises(Rejected, match=said) as caught:
        book.change(text, reason=reason, by="cli", now=NOW, forced=True)
    assert "\n" not in str(caught.value)
    assert (book.folder / "water.yaml").read_text("utf-8") == WATER
    assert len(history(book)) == 1


def test_a_fingerprint_is_of_what_a_rule_says_and_not_how(book: RuleBook) -> None:
    written_otherwise = (
        "# 说明\n" + WATER.replace("query_key: place", "query_key: [place]") + "timeframe: 24h\n"
    )
    assert fingerprint(book.read(WATER)) == fingerprint(book.read(written_otherwise))
    assert fingerprint(book.read(WATER)) != fingerprint(book.read(LOUDER))
