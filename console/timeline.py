"""What happened to a problem, in order of time: reports and the answers between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from records.post import Post, Reply
from records.problem import Membership, Problem
from records.times import Period

# More bars than this are too thin to be told apart; days are then drawn together.
MAX_BARS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A report (then `membership` says why it belongs here), or an answer (then `reply` is given)."""

    at: datetime
    post: Post
    membership: Membership
    reply: Reply | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Reports from `first` to `last` day, both included; of one hour of that day where `hour` is given."""

    first: date
    last: date
    count: int
    hour: int | None = None

    @property
    def start(self) -> str:
        """Return the day or hour it begins with."""
        return str(self.first) if self.hour is None else f"{self.first} {self.hour:02}:00"

    @property
    def name(self) -> str:
        """Return the time it stands for."""
        return self.start if self.first == self.last else f"{self.first} – {self.last}"


def timeline(members: Sequence[Membership], posts: Mapping[str, Post]) -> list[Event]:
    """Return the reports and dated answers, oldest first; a report stands before answers of its moment."""
    events = []
    for member in members:
        post = posts[member.post_id]
        events.append(Event(at=post.asked_at, post=post, membership=member))
        events += [
            Event(at=reply.replied_at, post=post, membership=member, reply=reply)
            for reply in post.replies
            if reply.replied_at is not None
        ]
    return sorted(events, key=lambda event: (event.at, event.reply is not None))


def report_days(members: Sequence[Membership], posts: Mapping[str, Post], *, zone: ZoneInfo) -> list[Bar]:
    """Return the reports by local day, empty days included; past MAX_BARS neighbours are drawn together."""
    counts = Counter(posts[member.post_id].asked_at.astimezone(zone).date() for member in members)
    if not counts:
        return []
    first, last = min(counts), max(counts)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return group_bars([Bar(first=day, last=day, count=counts[day]) for day in days])


def group_bars(bars: Sequence[Bar]) -> list[Bar]:
    """Return at most MAX_BARS bars: so many neighbours as needed become one."""
    size = -(-len(bars) // MAX_BARS) or 1
    groups = [bars[start : start + size] for start in range(0, len(bars), size)]
    return [replace(group[0], last=group[-1].last, count=sum(bar.count for bar in group)) for group in groups]


def lifetime(problems: Sequence[Problem], now: datetime) -> Period:
    """Return the time since the first of the problems was reported, a day at least: more may come."""
    first = min((problem.first_seen for problem in problems), default=now)
    return Period(start=min(first, now - timedelta(days=1)), end=now)
