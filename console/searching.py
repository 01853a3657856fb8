"""What a search form asks for, and everything that its page of results shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from console.alert_query import field_is
from console.services import Services
from console.timeline import Bar, group_bars
from records.analysis import Analysis
from records.post import Channel, Post
from records.query import FacetValue, Interval, SortOrder
from records.times import EARLIEST_YEAR, Period, day_period
from storage.highlight import Span, choose_snippet, highlight_spans, spans_within
from storage.query import parse_query
from storage.query_tree import Node, Phrase, Term, Words, wanted_words

FACETS = ("topic", "subtopic", "own_topic", "place", "department", "status", "channel", "urgency")
PAGE_SIZE = 20
FACET_VALUES = 12
# Up to three days a bar is an hour, up to a quarter a day, beyond it a week.
LONGEST_BY_HOUR = timedelta(days=3)
LONGEST_BY_DAY = timedelta(days=92)
# So much of a text, from shortly before the first word that was found, is cut into words for its excerpt.
# Cutting whole messages took 20 of the page's 60 ms (the real messages, 20 hits).
MARKED_CHARACTERS = 400
_LEAD = 60

Piece = tuple[str, bool]


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


Day = Annotated[date | None, BeforeValidator(_none_if_empty)]
Cursor = Annotated[Annotated[str, Field(max_length=500)] | None, BeforeValidator(_none_if_empty)]
Values = Annotated[list[str], Field(max_length=50)]


class SearchForm(BaseModel):
    """The search page's parameters. Days are local; `until` is included. Unknown names are refused.

    `after` is the cursor that the page before gave; `page` only says which number the page has then.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: Annotated[str, Field(max_length=2000)] = ""
    topic: Values = []
    subtopic: Values = []
    own_topic: Values = []
    place: Values = []
    department: Values = []
    status: Values = []
    channel: Annotated[list[Channel], Field(max_length=50)] = []
    urgency: Annotated[list[Literal["0", "1", "2", "3"]], Field(max_length=50)] = []
    since: Day = None
    until: Day = None
    sort: Annotated[SortOrder | None, BeforeValidator(_none_if_empty)] = None
    after: Cursor = None
    page: Annotated[int, Field(ge=1)] = 1
    lang: str | None = None

    @model_validator(mode="after")
    def _page_by_cursor(self) -> Self:
        if self.page > 1 and self.after is None:
            raise ValueError("a page past the first is reached by its cursor (start from the first page)")
        return self

    @property
    def chosen(self) -> dict[str, list[str]]:
        """Return the facet values that narrow the search."""
        return {name: getattr(self, name) for name in FACETS if getattr(self, name)}

    @property
    def order(self) -> SortOrder:
        """Return the sort asked for; without words there is no relevance, so the newest come first."""
        return self.sort or (SortOrder.RELEVANCE if self.q.strip() else SortOrder.NEWEST)

    def query(self, *, without: str = "") -> str:
        """Return the whole query: the words and the chosen values, those of facet `without` left out."""
        parts = [f"({self.q})"] if self.q.strip() else []
        parts += [field_is(name, *values) for name, values in self.chosen.items() if name != without]
        return " AND ".join(parts)

    @property
    def only_place(self) -> str | None:
        """Return the place that the search is narrowed to, None for several or none."""
        return self.place[0] if len(self.place) == 1 else None

    def whole_query(self) -> str:
        """Return the query with its days in it, to be kept."""
        days = f"asked:[{self.since or '*'} TO {self.until or '*'}]" if self.since or self.until else ""
        return " AND ".join(part for part in (self.query(), days) if part)

    @cached_property
    def _parameters(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"after", "page", "lang"})

    def link(self, **changes: Any) -> dict[str, Any]:
        """Return the parameters of this search with `changes`, from its first page."""
        return {name: value for name, value in (self._parameters | changes).items() if value}

    def toggled(self, facet: str, value: str) -> dict[str, Any]:
        """Return the parameters of this search with one facet value switched on or off."""
        present = getattr(self, facet)
        rest = [each for each in present if each != value]
        return self.link(**{facet: rest if value in present else [*present, value]})

    def period(self, services: Services) -> Period | None:
        """Return the days asked for, None where neither end is given."""
        if self.since is None and self.until is None:
            return None
        first = self.since or date(EARLIEST_YEAR, 1, 1)
        last = max(self.until or services.clock().astimezone(services.zone).date(), first)
        return day_period(first, days=(last - first).days + 1, zone=services.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One hit as it is shown: its title, excerpt and reply in spans of (text, is it a match)."""

    post: Post
    analysis: Analysis | None
    title: Sequence[Piece]
    excerpt: Sequence[Piece]
    reply: Sequence[Piece]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of results with what stands around it."""

    total: int
    rows: Sequence[Row]
    facets: Mapping[str, Sequence[FacetValue]]
    bars: Sequence[Bar]
    next_cursor: str | None


def run_search(form: SearchForm, services: Services, *, now: datetime) -> Found:
    """Return everything the page shows. Raises QueryError, whose position counts within the typed words."""
    node = parse_query(form.q, now=now, zone=services.zone, segment=services.segment)
    query, period = form.query(), form.period(services)
    page = services.index.search(query, period=period, sort=form.order, limit=PAGE_SIZE, after=form.after)
    return Found(
        total=page.total,
        rows=_rows([hit.post_id for hit in page.hits], node, services),
        facets=_facets(form, period, services),
        bars=_bars(query, period or asked_period(query, services), services),
        next_cursor=page.next_cursor,
    )


def shown_period(form: SearchForm, found: Found, services: Services, *, now: datetime) -> Period:
    """Return the days that a page counts: those asked for, else from the oldest hit to today."""
    today = now.astimezone(services.zone).date()
    first = found.bars[0].first if found.bars else today
    days = max((today - first).days + 1, 1)
    return form.period(services) or day_period(first, days=days, zone=services.zone)


def _rows(post_ids: Sequence[str], node: Node, services: Services) -> list[Row]:
    posts = services.database.posts.get_many(post_ids)
    analyses = services.database.analyses.get_many(post_ids)
    marker = _Marker(node, services)
    # The index may still name a post that has been deleted since.
    found = [posts[post_id] for post_id in post_ids if post_id in posts]
    return [
        Row(
            post=post,
            analysis=analyses.get(post.id),
            title=marker.whole(post.title, "title"),
            excerpt=marker.snippet(post.text, "text"),
            reply=marker.reply(post),
        )
        for post in found
    ]


class _Marker:
    """Marks in texts what one query found."""

    def __init__(self, node: Node, services: Services) -> None:
        self._wanted = list(wanted_words(node))
        self._words = [word for term in self._wanted for word in _literal_words(term)]
        self._tokens = services.tokens

    def whole(self, text: str, field: str) -> list[Piece]:
        return _pieces(text, self._spans(text, field))

    def snippet(self, text: str, field: str) -> list[Piece]:
        first = max(self._first_word(text) - _LEAD, 0)
        window = text[first : first + MARKED_CHARACTERS]
        spans = self._spans(window, field)
        part = choose_snippet(window, spans)
        before = [("…", False)] if first + part[0] else []
        after = [("…", False)] if first + part[1] < len(text) else []
        return [*before, *_pieces(window[slice(*part)], spans_within(spans, part)), *after]

    def _first_word(self, text: str) -> int:
        """Return where the first wanted word stands as it was typed, 0 where none does."""
        places = (text.find(word) for word in self._words)
        return min((place for place in places if place >= 0), default=0)

    def reply(self, post: Post) -> list[Piece]:
        """Return a snippet of the first reply in which something was found, else nothing."""
        for reply in post.replies:
            pieces = self.snippet(reply.text, "reply")
            if any(found for _, found in pieces):
                return pieces
        return []

    def _spans(self, text: str, field: str) -> list[Span]:
        terms = [term for term in self._wanted if term.field in (None, field)]
        return highlight_spans(text, terms, tokens=self._tokens) if terms else []


def _literal_words(term: Words) -> tuple[str, ...]:
    match term:
        case Term(word=word):
            return (word,)
        case Phrase(words=words):
            return ("".join(words),)
    return ()


def _pieces(text: str, spans: Sequence[Span]) -> list[Piece]:
    pieces: list[Piece] = []
    last = 0
    for start, end in spans:
        pieces += [(text[last:start], False), (text[start:end], True)]
        last = end
    return [piece for piece in (*pieces, (text[last:], False)) if piece[0]]


def _facets(form: SearchForm, period: Period | None, services: Services) -> dict[str, Sequence[FacetValue]]:
    """Return each facet's values. A facet that is narrowed shows its other values too, to switch to."""
    open_facets = [name for name in FACETS if name not in form.chosen]
    found: dict[str, Sequence[FacetValue]] = dict(
        services.index.facets(form.query(), open_facets, period=period, limit=FACET_VALUES)
    )
    for name in form.chosen:
        query = form.query(without=name)
        found |= services.index.facets(query, [name], period=period, limit=FACET_VALUES)
    return {name: found.get(name, []) for name in FACETS}


def asked_period(query: str, services: Services) -> Period | None:
    """Return the local days from the oldest to the newest hit, None where there is none."""
    index = services.index
    ends = [index.search(query, sort=sort, limit=1).hits for sort in (SortOrder.OLDEST, SortOrder.NEWEST)]
    posts = services.database.posts.get_many(hit.post_id for hits in ends for hit in hits)
    if not posts:
        return None
    days = [post.asked_at.astimezone(services.zone).date() for post in posts.values()]
    return day_period(min(days), days=(max(days) - min(days)).days + 1, zone=services.zone)


def _bars(query: str, period: Period | None, services: Services) -> list[Bar]:
    if period is None:
        return []
    interval = _bar_interval(period)
    bins = services.index.histogram(query, interval, period=period, zone=services.zone)
    more_days = timedelta(days=6 if interval is Interval.WEEK else 0)
    return group_bars(
        [
            Bar(
                first=bin.start.date(),
                last=bin.start.date() + more_days,
                hour=bin.start.hour if interval is Interval.HOUR else None,
                count=bin.count,
            )
            for bin in bins
        ]
    )


def _bar_interval(period: Period) -> Interval:
    if period.length <= LONGEST_BY_HOUR:
        return Interval.HOUR
    return Interval.DAY if period.length <= LONGEST_BY_DAY else Interval.WEEK
