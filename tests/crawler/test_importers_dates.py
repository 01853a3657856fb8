"""Dates as people write them into a cell."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.crawler.crawling import ZONE
from tests.crawler.exports import read, write_csv


@pytest.mark.parametrize(
    ("stated", "moment"),
    [
        ("2019/2/28 11:25:05", (2019, 2, 28, 11, 25, 5)),
        ("2019年2月28日 11时25分", (2019, 2, 28, 11, 25)),
        ("20190228", (2019, 2, 28)),
        ("20190228112505", (2019, 2, 28, 11, 25, 5)),
        ("2019-02-28 下午3:05", (2019, 2, 28, 15, 5)),
        ("2019年2月28日 星期四 上午9时5分", (2019, 2, 28, 9, 5)),
        ("2019/2/28 12:05 AM", (2019, 2, 28, 0, 5)),
        ("2024年3月1日 8时30分", (2024, 3, 1, 8, 30)),
        ("2024-3-1", (2024, 3, 1)),
        ("2024/3/1 8:30", (2024, 3, 1, 8, 30)),
        ("2024.03.01", (2024, 3, 1)),
        ("二〇二四年三月一日", (2024, 3, 1)),
        ("二零二四年十二月三十一日 8时30分", (2024, 12, 31, 8, 30)),
        ("二○二四年十月二十日", (2024, 10, 20)),
        ("２０１９－０２－２８　１１：２５", (2019, 2, 28, 11, 25)),
    ],
)
def test_text_dates(tmp_path: Path, stated: str, moment: tuple[int, ...]) -> None:
    (post,), _ = read(write_csv(tmp_path, [("内容", "时间"), ("停水了", stated)]))
    assert post.asked_at == datetime(*moment, tzinfo=ZONE)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ("3月1日", "no_year"),
        ("3月1日 8时30分", "no_year"),
        ("03-01 08:30", "no_year"),
        ("二〇二四年十三月一日", "bad_date"),
        ("二〇二四年二月三十日", "bad_date"),
        ("二〇二四年一二月一日", "bad_date"),
        ("2024年春", "bad_date"),
    ],
)
def test_a_date_that_is_not_certain_is_not_guessed(tmp_path: Path, stated: str, code: str) -> None:
    rows = [("内容", "时间"), ("停电了", "2024-03-01"), ("停水了", stated)]
    posts, rejected = read(write_csv(tmp_path, rows))
    assert (len(posts), [(row.row, row.code) for row in rejected]) == (1, [(3, code)])
