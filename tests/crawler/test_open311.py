"""The open311 spider against an endpoint that answers by dates and by numbers, as GeoReport v2 says."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler.open311_requests import read_requests
from crawler.tally import Quarantined
from tests.crawler.boards import catalogue
from tests.crawler.crawling import NOW, ZONE, Crawled, crawl_into
from tests.crawler.site import Handler, Page, Site, html

PERSONS = {
    "first_name": "三丰", "last_name": "张", "email": "a@example.org", "phone": "13912345678",
    "device_id": "device-77", "account_id": "account-88", "address": "湖滨花园3栋501",
    "lat": "30.517328", "long": "114.318572", "media_url": "http://x/1.jpg",
}  # fmt: skip


def request(number: int, asked_at: datetime, **values: str) -> dict[str, str]:
    return {
        "service_request_id": str(number),
        "service_name": "路灯",
        "description": f"第{number}盏路灯不亮。",
        "status": "open",
        "agency_responsible": "城管局",
        "requested_datetime": asked_at.isoformat(),
        **PERSONS,
        **values,
    }


class Endpoint:
    """Answers requests by start_date and end_date, or by service_request_id."""

    def __init__(self, *requests: dict[str, str], as_xml: bool = False) -> None:
        self.requests = list(requests)
        self.as_xml = as_xml
        self.asked: list[dict[str, str]] = []

    def __call__(self, handler: Handler) -> Page:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(handler.path).query).items()}
        self.asked.append(asked)
        found = [one for one in self.requests if self._fits(one, asked)]
        if not self.as_xml:
            return html(json.dumps(found), content_type="application/json")
        items = "".join(
            "<request>" + "".join(f"<{key}>{value}</{key}>" for key, value in one.items()) + "</request>"
            for one in found
        )
        text = f'<?xml version="1.0" encoding="utf-8"?><service_requests>{items}</service_requests>'
        return html(text, content_type="text/xml")

    def _fits(self, one: dict[str, str], asked: dict[str, str]) -> bool:
        if "service_request_id" in asked:
            return one["service_request_id"] in asked["service_request_id"].split(",")
        moment = datetime.fromisoformat(one["requested_datetime"])
        return (
            datetime.fromisoformat(asked["start_date"]) <= moment < datetime.fromisoformat(asked["end_date"])
        )


def crawl(site: Site, folder: Path, **options: datetime) -> Crawled:
    extra = f"jurisdiction_id: lake.example\nhistory_days: 30\npublic_url: '{site.url}/case/{{id}}'"
    text = catalogue(f"{site.url}/v2/requests.json", spider="open311", selectors="", extra=extra)
    return crawl_into(folder, text, **options)


@pytest.mark.parametrize("as_xml", [False, True])
def test_windows_of_dates_back_to_the_beginning_without_persons(
    site: Site, tmp_path: Path, as_xml: bool
) -> None:
    notes = {"status": "closed", "status_notes": "已修复。", "updated_datetime": "2026-11-19T10:00:00+08:00"}
    endpoint = site.pages["/v2/requests.json"] = Endpoint(
        request(1, NOW - timedelta(days=1), **notes),
        request(2, NOW - timedelta(days=20)),
        request(3, NOW - timedelta(days=31)),
        as_xml=as_xml,
    )
    crawled = crawl(site, tmp_path)
    assert (crawled.error, sorted(crawled.posts)) == (None, ["1", "2"])
    assert len(endpoint.asked) == 5  # 30 days in weeks
    assert {asked["jurisdiction_id"] for asked in endpoint.asked} == {"lake.example"}
    post = crawled.posts["1"]
    assert (post.title, post.text, post.status) == ("路灯", "第1盏路灯不亮。", "closed")
    assert (post.addressed_to, post.url) == ("城管局", f"{site.url}/case/1")
    assert (post.replies[0].text, post.replies[0].replied_at) == (
        "已修复。",
        datetime(2026, 11, 19, 10, tzinfo=ZONE),
    )
    assert not [value for value in PERSONS.values() if value in str(crawled.posts) + crawled.log]


def test_a_later_crawl_reads_the_newest_windows_and_asks_for_open_ones_by_number(
    site: Site, tmp_path: Path
) -> None:
    endpoint = site.pages["/v2/requests.json"] = Endpoint(
        request(1, NOW - timedelta(days=25)), request(2, NOW - timedelta(days=1))
    )
    crawl(site, tmp_path)
    endpoint.asked.clear()
    endpoint.requests[0]["status_notes"] = "已修复。"
    later = NOW + timedelta(days=5)
    endpoint.requests.append(request(3, later - timedelta(hours=1)))
    crawled = crawl(site, tmp_path, now=later, watermark=NOW)
    numbers = [asked.get("service_request_id") for asked in endpoint.asked]
    assert sorted(map(str, numbers)) == ["1", "None", "None", "None"]  # both are asked for at once
    assert (crawled.counts.stored, crawled.counts.updated, crawled.counts.unchanged) == (1, 1, 1)
    assert crawled.posts["1"].replies[0].text == "已修复。"


def test_a_full_window_is_asked_for_in_halves(site: Site, tmp_path: Path) -> None:
    hours = [NOW - timedelta(minutes=number) for number in range(1, 1101)]
    endpoint = site.pages["/v2/requests.json"] = Endpoint(*map(request, range(1100), hours))
    whole = endpoint._fits
    seen: dict[str, int] = {}

    def fits_at_most_1000(one: dict[str, str], asked: dict[str, str]) -> bool:
        if not whole(one, asked):
            return False
        window = asked.get("start_date", "") + asked.get("end_date", "")
        seen[window] = seen.get(window, 0) + 1
        return seen[window] <= 1000

    endpoint._fits = fits_at_most_1000  # type: ignore[method-assign]
    crawled = crawl_into(
        tmp_path,
        catalogue(
            f"{site.url}/v2/requests.json",
            spider="open311",
            selectors="",
            extra="history_days: 1\nwindow_days: 1\nmax_items: 5000",
        ),
    )
    assert (crawled.error, crawled.counts.stored, crawled.counts.gaps) == (None, 1100, {})
    assert len(endpoint.asked) == 3


@pytest.mark.parametrize(
    "text",
    ["<html><p>改版了</p></html>", "[1", '{"error": "x"}', "停机维护",
     '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><service_requests>&x'],
)  # fmt: skip
def test_what_is_no_list_of_requests_is_told(text: str) -> None:
    with pytest.raises(Quarantined) as caught:
        read_requests(text.encode(), text)
    assert caught.value.code == "not_open311"


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("秘密", "utf-8")
    xml = (
        f'<!DOCTYPE r [<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}">]><service_requests><request>'
        "<description>停水了&x;</description></request></service_requests>"
    )
    assert read_requests(xml.encode(), xml)[0]["description"] == "停水了"
