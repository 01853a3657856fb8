"""The text of a query before it is parsed: forms of the same character, escapes, quotes."""

from __future__ import annotations

import re
import unicodedata

# One character for one, so that positions stay true. ？ and ／ end sentences and part words in Chinese
# text far more often than they are meant as wildcard and regular expression.
_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_WIDTH |= dict.fromkeys(map(ord, "“”„‟「」『』＂"), ord('"'))
_WIDTH |= dict.fromkeys(map(ord, "　，、；。！？／"), ord(" "))
_WIDTH |= {ord("【"): ord("("), ord("】"): ord(")"), ord("—"): ord("-"), ord("－"): ord("-")}
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})


def normalised(text: str) -> str:
    """Return `text` as it is read outside of quotes: in half width, unseen characters and stops as blanks."""
    return without_unseen(text).translate(_WIDTH)


def quoted(value: str) -> str:
    """Return `value` as a phrase of the query language, for queries put together: "place:" + quoted(…)."""
    return '"' + re.sub(r'(["\\“”„‟「」『』＂＼])', r"\\\1", value) + '"'


def without_unseen(text: str) -> str:
    """Return `text` with a blank for each character that cannot be seen."""
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(char) in _UNSEEN else char for char in text)


def unescaped(text: str) -> str:
    """Return `text` without the signs that take the meaning of what follows them."""
    return re.sub(r"[\\＼](.)", r"\1", text)
