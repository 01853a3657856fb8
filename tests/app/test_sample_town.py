"""The sample town: the same day gives the same bytes, its site is a real one, and its truths are in it."""

from __future__ import annotations

import http.client
import io
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import feedparser
import pytest
from openpyxl import load_workbook
from parsel import Selector

from app.sample_town import demo_sources, hotline_export
from app.sample_town.hotline import HEADER, hotline_columns
from app.sample_town.messages import town
from app.sample_town.site import TownSite
from app.sample_town.town import Board, Status, Town
from app.sample_town.wording import skeletons
from crawler.catalogue import load_catalogue
from records.times import DEFAULT_ZONE

TODAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=DEFAULT_ZONE)
YESTERDAY = datetime(2026, 11, 19, 8, tzinfo=DEFAULT_ZONE)


@pytest.fixture(scope="module")
def the_town() -> Town:
    return town(TODAY)


@pytest.fixture
def site(the_town: Town) -> Iterator[TownSite]:
    with TownSite(the_town, NOON) as running:
        yield running


def fetch(site: TownSite, address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of one real request."""
    parts = urlsplit(site.base_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", address, headers={k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def all_pages(site: TownSite) -> dict[str, bytes]:
    """Return every page that links lead to from the home page, by address."""
    waiting, seen = ["/", "/news/rss.xml", "/notices/sitemap.xml", "/robots.txt"], {}
    while waiting:
        address = waiting.pop()
        if address in seen or address.startswith("/manage/"):
            continue
        page = site.page(address)
        assert page.status == 200, address
        seen[address] = page.body
        if "html" in page.content_type:
            links = Selector(body=page.body, encoding=encoding_of(page.body)).css("a::attr(href)").getall()
            waiting += [urljoin(address, link) for link in links]
    return seen


def encoding_of(body: bytes) -> str:
    found = re.search(rb'<meta charset="([a-z0-9-]+)"', body)
    return found[1].decode() if found else "utf-8"


def test_same_day_gives_same_bytes(the_town: Town) -> None:
    first, second = TownSite(the_town, NOON), TownSite(town(TODAY), NOON)
    first.close(), second.close()
    pages = all_pages(first)
    assert len(pages) > 330
    other = all_pages(second)
    for address, body in pages.items():
        assert body.replace(first.base_url.encode(), b"") == other[address].replace(
            second.base_url.encode(), b""
        )


def test_another_day_shifts_the_dates(the_town: Town) -> None:
    later = town(TODAY + timedelta(days=30))
    assert len(later.messages) == len(the_town.messages)
    assert later.messages[-1].asked_at - the_town.messages[-1].asked_at == timedelta(days=30)
    assert min(m.asked_at for m in later.messages).date() >= later.today - timedelta(days=59)
    by_id = the_town.by_id()
    shifted = later.by_id()
    for then, now in zip(the_town.truth.water_cut, later.truth.water_cut, strict=True):
        assert by_id[then].text == shifted[now].text


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2028, 2, 29), date(2026, 5, 3)])
def test_any_day_will_do(day: date) -> None:
    there = town(day)
    assert len(there.truth.edited) == 8
    assert len(there.truth.planted) >= 40
    assert {m.asked_at.date() for m in there.messages} <= {day - timedelta(days=n) for n in range(60)}


def test_messages_are_many_and_unlike(the_town: Town) -> None:
    truth, messages = the_town.truth, the_town.messages
    assert len(skeletons()) >= 120
    assert len(messages) > 400
    assert len({m.post_id for m in messages}) == len(messages)
    assert len({m.topic for m in messages}) == 7
    texts = Counter(m.text for m in messages if m.post_id not in truth.copied)
    assert max(texts.values()) == 1
    assert all(40 <= len(m.text) <= 250 for m in messages)
    weekdays = [m for m in messages if m.asked_at.weekday() < 5]
    assert len(weekdays) / len(messages) > 0.7


def test_nothing_of_the_skeletons_shows(the_town: Town) -> None:
    for message in the_town.messages:
        shown = [message.title, message.text, message.department]
        shown += [text for reply in message.replies for _, text in reply.versions]
        assert not re.search(r"[\[\]<>|{}]", "".join(shown)), message.post_id


def test_replies_come_late_and_differ(the_town: Town) -> None:
    at_noon = Counter(m.status_at(NOON) for m in the_town.messages)
    assert set(at_noon) == set(Status)
    assert at_noon[Status.DONE] > len(the_town.messages) / 2
    for message in the_town.messages:
        times = [reply.replied_at for reply in message.replies]
        assert times == sorted(times)
        assert all(at > message.asked_at and at.weekday() < 5 for at in times)


def test_water_cut_surges(the_town: Town) -> None:
    truth, by_id = the_town.truth, the_town.by_id()
    reports = [by_id[post] for post in truth.water_cut]
    assert len(reports) >= 12
    assert {m.district for m in reports} == {truth.water_cut_district}
    assert {m.board for m in reports} == set(Board)
    assert all(NOON - timedelta(days=2) < m.asked_at < NOON + timedelta(hours=12) for m in reports)
    # At whatever hour somebody starts the demo, the day before it has shown many.
    for hour in range(24):
        end = NOON.replace(hour=hour)
        assert sum(end - timedelta(days=1) <= m.asked_at < end for m in reports) >= 8
    before = [m for m in the_town.messages if "停水" in m.title and m.post_id not in truth.water_cut]
    assert 1 <= len(before) <= 4
    assert all(m.asked_at < NOON - timedelta(days=5) for m in before)


def test_wages_wait(the_town: Town) -> None:
    reports = [the_town.by_id()[post] for post in the_town.truth.unpaid_wages]
    assert len(reports) == 5
    assert all(the_town.truth.unpaid_wages_site in m.title + m.text for m in reports)
    assert all(not m.replies and m.status_at(NOON) is Status.WAITING for m in reports)
    assert NOON - reports[0].asked_at > timedelta(days=21)


def test_pothole_has_eight_wordings(the_town: Town) -> None:
    reports = [the_town.by_id()[post] for post in the_town.truth.pothole]
    assert len(reports) == 8
    assert len({m.text for m in reports}) == 8
    assert all("沿溪东路" in m.title + m.text and "桂枝巷" in m.title + m.text for m in reports)


def test_one_complaint_is_copied_twenty_times(the_town: Town) -> None:
    copies = [the_town.by_id()[post] for post in the_town.truth.copied]
    assert len({m.native_id for m in copies}) == 20
    assert len({m.title for m in copies}) == 1
    shortest = min((m.text for m in copies), key=len)
    assert all(m.text.startswith(shortest) and len(m.text) - len(shortest) < 10 for m in copies)


def test_closed_problem_is_reported_again(the_town: Town) -> None:
    before = [the_town.by_id()[post] for post in the_town.truth.reopened]
    after = [the_town.by_id()[post] for post in the_town.truth.reopened_after]
    answered = [m for m in before if m.replies]
    assert [m.status_at(NOON) for m in answered] == [Status.DONE]
    reply = answered[0].replies[0]
    assert "已修复" in reply.versions[0][1]
    assert len(after) == 3
    assert all(m.asked_at > reply.replied_at and not m.replies for m in after)


def test_site_shows_only_what_was_there(site: TownSite, the_town: Town) -> None:
    fresh = the_town.by_id()[the_town.truth.water_cut[0]]
    address = f"/mailbox/{fresh.native_id}.html"
    assert fetch(site, address)[0] == 200
    site.as_of = YESTERDAY
    assert fetch(site, address)[0] == 404
    assert fresh.title not in fetch(site, "/mailbox/index.html")[2].decode()


def test_replies_are_edited_between_two_crawls(site: TownSite, the_town: Town) -> None:
    changed = []
    for post in the_town.truth.edited:
        message = the_town.by_id()[post]
        before, now = (message.replies_at(moment)[-1][1] for moment in (YESTERDAY, NOON))
        if before != now:
            changed.append(message)
            assert now.startswith(before)
    assert len(changed) == 3
    on_the_web = [m for m in changed if m.board is Board.MAYOR]
    for message in on_the_web:
        address = f"/mailbox/{message.native_id}.html"
        new = fetch(site, address)[2].decode()
        site.as_of = YESTERDAY
        old = fetch(site, address)[2].decode()
        site.as_of = NOON
        assert "更新）" in new
        assert "更新）" not in old
    assert on_the_web


def test_boards_have_pages_and_every_message_is_reached(site: TownSite, the_town: Town) -> None:
    pages = all_pages(site)
    for message in the_town.messages:
        if message.board is Board.MAYOR and message.asked_at <= NOON:
            assert message.text in pages[f"/mailbox/{message.native_id}.html"].decode()
        if message.board is Board.DISTRICT and message.asked_at <= NOON:
            assert message.text in pages[f"/wangshan/letter.asp?id={message.native_id}"].decode("gbk")
    assert "/mailbox/index_2.html" in pages
    assert "/wangshan/letters.asp?page=2" in pages


def test_district_board_is_really_gbk(site: TownSite) -> None:
    status, headers, body = fetch(site, "/wangshan/letters.asp?page=1")
    assert status == 200
    assert headers["Content-Type"] == "text/html"
    assert "望山区人民政府".encode("gbk") in body
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")
    assert re.search(r"<td>2026年11月\d+日</td>", body.decode("gbk"))


@pytest.mark.parametrize(
    "address", ["/mailbox/index.html", "/mailbox/20320.html", "/news/rss.xml", "/notices/3.html"]
)
def test_unchanged_page_is_304(site: TownSite, address: str) -> None:
    _, headers, _ = fetch(site, address)
    assert parsedate_to_datetime(headers["Last-Modified"]) <= NOON
    for known in ({"If_None_Match": headers["ETag"]}, {"If_Modified_Since": headers["Last-Modified"]}):
        status, _, body = fetch(site, address, **known)
        assert (status, body) == (304, b"")
    assert fetch(site, address, If_None_Match='"other"')[0] == 200
    assert fetch(site, address, If_Modified_Since="Thu, 01 Jan 2026 00:00:00 GMT")[0] == 200
    assert fetch(site, address, If_Modified_Since="yesterday")[0] == 200


def test_changed_page_is_no_304(site: TownSite) -> None:
    site.as_of = YESTERDAY
    _, headers, _ = fetch(site, "/mailbox/index.html")
    site.as_of = NOON
    assert fetch(site, "/mailbox/index.html", If_None_Match=headers["ETag"])[0] == 200
    assert fetch(site, "/mailbox/index.html", If_Modified_Since=headers["Last-Modified"])[0] == 200


@pytest.mark.parametrize(
    "address",
    [
        "/nothing", "/mailbox/1.html", "/mailbox/index_99.html", "/mailbox/index_x.html", "/manage/",
        "/wangshan/letter.asp", "/wangshan/letters.asp?page=0", "/news/999.html", "/notices/../x",
    ],
)  # fmt: skip
def test_what_is_not_there_is_404(site: TownSite, address: str) -> None:
    status, headers, body = fetch(site, address)
    assert status == 404
    assert "ETag" not in headers
    assert "404" in body.decode()


def test_feeds_are_read_and_the_dead_one_is_old(site: TownSite, the_town: Town) -> None:
    news = feedparser.parse(io.BytesIO(fetch(site, "/news/rss.xml")[2]))
    assert len(news.entries) == len(the_town.news) >= 15
    assert len({entry.id for entry in news.entries}) == len(news.entries)
    old = feedparser.parse(io.BytesIO(fetch(site, "/bianmin/rss.xml")[2]))
    newest = max(parsedate_to_datetime(entry.published) for entry in old.entries)
    assert NOON - newest > timedelta(days=30)
    assert fetch(site, "/zhenjie/rss.xml")[0] == 500


def test_notices_tell_their_date_in_the_head_alone(site: TownSite, the_town: Town) -> None:
    sitemap = fetch(site, "/notices/sitemap.xml")[2].decode()
    urls = re.findall("<loc>([^<]+)</loc>", sitemap)
    assert len(urls) == len(the_town.notices) >= 15
    page = Selector(text=fetch(site, urlsplit(urls[3]).path)[2].decode())
    date_in_head = page.css('meta[name="PubDate"]::attr(content)').get()
    assert date_in_head == the_town.notices[3].published_at.strftime("%Y-%m-%d %H:%M")
    assert page.css("article h1::text").get() == the_town.notices[3].title
    assert page.css("aside time")
    assert not page.css("article time")


def test_robots_closes_the_office(site: TownSite) -> None:
    assert "Disallow: /manage/" in fetch(site, "/robots.txt")[2].decode()


def test_planted_details_stand_in_the_open(site: TownSite, the_town: Town) -> None:
    raw = b"".join(all_pages(site).values())
    book = load_workbook(io.BytesIO(hotline_export(the_town)))
    cells = "\n".join(str(cell) for row in book.active.iter_rows(values_only=True) for cell in row)
    kinds = Counter(detail.kind for detail in the_town.truth.planted)
    assert set(kinds) == {
        "name", "mobile", "landline", "identity", "bank_card", "mail", "qq", "wechat", "plate", "room",
    }  # fmt: skip
    for detail in the_town.truth.planted:
        on_pages = detail.value.encode() in raw or detail.value.encode("gbk") in raw
        assert on_pages or detail.value in cells, detail
    assert "留言人：李*".encode() in raw


def test_planted_identities_have_the_right_check_digit(the_town: Town) -> None:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    for detail in the_town.truth.planted:
        if detail.kind == "identity":
            number = detail.value.replace(" ", "")
            total = sum(int(digit) * weight for digit, weight in zip(number[:17], weights, strict=True))
            assert number[17] == "10X98765432"[total % 11], detail


def test_hotline_export_opens(the_town: Town) -> None:
    whole = hotline_export(the_town)
    assert whole == hotline_export(town(TODAY))
    sheet = load_workbook(io.BytesIO(whole)).active
    assert "A1:M1" in [str(cells) for cells in sheet.merged_cells.ranges]
    assert tuple(cell.value for cell in sheet[3]) == HEADER
    cases = [m for m in the_town.messages if m.board is Board.HOTLINE]
    assert sheet.max_row == 3 + len(cases)
    assert sheet["A4"].value == cases[-1].native_id
    columns = hotline_columns(the_town)
    assert {detail.value for detail in columns if detail.where == cases[-1].post_id} == {
        sheet[f"{letter}4"].value for letter in "CDE"
    }
    earlier = load_workbook(io.BytesIO(hotline_export(the_town, as_of=YESTERDAY))).active
    assert earlier.max_row < sheet.max_row


def test_catalogue_is_one_that_the_crawler_takes(site: TownSite, the_town: Town, tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    file.write_text(demo_sources(site.base_url), encoding="utf-8")
    catalogue = load_catalogue(file)
    names = {source.name for source in catalogue}
    assert {Board.MAYOR.value, Board.DISTRICT.value, "news", "notices"} < names
    assert set(the_town.truth.dead_sources + the_town.truth.broken_sources) < names
    for source in catalogue:
        expected = 500 if source.name in the_town.truth.broken_sources else 200
        assert fetch(site, source.start_urls[0].removeprefix(site.base_url))[0] == expected


def test_port_in_use_is_an_error(site: TownSite, the_town: Town) -> None:
    with pytest.raises(OSError, match="in use"):
        TownSite(the_town, NOON, port=urlsplit(site.base_url).port or 0)
