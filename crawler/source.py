"""One source: what a catalogue entry may say, and how it is checked."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from crawler.entry_values import (
    Cron,
    DateFormat,
    Encoding,
    Entry,
    Hours,
    MessageAddress,
    WebAddress,
    ZoneName,
)
from crawler.refusals import plain_host
from crawler.selectors import BoardSelectors, PagesSelectors, Paging
from records.post import Channel
from records.times import DEFAULT_ZONE

# Between two requests to one host; a reader who clicks through a board is about as fast.
DEFAULT_DELAY_S = 2.0
MIN_DELAY_S = 0.5


class Source(Entry):
    """What every source says. `department` is who is addressed where the page does not say.

    `expected_every_days`: quiet for longer than this and the source counts as silent.
    `look_back_days`: lists are read at least so far back, though all of it is known.
    `give_up_days`: the age at which a message is visited for the last time, answered or not.
    `settled`: statuses after which a message no longer changes; such a message is not visited again.
    `hours`: when it may be crawled, in its own time; they may pass midnight.
    `daily_requests`: at most so many in a day, after which a crawl goes on the next day.
    `rest_at_most_hours`: a source that seldom changes is not crawled at every time of its schedule; it rests
    no longer than this.
    `deadline_days`: working days within which its office says it answers.
    `local`: may be on this machine or in a private network; anything else must be a public address.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    title: Annotated[str, Field(min_length=1)]
    channel: Channel
    place: str | None = None
    department: str | None = None
    spider: str
    start_urls: Annotated[tuple[WebAddress, ...], Field(min_length=1)]
    also_hosts: tuple[str, ...] = ()
    encoding: Encoding | None = None
    date_formats: tuple[DateFormat, ...] = ()
    zone: ZoneName = DEFAULT_ZONE.key
    schedule: Cron = "0 7 * * *"
    delay_s: Annotated[float, Field(ge=0, le=60)] = DEFAULT_DELAY_S
    max_pages: Annotated[int, Field(ge=1, le=10_000)] = 20
    max_items: Annotated[int, Field(ge=1, le=100_000)] = 1000
    deadline_days: Annotated[int, Field(ge=1, le=365)] | None = None
    expected_every_days: Annotated[int, Field(ge=1, le=365)] = 7
    look_back_days: Annotated[int, Field(ge=0, le=3650)] = 14
    hours: Hours | None = None
    daily_requests: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    rest_at_most_hours: Annotated[int, Field(ge=0, le=24 * 30)] = 24
    give_up_days: Annotated[int, Field(ge=1, le=3650)] = 180
    settled: tuple[str, ...] = ()
    local: bool = False
    enabled: bool = True
    notes: str = ""

    @model_validator(mode="after")
    def _slow_unless_local(self) -> Self:
        if self.delay_s < MIN_DELAY_S and not self.local:
            raise ValueError(f"delay_s {self.delay_s:g}: at least {MIN_DELAY_S:g} on a public site")
        return self

    @property
    def hosts(self) -> frozenset[str]:
        """Return the hosts that a crawl may visit."""
        return frozenset(map(plain_host, self.start_urls)) | {host.lower() for host in self.also_hosts}

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def reading(self) -> str:
        """Return a short hash of how pages are read: a page read otherwise is not the page we know."""
        # Without what is not said, so that a new key changes nothing for entries that do not use it.
        how = self.model_dump_json(
            exclude_none=True,
            include={
                "selectors",
                "date_formats",
                "encoding",
                "zone",
                "department",
                "place",
                "channel",
                "public_url",
            },
        )
        return hashlib.sha256(how.encode()).hexdigest()[:12]


class BoardSource(Source):
    """A message board: list → next pages → message with its replies.

    `detail_url`: where a message is fetched; {id} is what `link` gives, and by which it is known.
    `public_url`: where people read it, likewise.
    `whole_in_list`: the messages stand in the list and have no page of their own.
    `ids_in_sequence`: the site numbers its messages without gaps.
    """

    spider: Literal["board"]
    selectors: BoardSelectors
    paging: Paging | None = None
    detail_url: MessageAddress | None = None
    public_url: MessageAddress | None = None
    whole_in_list: bool = False
    ids_in_sequence: bool = False

    @model_validator(mode="after")
    def _parts_fit_each_other(self) -> Self:
        selectors = self.selectors
        named = selectors.model_fields_set
        if self.paging is not None and selectors.next_page is not None:
            raise ValueError("paging numbers the pages, selectors.next_page follows a link (give one)")
        if self.whole_in_list:
            self._check_whole_in_list()
        elif selectors.list_is_json and "link" not in named:
            raise ValueError(
                "selectors.link is missing: a list in JSON has no usual one (or whole_in_list: true)"
            )
        if self.detail_url is not None and {"id", "id_from_url"} & named:
            raise ValueError("detail_url: a message is known by what link gives (remove id and id_from_url)")
        if self.ids_in_sequence and not self._states_ids:
            raise ValueError("ids_in_sequence needs the site's own ids: selectors.id_from_url or id")
        return self

    @property
    def _states_ids(self) -> bool:
        named = {"id", "id_from_url"} & self.selectors.model_fields_set
        return bool(named) or self.detail_url is not None

    def _check_whole_in_list(self) -> None:
        selectors = self.selectors
        if selectors.reply_page is not None:
            raise ValueError("whole_in_list: replies stand in the list as well (remove reply_page)")
        if selectors.list_is_json is not selectors.detail_is_json:
            raise ValueError("whole_in_list: item and title read the same page (write both one way)")
        if self.detail_url is not None:
            raise ValueError("whole_in_list: there is no page to visit at detail_url (remove one of them)")


class FeedSource(Source):
    """RSS, Atom or JSON Feed. Needs no selectors."""

    spider: Literal["feed"]


class PagesSource(Source):
    """Articles found through a sitemap or a list page."""

    spider: Literal["pages"]
    selectors: PagesSelectors


class Open311Source(Source):
    """Service requests of a GeoReport v2 endpoint; the start URL ends with requests.json or requests.xml.

    `window_days`: asked for at once. `history_days`: how far back the first crawl reads.
    `public_url`: where people read the request; {id} is its number.
    """

    spider: Literal["open311"]
    jurisdiction_id: str | None = None
    window_days: Annotated[int, Field(ge=1, le=90)] = 7
    history_days: Annotated[int, Field(ge=1, le=3650)] = 90
    public_url: MessageAddress | None = None


SPIDERS: dict[str, type[Source]] = {
    "board": BoardSource,
    "feed": FeedSource,
    "pages": PagesSource,
    "open311": Open311Source,
}
