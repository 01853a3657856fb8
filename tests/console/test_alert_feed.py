"""The feed of alerts for a reader on the desktop."""

from __future__ import annotations

from datetime import timedelta

import feedparser

from alerts.silences import SilenceDraft, add_silence
from console.services import Services
from records.alert import AlertState
from tests.console.conftest import browser
from tests.console.town_cases import WATER_ALERT
from tests.console.town_posts import NOW

FEED = "/alerts/feed.rss"


def test_the_feed_has_what_is_unresolved_and_nobody(fresh_town: Services) -> None:
    client = browser(fresh_town)
    assert FEED in client.get("/alerts").text
    answer = client.get(FEED)
    feed = feedparser.parse(answer.content)
    assert (feed.bozo, feed.version, feed.feed.title) == (False, "rss20", "预警 · 清河回应")
    entry = next(one for one in feed.entries if one.link.endswith(WATER_ALERT))
    alert = fresh_town.database.alerts.get(WATER_ALERT)
    assert alert is not None
    assert entry.title == f"{alert.severity} 级 {alert.explanation}"
    assert not any(set(one) & {"author", "authors", "summary", "content"} for one in feed.entries)
    fresh_town.database.alerts.set_state(WATER_ALERT, AlertState.RESOLVED, now=NOW)
    assert WATER_ALERT not in client.get(FEED).text


def test_what_a_silence_holds_and_what_is_less_grave_is_not_in_it(fresh_town: Services) -> None:
    client = browser(fresh_town)
    alert = fresh_town.database.alerts.get(WATER_ALERT)
    assert alert is not None
    assert WATER_ALERT in client.get(f"{FEED}?severity={alert.severity}").text
    assert WATER_ALERT not in client.get(f"{FEED}?severity={alert.severity - 1}").text
    draft = SilenceDraft(
        matchers=("place=南门街道",), starts_at=NOW, ends_at=NOW + timedelta(hours=4), reason="计划停水"
    )
    add_silence(fresh_town.database, draft, created_by="test", now=NOW)
    assert WATER_ALERT not in client.get(FEED).text


def test_a_reader_that_has_it_is_told_so(fresh_town: Services) -> None:
    client = browser(fresh_town)
    first = client.get(FEED)
    again = client.get(FEED, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_nobody_from_elsewhere_reads_it(fresh_town: Services) -> None:
    assert browser(fresh_town).get(FEED, headers={"Host": "example.org"}).status_code == 400
