"""What the console is handed: nothing here is built by the console itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.backtest import Past
from alerts.notifications import Notifications
from alerts.rule_book import RuleBook
from alerts.telling import Way
from console.i18n import DEFAULT_LANGUAGE
from crawler.catalogue import Catalogue
from nlp.register import RegisteredTopic
from records.alert import Alert
from records.problem import DueAt
from records.times import DEFAULT_ZONE, Period, utc_now
from storage.database import Database
from storage.highlight import Tokens
from storage.search import SearchIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The open parts of one installation.

    `segment` cuts a text into words as the index does, `tokens` the same with offsets. `why` gives the
    steps of one post's way as (stage, what happened), in order. `telling` gives what came of an alert on each
    channel that it goes to. `due_at` says when the answer to a post is due. `rules` are the alert rules,
    `past` opens what they are tried on over a period, `policy` says who is told of alerts. `topics` is the
    public register of what is looked for in messages. `title` is what
    the installation calls itself; `proxied_as` is the host name of the proxy in front of the console, if
    there is one.
    """

    database: Database
    index: SearchIndex
    catalogue: Catalogue
    segment: Callable[[str], list[str]]
    tokens: Tokens
    why: Callable[[str], Sequence[tuple[str, str]]]
    telling: Callable[[Alert], Sequence[Way]]
    due_at: DueAt
    rules: RuleBook
    past: Callable[[Period], AbstractContextManager[Past]]
    policy: Callable[[], Notifications]
    topics: Callable[[], Sequence[RegisteredTopic]]
    zone: ZoneInfo = DEFAULT_ZONE
    clock: Callable[[], datetime] = utc_now
    title: str = "回应"
    language: str = DEFAULT_LANGUAGE
    proxied_as: str = ""
