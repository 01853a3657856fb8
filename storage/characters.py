"""Text as characters, so that it is found however it was cut into words (docs/decisions/005).

A text becomes pieces, in half width, lower case and simplified characters: each CJK character is one, each
run of other letters and digits is one. Blanks are dropped, for Chinese has none and wrapped lines do. Any
other marks between two pieces become one GAP. "Wi-Fi坏 了！" gives wi ， fi 坏 了.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from records.chinese import simplified

# A mark, so that it can be nothing else among pieces, and one that can be shown to people.
GAP = "，"
# Holds the two parts of a pair apart where no mark does, else "ab c" and "a bc" were the same.
JOINT = "_"

# Elasticsearch parts longer words at 255 characters, tantivy drops them at 65,530 bytes. A pair is two runs.
LONGEST_WORD = 255
_LONGEST_RUN = 100

_BLANK = r"\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
_CJK = r"[^\W\x00-\u2e7f]"  # Han, kana, hangul: no script above this parts its words by blanks
_LETTER = r"[^\W_\u2e80-\U0010ffff]"
_MARKS = re.compile(rf"(?:_|[^\w{_BLANK}])[\W_]*")
_LETTERS = re.compile(f"{_LETTER}+")
_ONLY_CJK = re.compile(f"{_CJK}+")
_PIECE = re.compile(rf"{_CJK}|{_LETTER}{{1,{_LONGEST_RUN}}}|{GAP}")
# What one character cannot stand for among the pieces of a text with gaps, and what is no piece.
RUN = re.compile(f"{_LETTER}{{2,{_LONGEST_RUN}}}")
BLANKS = re.compile(f"[{_BLANK}]+")
# Letters and digits of full width, and the one letter whose lower case is longer: offsets stay true.
_WIDE = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\u0130]")
_WIDTH = {full: full - 0xFEE0 for full in range(0xFF10, 0xFF5B)} | {0x0130: 0x69}


def pieces(text: str) -> list[str]:
    """Return the pieces of `text`; marks at its ends are left out. Linear, 0.07 ms for 400 characters."""
    found: list[str] = _PIECE.findall(with_gaps(text))
    return found[found[:1] == [GAP] : len(found) - (found[-1:] == [GAP])]


def with_gaps(text: str) -> str:
    """Return `text` in half width and lower case, each run of marks in it one GAP. Blanks are still there."""
    return _MARKS.sub(GAP, _normal(text))


def are_only_cjk(word: str) -> bool:
    """Return whether each character of `word` is a piece: a text that has the word then has its pieces."""
    return _ONLY_CJK.fullmatch(word) is not None


def pairs(of: Sequence[str]) -> list[str]:
    """Return each piece joined with the next: as terms one after the other they tell the whole sequence.

    A gap is what joins the pieces around it: 停 ， 水 电 gives 停，水 and 水_电.
    """
    joined = JOINT.join(of).replace(f"{JOINT}{GAP}{JOINT}", f" {GAP}").replace(JOINT, f" {JOINT}").split()
    return [first.lstrip(f"{JOINT}{GAP}") + second for first, second in pairwise(joined)]


def in_parts(words: Iterable[str]) -> list[str]:
    """Return the words without blanks in them and none above LONGEST_WORD: every engine takes these."""
    parts = " ".join(words).split()
    if max(map(len, parts), default=0) <= LONGEST_WORD:
        return parts
    return [
        part[start : start + LONGEST_WORD] for part in parts for start in range(0, len(part), LONGEST_WORD)
    ]


def find_pieces(text: str, wanted: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each place in `text` where the pieces `wanted` stand one after the other."""
    if wanted:
        pattern = rf"[{_BLANK}]*".join(map(_pattern, wanted))
        # Looking ahead finds overlapping places too.
        for match in re.finditer(f"(?=({pattern}))", _normal(text)):
            yield match.span(1)


def _pattern(piece: str) -> str:
    if piece == GAP:
        return _MARKS.pattern
    # A run of letters is found as a whole only.
    return f"(?<!{_LETTER}){piece}(?!{_LETTER})" if _LETTERS.fullmatch(piece) else piece


def _normal(text: str) -> str:
    return simplified(text.translate(_WIDTH) if _WIDE.search(text) else text).lower()
