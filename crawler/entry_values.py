"""Values of a catalogue entry, each checked where it is written: selectors, patterns, addresses, times."""

from __future__ import annotations

import codecs
import re
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import jmespath
from apscheduler.triggers.cron import CronTrigger
from cssselect import SelectorError
from jmespath.exceptions import JMESPathError
from parsel import Selector
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from crawler.refusals import plain_host
from records.times import DEFAULT_ZONE

_JSON = "json:"


class Entry(BaseModel):
    """A part of the catalogue: its keys are known, its values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def is_xpath(selector: str) -> bool:
    """Return whether a selector is XPath, which starts with /, ./ or (; else it is CSS or JMESPath."""
    return selector.startswith(("/", "./", "("))


def is_json(selector: str) -> bool:
    """Return whether a selector is JMESPath, for pages that are JSON or carry it."""
    return selector.startswith(_JSON)


def json_path(selector: str) -> str:
    """Return the JMESPath expression of a selector that is one."""
    return selector.removeprefix(_JSON).strip()


def _selector(text: str) -> str:
    page = Selector(text="<html></html>")
    try:
        if is_json(text):
            jmespath.compile(json_path(text))
        elif is_xpath(text):
            page.xpath(text)
        else:
            page.css(text)
    except (ValueError, SelectorError, JMESPathError) as err:
        kind = "JMESPath expression" if is_json(text) else "CSS selector or XPath"
        raise ValueError(f"not a {kind}: {' '.join(str(err).split())}") from err
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


def _numbered_address(url: str) -> str:
    return _with_place(url, "{page}")


def _message_address(url: str) -> str:
    return _with_place(url, "{id}")


def _with_place(url: str, place: str) -> str:
    if place not in url:
        raise ValueError(f"needs {place}, which is replaced (try https://www.example.gov.cn/letters/{place})")
    _web_address(url.replace(place, "1"))
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


def _hours(text: str) -> str:
    match = re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", text)
    if match is None or len(set(text.split("-"))) == 1:
        raise ValueError('not hours of a day (try "22:00-06:00")')
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
NumberedAddress = Annotated[str, AfterValidator(_numbered_address)]
MessageAddress = Annotated[str, AfterValidator(_message_address)]
Cron = Annotated[str, AfterValidator(_cron)]
Hours = Annotated[str, AfterValidator(_hours)]
Encoding = Annotated[str, AfterValidator(_encoding)]
DateFormat = Annotated[str, AfterValidator(_date_format)]
ZoneName = Annotated[str, AfterValidator(_zone)]
