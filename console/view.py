"""One request's view: its language, its moment, and how a template becomes a page."""

from __future__ import annotations

import gettext
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from babel import Locale
from babel.dates import format_timedelta
from babel.numbers import format_decimal, format_percent
from fastapi import Depends, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from alerts.coverage import Coverage
from console.alert_query import field_is
from console.coverage import Seen, seen
from console.figures import OnTime
from console.i18n import LANGUAGES, choose_language, locale_of, translations
from console.lag import SearchLag
from console.security import CSRF_COOKIE, CSRF_FIELD, FormGuard
from console.services import Services
from console.watch import Watch
from console.words import word_for
from records.run import AuditEntry
from records.times import Period, day_period, days_of

LANGUAGE_COOKIE = "huiying_lang"
# Who acts until there is sign-in: whoever sits at this machine.
ACTOR = "console"
_YEAR_S = 365 * 24 * 3600

# Marks that reorder or hide the text around them, and control characters: shown as U+FFFD instead.
_CONTROLS = [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0)]
_BIDI = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_INVISIBLE = [0x200B, 0x2060, 0xFEFF]
# No characters of XML, which a feed is.
_NO_CHARACTERS = [0xFFFE, 0xFFFF]
_NEUTRAL: dict[int, str | None] = dict.fromkeys(
    [*_CONTROLS, *_BIDI, *_NO_CHARACTERS], "\N{REPLACEMENT CHARACTER}"
)
_NEUTRAL |= dict.fromkeys(_INVISIBLE) | dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")


def neutral(value: Any) -> Any:
    """Return a text without characters that could reorder or hide what stands around it."""
    # Nearly every text is printable, and asking is many times faster than translating.
    if not isinstance(value, str) or value.isprintable():
        return value
    return value.translate(_NEUTRAL)


def post_path(post_id: str) -> str:
    """Return the path of a post's page."""
    return "/posts/" + quote(post_id, safe="/")


def feed_path(name: str) -> str:
    """Return the path of the feed of a kept search."""
    return f"/searches/{quote(name, safe='')}/feed.rss"


