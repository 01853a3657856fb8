"""One writing for all: simplified characters, ASCII letters and digits, nothing invisible.

All finders read the plain writing only; what they find is told by its place in the text as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from crawler.masking.kinds import Finding
from records.chinese import simplified

_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\ufeff\u20e3"
_INVISIBLE_SIGN = re.compile(f"[{_INVISIBLE}]")
# ①, ⑵, ❸, ²: what counts paragraphs and footnotes; a number only where many stand side by side.
_ENUMERATORS = "⓪①②③④⑤⑥⑦⑧⑨⑴⑵⑶⑷⑸⑹⑺⑻⑼⓿❶❷❸❹❺❻❼❽❾➀➁➂➃➄➅➆➇➈➊➋➌➍➎➏➐➑➒⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉"
_ENUMERATED = re.compile(rf"[{_ENUMERATORS}](?:[\s\-]?[{_ENUMERATORS}]){{6,}}")
_ENUMERATOR_DIGITS = str.maketrans({char: str(unicodedata.digit(char)) for char in _ENUMERATORS})
_HAN = range(0x3400, 0xA000)
_OTHER_SCRIPTS = range(0x80, 0x1FC00)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText:
    """`text` in plain writing. `at[i]` is where its character i stands in the original; None: at i."""

    text: str
    at: Sequence[int] | None

    def in_original(self, finding: Finding) -> Finding:
        """Return the finding with its place in the text as it was written."""
        if self.at is None:
            return finding
        return Finding(kind=finding.kind, start=self.at[finding.start], end=self.at[finding.end - 1] + 1)


@cache
def _plain_forms() -> dict[int, str]:
    """Return the letters and digits of other forms and scripts: Ａ, １, 𝟏, ١."""
    ascii_letters = {full: chr(full - 0xFEE0) for full in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
    return ascii_letters | {
        code: str(unicodedata.decimal(chr(code)))
        for code in _OTHER_SCRIPTS
        if unicodedata.category(chr(code)) == "Nd"
    }


@cache
def odd_signs() -> frozenset[str]:
    """Return the characters that plain writing has not; a text without any of them is plain."""
    traditional = (char for char in map(chr, _HAN) if simplified(char) != char)
    return frozenset([*_INVISIBLE, *_ENUMERATORS, *map(chr, _plain_forms()), *traditional])


def in_plain_writing(text: str) -> PlainText:
    plain = simplified(text)
    if not _plain_forms().keys().isdisjoint(map(ord, plain)):
        plain = plain.translate(_plain_forms())
    plain = _ENUMERATED.sub(lambda run: run[0].translate(_ENUMERATOR_DIGITS), plain)
    if _INVISIBLE_SIGN.search(plain) is None:
        return PlainText(text=plain, at=None)
    at = [index for index, char in enumerate(plain) if char not in _INVISIBLE]
    return PlainText(text="".join(plain[index] for index in at), at=at)
