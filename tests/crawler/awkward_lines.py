"""How the awkward lines of tests/crawler/test_masking_*.py are read.

What stands in {} must not be readable after masking; what stands outside it, except in the line's other
details, should. ⏎ is a line break.
"""

from __future__ import annotations

import re

from crawler.masking import mask


def lines(text: str) -> list[str]:
    return [line for line in text.strip().split("\n") if line and not line.startswith("#")]


def readable(line: str) -> list[str]:
    """Return the details of the line that still stand in it after masking."""
    text = line.replace("⏎", "\n")
    masked = mask(re.sub(r"[{}]", "", text))
    return [
        detail
        for detail in re.findall(r"(?s)\{(.+?)\}", text)
        if any(part in masked for part in _parts(detail))
    ]


def _parts(detail: str) -> list[str]:
    """Return what must not be left of a detail: two Han characters, four others."""
    size = min(len(detail), 2 if re.fullmatch(r"[\u4e00-\u9fff]+", detail) else 4)
    return [detail[start : start + size] for start in range(len(detail) - size + 1)]
