"""One row of an export to one post."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from crawler.extraction import hashed_id, read_count, read_rating, tidy
from crawler.importing.dates import read_cell_date
from crawler.importing.tables import Sheet
from crawler.masking import mask, mask_post
from crawler.validation import MAX_TEXT_CHARS, check_post
from records.errors import Rejected
from records.post import Channel, Post, Reply

# As hotlines write the caller's verdict.
_RATINGS = {
    "非常满意": 5,
    "很满意": 5,
    "满意": 4,
    "基本满意": 3,
    "一般": 3,
    "不满意": 2,
    "很不满意": 1,
    "非常不满意": 1,
}


# What a rejected row shows of itself. A row may be rejected because its cells slipped into their neighbours'
# columns, and a name alone in a cell is nothing that masking can tell from another word: so of the short
# fields only numbers and dates, and of the long ones only what is longer than a name.
SHOWN_FIELDS = ("id", "title", "text", "asked_at", "reply", "replied_at")
MIN_SHOWN_CHARS = 5
_SHOWN_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_SHOWN_DATE = re.compile(r"[\d\s年月日号时点分秒上下午一二三四五六七八九十〇零○:/.T+-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that is no post: its number in the file or sheet (from 1), the reason code, one line without its
    text."""

    row: int
    sheet: str | None = None
    code: str
    message: str
    # Masked, of SHOWN_FIELDS only.
    cells: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class RowReader:
    """Turns the rows of one file into masked posts."""

    source: str
    channel: Channel
    now: datetime
    zone: ZoneInfo
    # Hashes, not the ids themselves: a million rows stay under 100 MB.
    _met: set[int] = field(default_factory=set)

    def read(
        self, rows: Iterator[tuple[int, Mapping[str, Any] | Rejected]], *, sheet: Sheet | None = None
    ) -> Iterator[Post | RejectedRow]:
        """Yield a post or a rejection for each (number, our field → cell); blank rows are passed over.

        An id that stands in an earlier sheet counts as a duplicate as well.
        """
        name = sheet.name if sheet else None
        for number, values in rows:
            if isinstance(values, Rejected):
                yield RejectedRow(row=number, sheet=name, code=values.code, message=str(values))
                continue
            if not any(_text(value) for value in values.values()):
                continue
            try:
                post = self._post(values, sheet.epoch if sheet else None)
            except Rejected as err:
                yield RejectedRow(
                    row=number,
                    sheet=name,
                    code=err.code,
                    message=f"row {number}: {_reason(err, values)}",
                    cells=self._shown(values),
                )
            else:
                yield post

    def _post(self, values: Mapping[str, Any], epoch: datetime | None) -> Post:
        cells = {name: _text(value) for name, value in values.items()}
        text, title = cells.get("text", ""), cells.get("title", "")
        if not text:
            raise Rejected("empty", "has no text")
        if max(map(len, cells.values())) > MAX_TEXT_CHARS:
            # Before masking, which is not to be kept busy with a file in a cell.
            raise Rejected("too_long", f"a cell has over {MAX_TEXT_CHARS} characters (shorten it)")
        native_id = cells.get("id") or hashed_id("\n".join((title, text, cells.get("asked_at", ""))))
        if hash(native_id) in self._met:
            raise Rejected("duplicate_id", "its id stands in an earlier row")
        post = mask_post(
            Post(
                source=self.source,
                channel=self.channel,
                native_id=native_id,
                url=cells.get("url") or None,
                title=title,
                text=text,
                asked_at=self._time(values["asked_at"], epoch),
                fetched_at=self.now,
                addressed_to=cells.get("department") or None,
                place=cells.get("place") or None,
                status=cells.get("status") or None,
                replies=self._replies(values, cells, epoch),
                rating=_RATINGS.get(cells.get("rating", "")) or read_rating(cells.get("rating", "")),
                votes_up=read_count(cells.get("votes_up", "")),
                votes_down=read_count(cells.get("votes_down", "")),
            )
        )
        check_post(post, now=self.now)
        self._met.add(hash(native_id))
        return post

    def _shown(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Return what of a rejected row may be written down."""
        cells = {name: _text(values.get(name)) for name in SHOWN_FIELDS}
        if max(map(len, cells.values())) > MAX_TEXT_CHARS:
            return {}
        masked = mask_post(
            Post(
                source=self.source,
                channel=self.channel,
                native_id="-",
                url=None,
                title=cells["title"],
                text=cells["text"],
                asked_at=self.now,
                fetched_at=self.now,
                replies=(Reply(text=cells["reply"]),),
            )
        )
        shown = {"title": masked.title, "text": masked.text, "reply": masked.replies[0].text}
        shown = {name: text for name, text in shown.items() if len(text) >= MIN_SHOWN_CHARS}
        for name, pattern in (("id", _SHOWN_ID), ("asked_at", _SHOWN_DATE), ("replied_at", _SHOWN_DATE)):
            if pattern.fullmatch(cells[name]):
                shown[name] = mask(cells[name])
        return shown

    def _replies(
        self, values: Mapping[str, Any], cells: Mapping[str, str], epoch: datetime | None
    ) -> tuple[Reply, ...]:
        """Return the row's reply, if any. A reply whose date cannot be read rejects the row."""
        if not cells.get("reply"):
            return ()
        return (
            Reply(
                text=cells["reply"],
                department=cells.get("reply_department") or cells.get("department") or None,
                replied_at=self._time(values["replied_at"], epoch) if cells.get("replied_at") else None,
            ),
        )

    def _time(self, value: Any, epoch: datetime | None) -> datetime:
        return read_cell_date(value, zone=self.zone, epoch=epoch)


def _reason(err: Rejected, values: Mapping[str, Any]) -> str:
    """Return the error's message, without the row's id where that may be a name or a number of a person."""
    native_id = _text(values.get("id"))
    if not native_id or (_SHOWN_ID.fullmatch(native_id) and mask(native_id) == native_id):
        return str(err)
    return str(err).replace(native_id, "…")


def _text(value: Any) -> str:
    """Return a cell as text; Excel's 188006.0 is 188006."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return tidy(str(value))
