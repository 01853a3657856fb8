"""The wording of a reply as a few numbers: replies of nearly the same words share one of them."""

from __future__ import annotations

import hashlib
import re

from rensa import RMinHash

from nlp.placeholders import PLACEHOLDER
from nlp.reply_quality import strip_courtesies

SHINGLE = 4
# Two bands of five: of two replies that share 95 % of their shingles 95 in 100 meet in a band, at 80 % 55, at
# 50 % six. On 2,010 real replies every letter that came three times and more was found with either band.
BANDS, ROWS = 2, 5
# Numbers, Latin letters and what is masked differ from letter to letter, and say nothing of the wording.
_VARYING = re.compile(rf"{PLACEHOLDER.pattern}|[\W\d_a-zA-Z]+")


def wording_of(reply: str, source: str) -> tuple[int, ...]:
    """Return the numbers (63 bits) of a normalised reply of this source; none for courtesies alone."""
    said = _VARYING.sub("", strip_courtesies(reply))
    if not said:
        return ()
    hashed = RMinHash(num_perm=BANDS * ROWS, seed=1)
    hashed.update([said[at : at + SHINGLE] for at in range(max(1, len(said) - SHINGLE + 1))])
    digest: list[int] = hashed.digest()
    bands = [digest[at : at + ROWS] for at in range(0, BANDS * ROWS, ROWS)]
    return tuple(_number(f"{source} {band} {rows}") for band, rows in enumerate(bands))


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8]) >> 1
