"""Bytes to text: Chinese pages and exports say one encoding and are often in another."""

from __future__ import annotations

import codecs
from pathlib import Path

from w3lib.encoding import resolve_encoding

# What servers and editors declare without meaning it.
_MEANINGLESS = frozenset({"cp1252", "iso8859-1", "ascii"})
_CHUNK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def find_encoding(body: bytes, declared: str | None = None) -> str:
    """Return the encoding that `body` is in. `declared` is what its header or markup says.

    UTF-8 wins where the bytes are valid UTF-8, because Chinese text in GB18030 hardly ever is; else the
    declared encoding where the bytes are valid in it, else GB18030 (which contains GBK and GB2312). With
    stray bytes in all of them, UTF-8 where it makes more characters than it loses, else the next of these.
    Linear in the length of `body`.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return name
    said = resolve_encoding(declared) if declared else None
    candidates = ["utf-8", "gb18030"]
    if said is not None and said not in _MEANINGLESS and said not in candidates:
        candidates.insert(1, said)
    for name in candidates:
        try:
            body.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    # Bytes of another encoding make hardly any valid characters of UTF-8's longer sequences; GB18030 takes
    # nearly all for some character. So UTF-8 with stray bytes is known by the characters that it does make.
    text = body.decode("utf-8", "replace")
    strays = text.count("\ufffd")
    made = sum(char > "\x7f" for char in text) - strays
    return "utf-8" if made > strays else candidates[1]


def file_encoding(path: Path) -> str:
    """Return the encoding of a text file, reading all of it piece by piece. Memory does not grow with it."""
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if head.count(0) > len(head) // 4:
        # Chinese and Latin text in UTF-16 without its mark: the zeros of the Latin part tell the byte order.
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    for name in ("utf-8", "gb18030"):
        if _decodes(path, name):
            return name
    return find_encoding(head)


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
