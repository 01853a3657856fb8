"""Rows as a stream: read by whoever, given back in order, each id taken once, few in memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from crawler.importers import KnownRow, ReadRow, RejectedRow, read_export
from crawler.importing.stream import BATCH_ROWS, Read, RowBatch
from records.post import Channel
from tests.crawler.crawling import NOW
from tests.crawler.exports import read, write_csv

HEADER = ("编号", "内容", "时间")
MEASURE = """
import resource, sys
from pathlib import Path
from crawler.importing.tables import csv_rows, sheets, xlsx_rows
path = Path(sys.argv[1])
rows = csv_rows(path, encoding="utf-8", delimiter=",")
if path.suffix == ".xlsx":
    rows = xlsx_rows(path, sheets(path)[0])
next(rows)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(1 for _ in rows)
print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def drawn_ahead(
    function: Callable[[RowBatch], list[Read]], batches: Iterable[RowBatch]
) -> Iterator[list[Read]]:
    """Apply as other processes do: every batch is drawn before the first is given back."""
    return map(function, list(batches))


def test_rows_keep_their_order_and_an_id_is_taken_once_whoever_reads_them(tmp_path: Path) -> None:
    rows = [(str(number), "路灯坏了", "2026-11-01") for number in range(2 * BATCH_ROWS + 10)]
    rows[3] = ("3", "停水了", "3月1日")  # not taken: a later row of its id is
    rows[BATCH_ROWS + 1] = ("3", "停水了", "2026-11-01")
    rows[BATCH_ROWS + 2] = ("0", "停电了", "2026-11-01")
    rows[2 * BATCH_ROWS + 1] = ("3", "停水了", "2026-11-01")
    path = write_csv(tmp_path, [HEADER, *rows])
    posts, rejected = read(path, spread=drawn_ahead)
    assert [(row.row, row.code) for row in rejected] == [
        (5, "no_year"),
        (BATCH_ROWS + 4, "duplicate_id"),
        (2 * BATCH_ROWS + 3, "duplicate_id"),
    ]
    left_out = {row.row - 2 for row in rejected}
    assert [post.native_id for post in posts] == [
        native_id for at, (native_id, _, _) in enumerate(rows) if at not in left_out
    ]
    assert read(path) == (posts, rejected)


def test_a_row_that_is_stored_is_passed_over_once_and_not_read(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path, [HEADER, *[("1", "路灯坏了", "2026-11-01")] * 2, ("2", "停水了", "2026-11-01")]
    )
    asked: list[int] = []

    def counting(
        function: Callable[[RowBatch], list[Read]], batches: Iterable[RowBatch]
    ) -> Iterator[list[Read]]:
        for batch in batches:
            asked.append(len(batch.rows))
            yield function(batch)

    def results(known: dict[str, str]) -> list[ReadRow | KnownRow | RejectedRow]:
        return list(
            read_export(
                path,
                source="hotline",
                channel=Channel.HOTLINE,
                now=NOW,
                known=lambda _: known,
                spread=counting,
            )
        )

    first = results({})
    stored = {row.post.id: row.fingerprint for row in first if isinstance(row, ReadRow)}
    again = results(stored)
    assert [type(row) for row in first] == [ReadRow, RejectedRow, ReadRow]
    assert [type(row) for row in again] == [KnownRow, RejectedRow, KnownRow]
    assert again[1] == first[1]
    assert asked == [3, 0]


def test_batches_are_drawn_as_they_are_read(tmp_path: Path) -> None:
    path = write_csv(tmp_path, [HEADER, *[(str(n), "路灯坏了", "2026-11-01") for n in range(3 * BATCH_ROWS)]])
    drawn: list[int] = []

    def counting(
        function: Callable[[RowBatch], list[Read]], batches: Iterable[RowBatch]
    ) -> Iterator[list[Read]]:
        for batch in batches:
            drawn.append(len(batch.rows))
            yield function(batch)

    rows = read_export(path, source="hotline", channel=Channel.HOTLINE, now=NOW, spread=counting)
    taken = [len(drawn) for _ in rows]
    assert drawn == [BATCH_ROWS] * 3
    assert [at for at, (before, after) in enumerate(pairwise(taken), start=1) if after > before] == [
        BATCH_ROWS,
        2 * BATCH_ROWS,
    ]


def test_a_hundred_thousand_rows_are_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("编号,内容,时间\n")
        file.writelines(f"{number},{'路灯坏了。' * 20},2026-11-01\n" for number in range(100_000))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    count, grown_mb = map(int, done.stdout.split())
    assert count == 100_000
    assert grown_mb < 10
