"""Traditional forms become simplified ones, one character for one."""

from __future__ import annotations

import pytest
from opencc import OpenCC

from records.chinese import _table, simplified


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("臺灣路的水費單", "台湾路的水费单"),
        ("水费单", "水费单"),
        ("朗朗乾坤", "朗朗乾坤"),
        ("", ""),
        ("ABC 😀 \ud800", "ABC 😀 \ud800"),
    ],
)
def test_each_character_becomes_one(text: str, plain: str) -> None:
    assert simplified(text) == plain


def test_the_table_is_openccs_own() -> None:
    characters = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    plain = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    wanted = {
        before: after
        for before, after in zip(characters, plain, strict=True)
        if before not in (after, "乾") and len(after) == 1 and after < "\U00010000"
    }
    assert {chr(before): chr(after) for before, after in _table()[1].items()} == wanted