def make_environment(language: str, services: Services, static_version: str) -> Environment:
    """Return the templates in `language`: everything escaped, unknown names an error."""
    environment = Environment(
        loader=PackageLoader("console"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=neutral,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words: gettext.NullTranslations = translations(language)
    environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]  # added by ext.i18n
    locale = locale_of(language)
    zone = services.zone
    titles = {source.name: source.title for source in services.catalogue.sources}

    def word(kind: str, value: object) -> str:
        """Return what people call a value of a closed set, or a source."""
        title = titles.get(str(value)) if kind == "source" else None
        return title or words.gettext(word_for(kind, value))

    environment.filters |= {
        "moment": lambda at: at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
        "mail_date": format_datetime,
        "day": lambda at: at.astimezone(zone).strftime("%Y-%m-%d"),
        "days": lambda period: days_of(period, zone),
        "number": lambda value: format_decimal(value, locale=locale),
        "percent": lambda value: format_percent(value, locale=locale),
        "span": lambda length: say_span(length, locale),
        "bytes": lambda size: say_bytes(size, locale),
    }
    environment.globals |= {
        "title": services.title,
        "language": language,
        "languages": list(LANGUAGES),
        "static_version": static_version,
        "csrf_field": CSRF_FIELD,
        "word": word,
        "post_path": post_path,
        "feed_path": feed_path,
        "link": link,
        "field_is": field_is,
    }
    return environment


def say_span(length: timedelta, locale: Locale) -> str:
    """Return the length in seconds, minutes, hours (up to two days) or days, rounded down."""
    if length < timedelta(minutes=1):
        return format_timedelta(length, granularity="second", threshold=math.inf, locale=locale)
    if length < timedelta(hours=1):
        return format_timedelta(length, granularity="minute", threshold=math.inf, locale=locale)
    if length < timedelta(hours=48):
        whole = timedelta(hours=length // timedelta(hours=1))
        return format_timedelta(whole, granularity="hour", threshold=math.inf, locale=locale)
    return format_timedelta(timedelta(days=length.days), granularity="day", threshold=math.inf, locale=locale)


def say_bytes(size: int, locale: Locale) -> str:
    """Return the size in kB, from a million bytes on in MB."""
    number, unit = (size / 1_000_000, "MB") if size >= 1_000_000 else (size / 1_000, "kB")
    return f"{format_decimal(number, format='#,##0.0', locale=locale)} {unit}"


def link(path: str, **params: object) -> str:
    """Return `path` with the parameters that have a value."""
    given = [(name, value) for name, value in params.items() if value not in (None, "", [], ())]
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What all requests share: the services, the templates of each language, the guard of the forms, and
    what is measured once for many pages."""

    services: Services
    environments: Mapping[str, Environment]
    guard: FormGuard
    coverage: Watch[Coverage]
    search_lag: Watch[SearchLag]
    on_time: Watch[OnTime]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One request, with its language and the moment it came."""

    request: Request
    frame: Frame
    language: str
    now: datetime

    @property
    def services(self) -> Services:
        return self.frame.services

    @property
    def coverage(self) -> Seen:
        """Return which sources are heard today, to stand beside the numbers of a page without a period."""
        return self.seen(day_period(self.now.astimezone(self.services.zone).date(), zone=self.services.zone))

    def seen(self, period: Period, place: str | None = None) -> Seen:
        """Return which sources were heard in the period, to stand beside every number of it."""
        return seen(
            self.frame.coverage.look(self.now),
            period,
            place or None,
            translate=self.gettext,
            zone=self.services.zone,
        )

    @property
    def search_lag(self) -> SearchLag:
        """Return how far search is behind what is stored."""
        return self.frame.search_lag.look(self.now)

    def gettext(self, message: str, **values: object) -> str:
        """Return `message` in the view's language, with its %(name)s filled in."""
        text = translations(self.language).gettext(message)
        return text % values if values else text

    def render(self, template: str, **context: Any) -> bytes:
        """Return the rendered template as UTF-8."""
        text = self.frame.environments[self.language].get_template(template).render(context, now=self.now)
        return text.encode("utf-8", "replace")

    def page(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """Return the rendered page, with the cookies that its forms and its language need."""
        guard, request = self.frame.guard, self.request
        seed = guard.seed(request)
        body = self.render(
            template,
            here=request.url.path,
            form_token=guard.token(seed),
            in_language=self._in_language,
            search_lag=self.search_lag,
            **context,
        )
        response = HTMLResponse(body, status_code=status)
        if CSRF_COOKIE not in request.cookies:
            response.set_cookie(CSRF_COOKIE, seed, httponly=True, samesite="strict")
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie(
                LANGUAGE_COOKIE, self.language, max_age=_YEAR_S, httponly=True, samesite="lax"
            )
        return response

    def note(self, action: str, subject: str, detail: str = "") -> None:
        """Write a row to the audit log: what was looked at or done here."""
        self.services.database.audit.record(
            AuditEntry(at=self.now, actor=ACTOR, action=action, subject=subject, detail=detail)
        )

    def _in_language(self, language: str) -> str:
        """Return this page's address in another language."""
        others = [(name, value) for name, value in self.request.query_params.multi_items() if name != "lang"]
        return f"{self.request.url.path}?{urlencode([*others, ('lang', language)])}"


# Asynchronous, so that it costs no hop to a worker thread.
async def view_of(request: Request) -> View:
    """Return the view of this request."""
    frame: Frame = request.app.state.frame
    services = frame.services
    wishes = (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
    accept = request.headers.get("accept-language", "")
    language = choose_language(wishes, accept, services.language)
    return View(request=request, frame=frame, language=language, now=services.clock())


CurrentView = Annotated[View, Depends(view_of)]
