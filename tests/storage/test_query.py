"""The query language: what it means, and what a person is told who mistypes it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from nlp.segment import words
from records.errors import Rejected
from records.times import DEFAULT_ZONE
from storage.query import QueryError, parse_query, quoted
from storage.query_reading import explain
from storage.query_tree import (
    And,
    Boost,
    Everything,
    Exists,
    Fuzzy,
    Node,
    Not,
    NumberRange,
    Or,
    Pattern,
    Phrase,
    Term,
    TimeRange,
    Value,
    wanted_words,
)
from tests.storage.samples import NOW


def parse(text: str, now: datetime = NOW) -> Node:
    return parse_query(text, now=now, zone=DEFAULT_ZONE, segment=words)


def term(word: str, field: str | None = None) -> Term:
    return Term(field=field, word=word)


def span(start: datetime | None, end: datetime | None, field: str = "asked") -> TimeRange:
    return TimeRange(field=field, start=start, end=end)


def local(*parts: int) -> datetime:
    year, month, day, *clock = parts
    return datetime(year, month, day, *clock, tzinfo=DEFAULT_ZONE)


WATER, ROAD, HEAT = term("停水"), term("道路"), term("供暖")
CITY = Value(field="topic", value="城乡建设")
ONE = NumberRange(field="urgency", low=1, high=1)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", Everything()),
        (" \t　", Everything()),
        ("*", Everything()),
        ("*:*", Everything()),
        ("停水", WATER),
        ("停水 道路", And(parts=(WATER, ROAD))),
        ("停水道路", And(parts=(WATER, ROAD))),
        ("停水 AND 道路", And(parts=(WATER, ROAD))),
        ("停水 OR 道路", Or(parts=(WATER, ROAD))),
        ("停水 -道路", And(parts=(WATER, Not(part=ROAD)))),
        ("停水 NOT 道路", And(parts=(WATER, Not(part=ROAD)))),
        ("+停水 +道路", And(parts=(WATER, ROAD))),
        ("停水 (道路 OR 供暖)", And(parts=(WATER, Or(parts=(ROAD, HEAT))))),
        ("停水 AND 道路 OR 供暖", Or(parts=(And(parts=(WATER, ROAD)), HEAT))),
        ("停水 停水 道路 停水", And(parts=(WATER, ROAD))),
        ("停水 OR 停水", WATER),
        ("title:停水", term("停水", "title")),
        ("title:(停水 OR 道路)", Or(parts=(term("停水", "title"), term("道路", "title")))),
        ('"停水 道路"', Phrase(field=None, words=("停", "水", "道", "路"))),
        ('"停水，道路！"', Phrase(field=None, words=("停", "水", "，", "道", "路"))),
        ('"WiFi坏了"~0', Phrase(field=None, words=("wifi", "坏", "了"))),
        ('"停水道路"~4', Phrase(field=None, words=("停水", "道路"), slop=4)),
        ('"停水"~4', WATER),
        ('reply:"停水"', Phrase(field="reply", words=("停", "水"))),
        ('"！！" 停水', WATER),
        ("WiFi~1", Fuzzy(field=None, word="wifi", distance=1)),
        ("wifi~", Fuzzy(field=None, word="wifi", distance=1)),
        ("停水~2", Fuzzy(field=None, word="停水", distance=1)),
        ("水~", Term(field=None, word="水")),
        ("place:梅西小区~1", Fuzzy(field="place", word="梅西小区", distance=1)),
        ("topic:(城乡建设 OR x*)", Or(parts=(CITY, Pattern(field="topic", parts=("x", "*"))))),
        ("urgency:(1 OR >=3)", Or(parts=(ONE, NumberRange(field="urgency", low=3, high=None)))),
        ("停水^2.5", Boost(part=WATER, factor=2.5)),
        ("title:停水^2", Boost(part=term("停水", "title"), factor=2.0)),
        ("停*", Pattern(field=None, parts=("停", "*"))),
        ("Wi?i**", Pattern(field=None, parts=("wi", "?", "i", "*"))),
        ("place:A?区", Pattern(field="place", parts=("A", "?", "区"))),
        (r"place:A\?区", Value(field="place", value="A?区")),
        ("topic:城乡建设", CITY),
        ('department:"市住建局（房管）"', Value(field="department", value="市住建局（房管）")),
        ("flagged:TRUE", Value(field="flagged", value="true")),
        ("channel:inbox", Value(field="channel", value="inbox")),
        ("_exists_:reply", Exists(field="reply")),
        ("topic:*", Exists(field="topic")),
        ("-_exists_:topic", Not(part=Exists(field="topic"))),
        ("urgency:2", NumberRange(field="urgency", low=2, high=2)),
        ("urgency:>=2", NumberRange(field="urgency", low=2, high=None)),
        ("urgency:>2", NumberRange(field="urgency", low=2, high=None, include_low=False)),
        (
            "dissatisfaction:<0.5",
            NumberRange(field="dissatisfaction", low=None, high=0.5, include_high=False),
        ),
        ("urgency:{0 TO 2]", NumberRange(field="urgency", low=0, high=2, include_low=False)),
        ("urgency:[* TO 2]", NumberRange(field="urgency", low=None, high=2)),
        ("urgency:[-1 TO 2]", NumberRange(field="urgency", low=-1, high=2)),
    ],
)
def test_meaning(text: str, meaning: Node) -> None:
    assert parse(text) == meaning


@pytest.mark.parametrize(
    ("typed", "same_as"),
    [
        ("（停水　OR　道路）", "(停水 OR 道路)"),
        ("ｔｉｔｌｅ：停水", "title:停水"),
        ("“停水道路”", '"停水道路"'),
        ("「停水道路」", '"停水道路"'),
        ("＂停水道路＂～４", '"停水道路"~4'),
        ("停水，－道路", "停水 -道路"),
        ("停水、道路。", "停水 道路"),
        ("为什么停水？", "为什么停水"),
        ("停水／道路", "停水 道路"),
        ("urgency：＞＝２", "urgency:>=2"),
        ("asked：［2026－01 TO 2026－02｝", "asked:[2026-01 TO 2026-02}"),
        ("停水！！！ 😀", "停水"),
        ("停\u200b水\u202e 道路\x00", "停 水 道路"),
        ("停水\ud800", "停水"),
    ],
)
def test_full_width_and_unseen_characters(typed: str, same_as: str) -> None:
    assert parse(typed) == parse(same_as)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("asked:2026", span(local(2026, 1, 1), local(2027, 1, 1))),
        ("asked:2026-02", span(local(2026, 2, 1), local(2026, 3, 1))),
        ("asked:2026-12", span(local(2026, 12, 1), local(2027, 1, 1))),
        ("replied:2026-03-05", span(local(2026, 3, 5), local(2026, 3, 6), "replied")),
        ("asked:2026/3/5", span(local(2026, 3, 5), local(2026, 3, 6))),
        ("asked:2026-W12", span(local(2026, 3, 16), local(2026, 3, 23))),
        ("asked:2026-W53", span(local(2026, 12, 28), local(2027, 1, 4))),
        ("asked:2026-03-05T08:30", span(local(2026, 3, 5, 8, 30), local(2026, 3, 5, 8, 31))),
        ('asked:"2026-03-05 08:30:10"', span(local(2026, 3, 5, 8, 30, 10), local(2026, 3, 5, 8, 30, 11))),
        ("asked:P7D", span(local(2026, 3, 13, 10), NOW)),
        ("asked:p2w", span(local(2026, 3, 6, 10), NOW)),
        ("asked:PT36H", span(local(2026, 3, 18, 22), NOW)),
        ("asked:P1M", span(local(2026, 2, 20, 10), NOW)),
        ("asked:P1Y", span(local(2025, 3, 20, 10), NOW)),
        ("asked:>=2026-03", span(local(2026, 3, 1), None)),
        ("asked:>2026-03", span(local(2026, 4, 1), None)),
        ("asked:<2026-03", span(None, local(2026, 3, 1))),
        ("asked:<=2026-03", span(None, local(2026, 4, 1))),
        ("asked:>=P7D", span(local(2026, 3, 13, 10), None)),
        ("asked:<P7D", span(None, local(2026, 3, 13, 10))),
        ("asked:[2026-01-01 TO 2026-02-01}", span(local(2026, 1, 1), local(2026, 2, 1))),
        ("asked:[2026-01-01 TO 2026-02-01]", span(local(2026, 1, 1), local(2026, 2, 2))),
        ("asked:{2026-01 TO 2026-02]", span(local(2026, 2, 1), local(2026, 3, 1))),
        ("asked:[P30D TO P7D]", span(local(2026, 2, 18, 10), local(2026, 3, 13, 10))),
        ("asked:[2026-01-01 TO *]", span(local(2026, 1, 1), None)),
        ("asked:[* TO *]", span(None, None)),
        ("asked:*", Exists(field="asked")),
    ],
)
def test_dates(text: str, meaning: Node) -> None:
    assert parse(text) == meaning


def test_a_month_back_ends_with_the_shorter_month() -> None:
    assert parse("asked:P1M", now=local(2026, 3, 31, 9)) == span(local(2026, 2, 28, 9), local(2026, 3, 31, 9))


def test_days_begin_at_midnight_of_the_zone() -> None:
    zone = ZoneInfo("America/New_York")
    meaning = parse_query("asked:2026-03-08", now=NOW, zone=zone, segment=words)
    assert isinstance(meaning, TimeRange)
    assert meaning.start == datetime(2026, 3, 8, tzinfo=zone)
    assert meaning.end == datetime(2026, 3, 9, tzinfo=zone)


@pytest.mark.parametrize(
    ("text", "code", "position", "said"),
    [
        ("((", "syntax", 2, "a bracket is not closed"),
        ("停水 )", "syntax", 3, '")" cannot stand here'),
        ("topic:", "syntax", 6, "_exists_:topic"),
        ("停水 AND", "syntax", 6, "something is missing at the end"),
        ("OR 停水", "syntax", 0, '"OR" cannot stand here'),
        ("停水 “道路", "syntax", 3, "the quotes are not closed"),
        ("停水 || 道路", "syntax", 3, "write OR"),
        ("title:text:停水", "syntax", 6, "one field at a time"),
        ("title:/停.*/", "regex", 6, "regular expressions are not searched"),
        ("停水 *电", "leading_wildcard", 3, 'try "电"'),
        ("place:?区", "leading_wildcard", 6, "begins with a wildcard"),
        ("停水 tpic:x", "unknown_field", 3, 'did you mean "topic"?'),
        ("author:张", "unknown_field", 0, 'unknown field "author"'),
        ("_exists_:user", "unknown_field", 9, 'unknown field "user"'),
        ("channel:inbx", "bad_value", 8, 'did you mean "inbox"?'),
        ("flagged:maybe", "bad_value", 8, "one of true, false"),
        ('place:""', "bad_value", 6, "has no value"),
        ("channel:inbox~1", "bad_value", 8, "matched as a whole"),
        ('place:"a b"~4', "bad_value", 6, "matched as a whole"),
        ("place:a~3", "bad_number", 6, "a whole number up to 2"),
        ("urgency:2~1", "syntax", 8, "a value or a range has to stand here"),
        ("urgency:high", "bad_number", 8, "is not a number"),
        ("urgency:nan", "bad_number", 8, "is not a number"),
        ("停水~9", "bad_number", 0, "a whole number up to 2"),
        ('"停水 道路"~1.5', "bad_number", 7, "cannot be read"),
        ("停水^0", "bad_number", 0, "above 0"),
        ("asked:yesterday", "bad_date", 6, "try 2026-03"),
        ("asked:2026-13", "bad_date", 6, "is not a date"),
        ("asked:2026-02-30", "bad_date", 6, "is not a date"),
        ("asked:P", "bad_date", 6, "is not a date"),
        ("asked:9999", "bad_date", 6, "is not a date"),
        ("title:[a TO b]", "not_a_range_field", 6, "ranges go with urgency"),
        ("！！！", "nothing", 0, "holds no word"),
        ("停" * 4_001, "too_long", 4_000, "at most 4,000"),
        ("(" * 30 + "停水" + ")" * 30, "too_deep", 20, "at most 20"),
        ("-" * 100 + "停水", "too_deep", 41, "at most 40"),
        ("停水 " * 201, "too_many_clauses", 600, "at most 200"),
        ("停" + "?" * 6, "too_long", 0, "at most 5"),
        ("停" * 60 + "*", "too_long", 0, "60 characters"),
        ("停* " * 11, "too_many_patterns", 30, "at most 10"),
        ("停水~ " * 4, "too_many_patterns", 12, "one with ~ counting 3"),
    ],
)
def test_errors_say_where_and_what_to_do(text: str, code: str, position: int, said: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse(text)
    error = raised.value
    assert (error.code, error.position) == (code, position)
    assert said in str(error)
    assert "\n" not in str(error)
    assert isinstance(error, Rejected)


@pytest.mark.parametrize(
    "value", ['市住建局（房管）"一科"', "a b", "“五一”路", "\\", "A*区?", "＼", "-x", "停水：东"]
)
def test_quoted_values_come_through_whole(value: str) -> None:
    assert parse("place:" + quoted(value)) == Value(field="place", value=value)


def test_wanted_words_leave_out_what_is_excluded() -> None:
    meaning = parse("停水 -道路 (供暖 OR title:热*) topic:x urgency:2 place:a* status:b~1")
    assert list(wanted_words(meaning)) == [WATER, HEAT, Pattern(field="title", parts=("热", "*"))]


def test_explaining_says_each_clause_as_it_was_read() -> None:
    typed = "（停水 OR “梅溪，小区”^2）－topic：x* asked:P1D urgency:{1 TO 3] “停水 道路”~4 place:a~1"
    reading = explain(typed, now=NOW, zone=ZoneInfo("America/New_York"), segment=words)
    assert (reading.typed, reading.normalised[:18]) == (typed, '(停水 OR "梅溪 小区"^2)-')
    assert [("  " * one.depth + one.kind, one.field, one.value, one.boost) for one in reading.clauses] == [
        ("all", None, "", 1),
        ("  any", None, "", 1),
        ("    word", None, "停水", 1),
        ("    exact", None, "梅 溪 ， 小 区", 2),
        ("  not", None, "", 1),
        ("    pattern", "topic", "x*", 1),
        ("  time", "asked", ">= 2026-03-18T22:00:00-04:00 < 2026-03-19T22:00:00-04:00", 1),
        ("  number", "urgency", "> 1 <= 3", 1),
        ("  near", None, "停水 道路 ~4", 1),
        ("  spelling", "place", "a ~1", 1),
    ]


def test_explaining_nothing_and_what_cannot_be_read() -> None:
    def kinds(text: str) -> list[str]:
        reading = explain(text, now=NOW, zone=DEFAULT_ZONE, segment=words)
        return [f"{one.kind} {one.field} {one.value} {one.boost:g}" for one in reading.clauses]

    assert kinds("") == ["everything None  1"]
    assert kinds("(topic:城乡建设^3)^2") == ["value topic 城乡建设 6"]
    assert kinds("_exists_:reply") == ["exists reply  1"]
    assert kinds("urgency:2") == ["number urgency = 2 1"]
    assert kinds("urgency:[* TO *]") == ["number urgency  1"]
    assert kinds("asked:<2026") == ["time asked < 2026-01-01T00:00:00+08:00 1"]
    with pytest.raises(QueryError):
        kinds("((")
