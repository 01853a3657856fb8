"""`sources add` and `sources show` as an operator types them, against the sample town's site."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from app.sample_town.messages import town
from app.sample_town.site import TownSite
from crawler.catalogue import load_catalogue
from records.times import DEFAULT_ZONE
from tests.app.conftest import Huiying


@pytest.fixture
def site() -> Iterator[TownSite]:
    with TownSite(town(date(2026, 11, 20)), datetime(2026, 11, 20, 12, tzinfo=DEFAULT_ZONE)) as running:
        yield running


def test_a_board_is_added_shown_and_not_added_twice(huiying: Huiying, site: TownSite, tmp_path: Path) -> None:
    url = f"{site.base_url}/wangshan/letters.asp?page=1"
    added = huiying("sources", "add", url, "--local", "--yes", "--place", "望山区", "--format", "jsonl")
    assert added.code == 0, added.err
    assert {row["栏目"]: row["得到"] for row in added.rows}["提问时间"] == "5/5"
    assert "留言人" in added.err
    (source,) = load_catalogue(tmp_path / "data" / "sources.yaml")
    assert (source.name, source.place, source.spider, source.local) == ("wangshan", "望山区", "board", True)
    assert "留言人" not in source.model_dump_json()
    shown = huiying("sources", "show", "wangshan").out
    assert "留言板" in shown
    assert "提问时间：td#sj" in shown
    again = huiying("sources", "add", url, "--local", "--yes", "--name", "wangshan")
    assert (again.code, "taken" in again.err) == (2, True)


def test_what_cannot_be_added_is_said_in_one_line(huiying: Huiying, site: TownSite, tmp_path: Path) -> None:
    for arguments, reason in (
        (("https://weibo.com/u/1", "--yes"), "refused"),
        (("ftp://example.org/", "--yes"), "not a web address"),
        ((site.base_url,), "--yes"),
        ((f"{site.base_url}/nothing.html", "--local", "--yes"), "404"),
    ):
        result = huiying("sources", "add", *arguments)
        assert result.code != 0
        assert reason in result.err.splitlines()[-1]
    assert len(load_catalogue(tmp_path / "data" / "sources.yaml")) == 0
