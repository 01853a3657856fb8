"""The sample town as values: what it publishes, when, and what is known to be true of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

CITY = "青溪市"
DISTRICTS = ("临溪区", "望山区", "云桥区", "鹿鸣县")
# The board of one district; the mayor's mailbox and the hotline are the whole city's.
BOARD_DISTRICT = "望山区"
DAYS = 60


class Board(StrEnum):
    """Where residents write. The value is the catalogue's name of the source."""

    MAYOR = "mayor"
    DISTRICT = "wangshan"
    HOTLINE = "hotline"


class Status(StrEnum):
    """What a source says about a message."""

    WAITING = "待回复"
    WORKING = "办理中"
    DONE = "已办理"


@dataclass(frozen=True, slots=True, kw_only=True)
class TownReply:
    """An answer. `versions` are (published at, text), oldest first: a reply may be edited afterwards."""

    department: str
    versions: tuple[tuple[datetime, str], ...]
    is_final: bool = True

    @property
    def replied_at(self) -> datetime:
        return self.versions[0][0]

    def text_at(self, moment: datetime) -> str | None:
        """Return what stands there at `moment`, None before it is published."""
        shown = [text for published_at, text in self.versions if published_at <= moment]
        return shown[-1] if shown else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TownMessage:
    """One message. `masked_name` is what the board prints beside it and a crawl must not take.

    `planted` are the personal details (kind, value) that stand in its text or replies.
    """

    board: Board
    native_id: str
    title: str
    text: str
    asked_at: datetime
    accepted_at: datetime | None
    district: str
    department: str
    topic: str
    replies: tuple[TownReply, ...]
    votes_up: int
    rating: int
    masked_name: str
    planted: tuple[tuple[str, str], ...] = ()

    @property
    def post_id(self) -> str:
        """Return the id that the post has once it is gathered."""
        return f"{self.board}/{self.native_id}"

    def replies_at(self, moment: datetime) -> list[tuple[TownReply, str]]:
        """Return the replies that are there at `moment` with their text then, in order."""
        shown = ((reply, reply.text_at(moment)) for reply in self.replies)
        return [(reply, text) for reply, text in shown if text is not None]

    def status_at(self, moment: datetime) -> Status:
        """Return the status that the source shows at `moment`."""
        if any(reply.is_final for reply, _ in self.replies_at(moment)):
            return Status.DONE
        accepted = self.accepted_at is not None and self.accepted_at <= moment
        return Status.WORKING if accepted else Status.WAITING

    def changed_at(self, moment: datetime) -> datetime:
        """Return when the message's page last changed before `moment`."""
        changes = [at for reply in self.replies for at, _ in reply.versions]
        changes += [self.accepted_at] if self.accepted_at is not None else []
        return max((at for at in changes if at <= moment), default=self.asked_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One news item or notice. `number` is its own number within its list."""

    number: int
    title: str
    text: str
    published_at: datetime
    department: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A personal detail that stands in the open on the site, in the post `where`."""

    kind: str
    value: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What an installation that has gathered the whole town must find. Ids are post ids, oldest first."""

    water_cut: tuple[str, ...]
    water_cut_district: str
    unpaid_wages: tuple[str, ...]
    unpaid_wages_site: str
    pothole: tuple[str, ...]
    pothole_road: str
    copied: tuple[str, ...]
    reopened: tuple[str, ...]
    reopened_after: tuple[str, ...]
    edited: tuple[str, ...]
    dead_sources: tuple[str, ...]
    broken_sources: tuple[str, ...]
    planted: tuple[Planted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """The town of one day. Messages are in order of time; each list holds the whole of its past."""

    today: date
    messages: tuple[TownMessage, ...]
    news: tuple[Article, ...]
    old_news: tuple[Article, ...]
    notices: tuple[Article, ...]
    truth: Truth
    callers: tuple[str, ...]

    def on(self, board: Board, moment: datetime) -> list[TownMessage]:
        """Return the messages of `board` that are there at `moment`, newest first."""
        shown = [message for message in self.messages if message.board is board]
        return [message for message in reversed(shown) if message.asked_at <= moment]

    def by_id(self) -> Mapping[str, TownMessage]:
        """Return the messages by post id."""
        return {message.post_id: message for message in self.messages}
