"""What a query found in a text, and the part of the text that is shown."""

from __future__ import annotations

import pytest

from nlp.segment import tokens, words
from records.times import DEFAULT_ZONE
from storage.highlight import SNIPPET_LENGTH, choose_snippet, highlight_spans, spans_within
from storage.query import parse_query
from storage.query_tree import wanted_words
from tests.storage.samples import NOW


def marked(text: str, query: str) -> str:
    node = parse_query(query, now=NOW, zone=DEFAULT_ZONE, segment=words)
    spans = highlight_spans(text, list(wanted_words(node)), tokens=tokens)
    for start, end in reversed(spans):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("停水", "小区[停水]三天，WiFi也断了。又[停水]！"),
        ("停水 小区", "[小区停水]三天，WiFi也断了。又[停水]！"),
        ('"小区停水"', "[小区停水]三天，WiFi也断了。又停水！"),
        ('"停水小区"', "小区停水三天，WiFi也断了。又停水！"),
        ('"停水 wifi"~3', "小区[停水]三天，[WiFi]也断了。又停水！"),
        ('"停水 wifi 又"~4', "小区[停水]三天，[WiFi]也断了。[又停水]！"),
        ('"小区 wifi"~1', "小区停水三天，WiFi也断了。又停水！"),
        ("ＷＩＦＩ", "小区停水三天，[WiFi]也断了。又停水！"),
        ("wi*", "小区停水三天，[WiFi]也断了。又停水！"),
        ("w?f", "小区停水三天，WiFi也断了。又停水！"),
        ("wofi~1", "小区停水三天，[WiFi]也断了。又停水！"),
        ("wfii~1", "小区停水三天，[WiFi]也断了。又停水！"),
        ("水三", "小区停[水三]天，WiFi也断了。又停[水]！"),
        ('"水三天"', "小区停[水三天]，WiFi也断了。又停水！"),
        ('"三天，wifi"', "小区停水[三天，WiFi]也断了。又停水！"),
        ('"三天wifi"', "小区停水三天，WiFi也断了。又停水！"),
        ('"wif"', "小区停水三天，WiFi也断了。又停水！"),
        ("-停水 topic:停水", "小区停水三天，WiFi也断了。又停水！"),
        ("", "小区停水三天，WiFi也断了。又停水！"),
    ],
)
def test_spans(query: str, expected: str) -> None:
    assert marked("小区停水三天，WiFi也断了。又停水！", query) == expected


def test_offsets_hold_among_rare_characters() -> None:
    assert marked("😀𠮷野家旁ｗｉｆｉ停水\n　停水", "wifi 停水") == "😀𠮷野家旁[ｗｉｆｉ停水\n　停水]"
    assert marked("停\n水，停\u200b水", '"停水"') == "[停\n水]，[停\u200b水]"
    assert marked("停停停", '"停停"') == "[停停停]"
    assert marked("", "停水") == ""


def test_a_short_text_is_shown_whole() -> None:
    assert choose_snippet("停水三天", [(0, 2)]) == (0, 4)


def test_a_snippet_surrounds_the_densest_part_from_a_sentence_on() -> None:
    text = "停水。" + "无关。" * 100 + "小区停水，停水三天，还在停水" + "无关。" * 100
    spans = highlight_spans(
        text,
        list(wanted_words(parse_query("停水", now=NOW, zone=DEFAULT_ZONE, segment=words))),
        tokens=tokens,
    )
    start, end = choose_snippet(text, spans)
    assert end - start == SNIPPET_LENGTH
    assert text[start:end].startswith("小区停水，停水三天，还在停水")
    within = spans_within(spans, (start, end))
    assert [text[start:end][a:b] for a, b in within] == ["停水"] * 3


def test_a_snippet_without_anything_found_is_the_beginning() -> None:
    assert choose_snippet("无关" * 200, []) == (0, SNIPPET_LENGTH)


def test_a_snippet_at_the_end_is_as_long_as_any() -> None:
    text = "无关" * 200 + "停水"
    assert choose_snippet(text, [(400, 402)]) == (len(text) - SNIPPET_LENGTH, len(text))


def test_spans_within_are_cut_at_the_edges() -> None:
    assert spans_within([(0, 4), (6, 8), (9, 12)], (2, 10)) == [(0, 2), (4, 6), (7, 8)]
