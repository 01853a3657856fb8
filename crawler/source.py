"""One source: what a catalogue entry may say, and how it is checked."""

from __future__ import annotations

import codecs
import hashlib
import re
from datetime import datetime
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from cssselect import SelectorError
from parsel import Selector
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from crawler.refusals import plain_host
from records.post import Channel
from records.times import DEFAULT_ZONE

# Between two requests to one host; a reader who clicks through a board is about as fast.
DEFAULT_DELAY_S = 2.0
MIN_DELAY_S = 0.5


def is_xpath(selector: str) -> bool:
    """Return whether a selector is XPath, which starts with /, ./ or (; anything else is CSS."""
    return selector.startswith(("/", "./", "("))


def _selector(text: str) -> str:
    page = Selector(text="<html></html>")
    try:
        page.xpath(text) if is_xpath(text) else page.css(text)
    except (ValueError, SelectorError) as err:
        raise ValueError(f"not a CSS selector or XPath: {err}") from err
    return text


def _one_group(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as err:
        raise ValueError(f"not a regular expression: {err}") from err
    if groups != 1:
        raise ValueError(f"has {groups} groups, and needs exactly one: the number within the URL")
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as err:
        raise ValueError(f"not a regular expression: {err}") from err
    return text


def _web_address(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https") or not plain_host(url):
        raise ValueError("not a web address (try https://www.example.gov.cn/list.html)")
    return url


def _cron(text: str) -> str:
    try:
        CronTrigger.from_crontab(text, DEFAULT_ZONE)
    except ValueError as err:
        raise ValueError('not a cron expression (try "0 7 * * *")') from err
    if any(char.isdigit() for char in text.split()[4]):
        # cron counts weekdays from Sunday, APScheduler from Monday.
        raise ValueError(
            'write the day of the week by name, numbers mean different days to different programs ("mon-fri")'
        )
    return text


def _encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError as err:
        raise ValueError('not an encoding (try "gb18030" or "utf-8")') from err
    return name


def _date_format(text: str) -> str:
    if "%Y" not in text:
        # A date without its year would be a guess, and deadlines hang on it.
        raise ValueError('needs the four-digit year, %Y (try "%Y-%m-%d %H:%M")')
    try:
        datetime.strptime(datetime(2026, 3, 1, tzinfo=DEFAULT_ZONE).strftime(text), text).replace(
            tzinfo=DEFAULT_ZONE
        )
    except ValueError as err:
        raise ValueError(f"not a date format: {err}") from err
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as err:
        raise ValueError('not a time zone (try "Asia/Shanghai")') from err
    return name


SelectorText = Annotated[str, Field(min_length=1), AfterValidator(_selector)]
IdPattern = Annotated[str, AfterValidator(_one_group)]
Pattern = Annotated[str, AfterValidator(_pattern)]
WebAddress = Annotated[str, AfterValidator(_web_address)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class BoardSelectors(_Entry):
    """Where a message board has what, CSS or XPath.

    `item` and `next_page` are on the list, the rest on the detail page; `link` is looked for within `item`,
    the `reply_*` within `reply`. Without `id_from_url` and `id` a message is known by the hash of its URL.
    """

    item: SelectorText
    link: SelectorText = "a::attr(href)"
    next_page: SelectorText | None = None
    id_from_url: IdPattern | None = None
    id: SelectorText | None = None
    title: SelectorText
    body: SelectorText
    asked_at: SelectorText
    status: SelectorText | None = None
    department: SelectorText | None = None
    place: SelectorText | None = None
    rating: SelectorText | None = None
    votes_up: SelectorText | None = None
    votes_down: SelectorText | None = None
    reply: SelectorText | None = None
    reply_text: SelectorText | None = None
    reply_department: SelectorText | None = None
    reply_date: SelectorText | None = None

    @model_validator(mode="after")
    def _reply_parts_need_a_reply(self) -> Self:
        parts = {"reply_text", "reply_department", "reply_date"} & self.model_fields_set
        if parts and self.reply is None:
            raise ValueError(f'{min(parts)} is looked for within "reply", which is missing')
        return self


class DateRule(_Entry):
    """The site's own rule for an article's date; exactly one of the four."""

    selector: SelectorText | None = None
    meta: str | None = None
    json_ld: str | None = None
    url: IdPattern | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("give exactly one of selector, meta, json_ld, url")
        return self


class PagesSelectors(_Entry):
    """Where articles are. `item` and `next_page` on a list page; a sitemap needs neither.

    Without `body` trafilatura finds it. `article_url` restricts what is taken from list or sitemap.
    """

    item: SelectorText | None = None
    next_page: SelectorText | None = None
    article_url: Pattern | None = None
    id_from_url: IdPattern | None = None
    title: SelectorText = "//h1 | //title[not(//h1)]"
    body: SelectorText | None = None
    date: DateRule
    department: SelectorText | None = None


class Source(_Entry):
    """What every source says. `department` is who is addressed where the page does not say.

    `expected_every_days`: quiet for longer than this and the source counts as silent.
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
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    date_formats: tuple[Annotated[str, AfterValidator(_date_format)], ...] = ()
    zone: Annotated[str, AfterValidator(_zone)] = DEFAULT_ZONE.key
    schedule: Annotated[str, AfterValidator(_cron)] = "0 7 * * *"
    delay_s: Annotated[float, Field(ge=0, le=60)] = DEFAULT_DELAY_S
    max_pages: Annotated[int, Field(ge=1, le=10_000)] = 20
    max_items: Annotated[int, Field(ge=1, le=100_000)] = 1000
    deadline_days: Annotated[int, Field(ge=1, le=365)] | None = None
    expected_every_days: Annotated[int, Field(ge=1, le=365)] = 7
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
        how = self.model_dump_json(
            include={"selectors", "date_formats", "encoding", "zone", "department", "place", "channel"}
        )
        return hashlib.sha256(how.encode()).hexdigest()[:12]


class BoardSource(Source):
    """A message board: list → next pages → message with its replies.

    `settled`: statuses after which a message no longer changes; such a message is not visited again, and
    paging ends at a list page that has no other.
    """

    spider: Literal["board"]
    selectors: BoardSelectors
    settled: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _settled_needs_ids(self) -> Self:
        if self.settled and self.selectors.id_from_url is None:
            raise ValueError("settled needs selectors.id_from_url, by which a list's links are known")
        return self


class FeedSource(Source):
    """RSS or Atom. Needs no selectors."""

    spider: Literal["feed"]


class PagesSource(Source):
    """Articles found through a sitemap or a list page."""

    spider: Literal["pages"]
    selectors: PagesSelectors


SPIDERS: dict[str, type[Source]] = {"board": BoardSource, "feed": FeedSource, "pages": PagesSource}
