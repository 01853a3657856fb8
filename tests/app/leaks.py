"""Looks for personal details in everything that an installation keeps."""

from __future__ import annotations

import io
import sqlite3
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from app.sample_town.town import Planted
from nlp.segment import words
from storage.search import SearchIndex

HAN_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")


def writings(value: str) -> set[str]:
    """Return a detail as it was written and as a careful program would normalise it."""
    plain = unicodedata.normalize("NFKC", value).translate(HAN_DIGITS)
    bare = "".join(char for char in plain if char not in " -·")
    return {value, plain, bare} if len(bare) > 4 else {value, plain}


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file below `folder`, and what is packed within; the write-ahead log is a file too."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            yield str(path.relative_to(folder)), content
            if zipfile.is_zipfile(io.BytesIO(content)):
                with zipfile.ZipFile(io.BytesIO(content)) as packed:
                    yield from ((f"{path.name}!{name}", packed.read(name)) for name in packed.namelist())


def cells_of(database: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every table as text: values that the file's pages cut in two are whole here."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            rows = connection.execute(f'select * from "{table}"').fetchall()
            yield f"table {table}", "\n".join(str(cell) for row in rows for cell in row).encode()


def leaks_in_files(folder: Path, details: Iterable[Planted]) -> list[str]:
    """Return where each detail that is found stands; empty is what we want."""
    details = list(details)
    places = list(files_of(folder))
    for database in sorted(folder.rglob("*.sqlite")):
        places += cells_of(database)
    return [
        f"{detail.kind} of {detail.where} in {name}"
        for detail in details
        for needle in writings(detail.value)
        for name, content in places
        if needle.encode() in content or needle.encode("gbk") in content or escaped(needle) in content
    ]


def escaped(needle: str) -> bytes:
    r"""Return the detail as JSON with \u escapes would hold it."""
    return needle.encode("ascii", "backslashreplace")


def leaks_in_index(index: SearchIndex, details: Iterable[Planted]) -> list[str]:
    """Return the details that a search finds. The index packs its texts, so that bytes alone prove little."""
    return [
        f"{detail.kind} of {detail.where}"
        for detail in details
        for needle in writings(detail.value)
        if any(index.count(f'{name}:"{" ".join(words(needle))}"') for name in ("title", "text", "reply"))
    ]
