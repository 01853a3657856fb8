from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alerts.coverage import Coverage, coverage_of, speaks_of
from alerts.health import HealthState, SourceHealth, source_health
from alerts.workdays import is_workday
from crawler.catalogue import Catalogue, load_catalogue
from records.post import Channel, Post
from records.run import RunCounts, RunKind, RunState
from records.times import DEFAULT_ZONE, Period
from storage.database import Database
from tests.alerts.samples import DAY, HOUR, NOW

CATALOGUE = """\
sources:
  - name: board
    title: A市留言板
    channel: inbox
    spider: board
    start_urls: [https://www.example.gov.cn/list.html]
    selectors: {item: li, title: h1, body: .text, asked_at: .time}
  - name: notices
    title: A市公告
    channel: notice
    spider: feed
    start_urls: [https://www.example.gov.cn/feed.xml]
  - name: stopped
    title: 停用
    channel: inbox
    enabled: false
    spider: feed
    start_urls: [https://www.example.gov.cn/old.xml]
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    path = tmp_path / "sources.yaml"
    path.write_text(CATALOGUE, encoding="utf-8")
    return load_catalogue(path)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path / 'town.sqlite'}") as opened:
        yield opened


def crawled(database: Database, times: Sequence[datetime], *, failed: bool = False, **counts: object) -> None:
    """Store crawls at the times, each with something new."""
    for moment in sorted(times):
        run = database.runs.start(RunKind.CRAWL, "board", now=moment)
        state = RunState.FAILED if failed else RunState.DONE
        error = "connection refused" if failed else None
        found = RunCounts(**{"fetched": 1, "stored": 1, **counts})  # type: ignore[arg-type]
        database.runs.finish(run, state, found, now=moment, error=error)


def asked(database: Database, times: Sequence[datetime]) -> None:
    database.posts.save(
        [
            Post(
                source="board", channel=Channel.INBOX, native_id=str(moment), text="路灯不亮",
                asked_at=moment, fetched_at=moment,
            )
            for moment in times
        ]
    )  # fmt: skip


def daily(first: int, last: int) -> list[datetime]:
    """Return this hour of the days from `first` to `last` days ago."""
    return [NOW - day * DAY for day in range(last, first + 1)]


Health = Callable[[], SourceHealth]


@pytest.fixture
def board(catalogue: Catalogue, database: Database) -> Health:
    return lambda: source_health(catalogue, database, now=NOW)[0]


def test_a_source_that_answers_and_brings_news_is_well(database: Database, board: Health) -> None:
    crawled(database, daily(9, 0))
    asked(database, daily(9, 1))
    found = board()
    assert (found.state, found.last_success, found.last_new_post) == (HealthState.OK, NOW, NOW - DAY)
    assert found.reason.startswith("正常")


def test_one_never_crawled_says_so(database: Database, board: Health) -> None:
    assert (board().state, board().reason) == (HealthState.NEVER, "从未成功抓取。")
    crawled(database, [NOW - HOUR], failed=True)
    assert board().state is HealthState.NEVER
    assert "connection refused" in board().reason


@pytest.mark.parametrize(
    ("last", "state"), [(1, HealthState.OK), (3, HealthState.LATE), (5, HealthState.BLIND)]
)
def test_late_and_blind_go_by_its_own_rhythm(
    database: Database, board: Health, last: int, state: HealthState
) -> None:
    asked(database, daily(40, last))
    crawled(database, daily(40, last))
    crawled(database, daily(last - 1, 0), failed=True)
    found = board()
    assert found.state is state
    if state is not HealthState.OK:
        assert found.since == NOW - last * DAY
        assert f"{last}天" in found.reason
        assert "平常约24小时一次，最近一次出错：connection refused" in found.reason


def test_hourly_sources_are_late_after_hours_and_blind_after_a_day(database: Database, board: Health) -> None:
    asked(database, daily(9, 0))
    crawled(database, [NOW - hour * HOUR for hour in range(3, 60)])
    assert board().state is HealthState.LATE
    assert "上次成功在3小时前，平常约1小时一次" in board().reason


def test_a_crawl_soon_after_another_makes_no_source_late(database: Database, board: Health) -> None:
    asked(database, daily(9, 0))
    crawled(database, [NOW - DAY, NOW - HOUR, NOW - HOUR + timedelta(minutes=3)])
    assert board().state is HealthState.OK


def test_a_source_that_rests_because_it_seldom_changes_is_not_late(database: Database, board: Health) -> None:
    asked(database, daily(9, 0))
    crawled(database, [NOW - hour * HOUR for hour in range(3, 60)], stored=0)
    assert board().state is HealthState.OK


def test_a_site_that_refuses_is_not_seen(catalogue: Catalogue, database: Database, board: Health) -> None:
    asked(database, daily(9, 0))
    crawled(database, daily(9, 2))
    crawled(database, daily(1, 0), failed=True, failure="access_denied")
    found = board()
    assert (found.state, found.since) == (HealthState.REFUSED, NOW - DAY)
    assert "网站拒绝访问" in found.reason
    coverage = coverage_of(catalogue, database, now=NOW)
    assert coverage.blind_sources == ("board",)
    assert gaps(coverage) == [(HealthState.REFUSED, NOW - DAY, NOW, False)]


def test_a_site_whose_pages_cannot_be_read_has_changed_and_is_blind_in_time(
    catalogue: Catalogue, database: Database, board: Health
) -> None:
    asked(database, daily(19, 0))
    crawled(database, daily(30, 11))
    crawled(database, daily(10, 0), stored=0, quarantined={"selector_matched_nothing": 1})
    found = board()
    assert (found.state, found.since) == (HealthState.CHANGED, NOW - 10 * DAY)
    assert found.last_success == NOW - 11 * DAY
    coverage = coverage_of(catalogue, database, now=NOW)
    assert gaps(coverage) == [(HealthState.CHANGED, NOW - 11 * DAY, NOW, True)]
    assert coverage.was_blind((NOW - 5 * DAY).date())


def test_what_the_site_shows_and_we_have_not_is_told(database: Database, board: Health) -> None:
    crawled(database, daily(9, 0), gaps={"messages": 12, "unread_pages": 1})
    asked(database, daily(9, 1))
    assert board().reason.endswith("网站显示的比我们多 12 条；列表还有页没有读到（max_pages）。")


def test_a_source_that_rests_on_weekends_is_not_silent_after_one(
    catalogue: Catalogue, database: Database
) -> None:
    monday = datetime(2026, 3, 16, 8, 0, tzinfo=DEFAULT_ZONE)
    days = [monday - n * DAY for n in range(3, 90)]
    asked(database, [day for day in days if is_workday(day.date())])
    crawled(database, days)
    impatient = catalogue.sources[0].model_copy(update={"expected_every_days": 1})
    board = Catalogue(sources=(impatient,))
    crawled(database, [monday])
    assert source_health(board, database, now=monday)[0].state is HealthState.OK
    tuesday = monday + 2 * DAY
    crawled(database, [tuesday])
    assert source_health(board, database, now=tuesday)[0].state is HealthState.DEAD


def test_a_source_that_has_fallen_silent_is_dead_not_blind(database: Database, board: Health) -> None:
    crawled(database, daily(60, 0))
    asked(database, [NOW - day * DAY for day in range(41, 80, 2)])
    found = board()
    assert found.state is HealthState.DEAD
    assert found.last_new_post == NOW - 41 * DAY
    assert found.reason == "抓取正常，但已41天没有新内容，平常最多隔2天。"


def test_a_slow_source_is_quiet_not_dead(database: Database, board: Health) -> None:
    crawled(database, daily(60, 0))
    asked(database, [NOW - day * DAY for day in (12, 22, 32, 40, 50, 60)])
    assert board().state is HealthState.OK


def test_a_source_crawled_well_that_never_gave_anything_is_dead(database: Database, board: Health) -> None:
    crawled(database, daily(3, 0))
    assert (board().state, board().reason) == (HealthState.DEAD, "抓取正常，但从未见到内容。")


def test_sources_that_are_off_are_not_watched(catalogue: Catalogue, database: Database) -> None:
    assert [one.name for one in source_health(catalogue, database, now=NOW)] == ["board", "notices"]


def gaps(coverage: Coverage) -> list[tuple[HealthState, datetime, datetime, bool]]:
    """Return those of the board; the notices were never crawled."""
    return [(gap.state, gap.start, gap.end, gap.is_blind) for gap in coverage.gaps if gap.source == "board"]


def test_the_days_of_an_outage_are_blind_and_those_before_the_first_crawl_are_not(
    catalogue: Catalogue, database: Database
) -> None:
    crawled(database, [*daily(30, 20), *daily(10, 0)])
    coverage = coverage_of(catalogue, database, now=NOW)
    missed = [day for day in range(60, -1, -1) if coverage.was_blind((NOW - day * DAY).date())]
    assert missed == list(range(19, 10, -1))
    assert gaps(coverage) == [(HealthState.BLIND, NOW - 20 * DAY, NOW - 10 * DAY, True)]


def test_a_board_seen_at_present_hides_what_it_missed(catalogue: Catalogue, database: Database) -> None:
    crawled(database, [*daily(30, 20), *daily(10, 0)])
    coverage = coverage_of(catalogue, database, now=NOW)
    assert coverage.was_blind((NOW - 15 * DAY).date())
    assert not coverage.was_blind((NOW - 5 * DAY).date())
    assert coverage.blind_sources == ()


def test_a_source_that_is_blind_now_is_left_out_whole(catalogue: Catalogue, database: Database) -> None:
    crawled(database, daily(30, 20))
    asked(database, daily(30, 20))
    coverage = coverage_of(catalogue, database, now=NOW)
    assert coverage.blind_sources == ("board",)
    assert not coverage.was_blind((NOW - 15 * DAY).date())


def test_a_single_missed_crawl_makes_no_blind_day(catalogue: Catalogue, database: Database) -> None:
    crawled(database, [moment for moment in daily(30, 0) if moment != NOW - 7 * DAY])
    assert gaps(coverage_of(catalogue, database, now=NOW + timedelta(hours=5))) == []


def test_nothing_known_is_nothing_blind() -> None:
    assert Coverage().blind_sources == ()
    assert not Coverage().was_blind(NOW.date())


def test_each_part_of_a_period_names_what_was_not_read_in_it(
    catalogue: Catalogue, database: Database
) -> None:
    crawled(database, [*daily(60, 50), *daily(40, 20)])
    crawled(database, daily(18, 5), failed=True, failure="access_denied")
    crawled(database, daily(4, 3))
    coverage = coverage_of(catalogue, database, now=NOW)
    assert gaps(coverage) == [
        (HealthState.BLIND, NOW - 50 * DAY, NOW - 40 * DAY, True),
        (HealthState.REFUSED, NOW - 20 * DAY, NOW - 4 * DAY, True),
        (HealthState.LATE, NOW - 3 * DAY, NOW, False),
    ]
    autumn = Period(start=NOW - 45 * DAY, end=NOW - 10 * DAY)
    missed = [gap.part_of(autumn) for gap in coverage.during(autumn) if gap.source == "board"]
    assert missed == [
        Period(start=NOW - 45 * DAY, end=NOW - 40 * DAY),
        Period(start=NOW - 20 * DAY, end=NOW - 10 * DAY),
    ]
    assert [gap.lasts for gap in coverage.gaps if gap.source == "board"] == [False, False, True]
    well = Period(start=NOW - 39 * DAY, end=NOW - 21 * DAY)
    assert [gap.source for gap in coverage.during(well)] == ["notices"]  # never crawled at all


def test_what_was_not_looked_at_is_not_called_seen(catalogue: Catalogue, database: Database) -> None:
    crawled(database, [*daily(60, 50), *daily(40, 0)])
    week, quarter = Period(start=NOW - 7 * DAY, end=NOW), Period(start=NOW - 90 * DAY, end=NOW)
    every = coverage_of(catalogue, database, now=NOW)
    assert (every.known_from, every.is_known(quarter)) == (None, True)
    newest = coverage_of(catalogue, database, now=NOW, most_runs=20)
    assert newest.known_from == NOW - 19 * DAY
    assert (newest.is_known(week), newest.is_known(quarter)) == (True, False)


def test_a_blind_source_elsewhere_takes_nothing_from_a_place(
    catalogue: Catalogue, database: Database
) -> None:
    crawled(database, daily(30, 20))
    here = catalogue.sources[0].model_copy(update={"place": "北城区"})
    coverage = coverage_of(Catalogue(sources=(here,)), database, now=NOW)
    week = Period(start=NOW - 7 * DAY, end=NOW)
    assert [gap.source for gap in coverage.during(week, "北城区")] == ["board"]
    assert [gap.source for gap in coverage.during(week)] == ["board"]
    assert coverage.during(week, "南城区") == ()


@pytest.mark.parametrize(
    ("declared", "place", "may"),
    [
        (None, "北城区", True),
        ("北城区", "北城区", True),
        ("柳溪市", "北城区", True),
        ("北城区", "柳溪市", True),
        ("柳溪市北城区", "北城区", True),
        ("北城区", "南门街道", True),
        ("北城区", "柳巷", True),
        ("长沙市", "浏阳市", True),
        ("长沙", "湘江北路", True),
        ("北城区", "西街社区", True),
        ("北城区", "南城区", False),
        ("柳溪市", "石桥市", False),
        ("南门街道", "北关镇", False),
    ],
)
def test_which_sources_may_speak_of_a_place(declared: str | None, place: str, may: bool) -> None:
    assert speaks_of(declared, place) is may
