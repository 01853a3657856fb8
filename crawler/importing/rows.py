"""One row of an export to one post: a function of the row alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.metadata import version
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """A row as its masked post. By `fingerprint` the same row is known again, without its text."""

    post: Post
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRow:
    """A row that was stored as it is: neither parsed nor masked again."""

    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """A row as it stands in the file and as text; without `cells` it is blank, or `refused`."""

    number: int
    values: Mapping[str, Any]
    cells: Mapping[str, str]
    native_id: str
    fingerprint: str = ""
    refused: Rejected | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReader:
    """Turns rows of one file into masked posts, each by itself: any process may do it."""

    source: str
    channel: Channel
    now: datetime
    zone: ZoneInfo

    def file_row(
        self, number: int, values: Mapping[str, Any] | Rejected, *, sheet: Sheet | None = None
    ) -> FileRow:
        """Return the row of these cells (by our field), as text and with what it is known by."""
        if isinstance(values, Rejected):
            return FileRow(number=number, values={}, cells={}, native_id="", refused=values)
        cells = {name: _text(value) for name, value in values.items()}
        if not any(cells.values()):
            return FileRow(number=number, values={}, cells={}, native_id="")
        told = (cells.get(name, "") for name in ("title", "text", "asked_at"))
        return FileRow(
            number=number,
            values=values,
            cells=cells,
            native_id=cells.get("id") or hashed_id("\n".join(told)),
            fingerprint=self._fingerprint(values, sheet),
        )

    def read(self, row: FileRow, *, sheet: Sheet | None = None) -> ReadRow | RejectedRow:
        """Return what becomes of a row that is not blank."""
        if row.refused:
            return self.reject(row, row.refused, sheet=sheet)
        try:
            post = self._post(row, sheet.epoch if sheet else None)
        except Rejected as err:
            return self.reject(row, err, sheet=sheet)
        return ReadRow(post=post, fingerprint=row.fingerprint)

    def reject(self, row: FileRow, err: Rejected, *, sheet: Sheet | None = None) -> RejectedRow:
        """Return the row as rejected, with what of it may be written down."""
        return RejectedRow(
            row=row.number,
            sheet=sheet.name if sheet else None,
            code=err.code,
            message=str(err) if err is row.refused else f"row {row.number}: {_reason(err, row.native_id)}",
            cells=self._shown(row.cells) if row.cells else {},
        )

    def _fingerprint(self, values: Mapping[str, Any], sheet: Sheet | None) -> str:
        """Return the hash of the row and of all that decides what becomes of it."""
        read_as = (_release(), self.channel.value, self.zone.key, sheet.epoch if sheet else None)
        content = repr((read_as, sorted(values.items())))
        return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def _post(self, row: FileRow, epoch: datetime | None) -> Post:
        cells, values, native_id = row.cells, row.values, row.native_id
        text = cells.get("text", "")
        if not text:
            raise Rejected("empty", "has no text")
        if max(map(len, cells.values())) > MAX_TEXT_CHARS:
            # Before masking, which is not to be kept busy with a file in a cell.
            raise Rejected("too_long", f"a cell has over {MAX_TEXT_CHARS} characters (shorten it)")
        post = mask_post(
            Post(
                source=self.source,
                channel=self.channel,
                native_id=native_id,
                url=cells.get("url") or None,
                title=cells.get("title", ""),
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
        return post

    def _shown(self, row: Mapping[str, str]) -> dict[str, str]:
        """Return what of a rejected row may be written down."""
        cells = {name: row.get(name, "") for name in SHOWN_FIELDS}
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


@cache
def _release() -> str:
    """Return the version by which rows are read and masked: another one may do it otherwise."""
    return version("huiying")


def _reason(err: Rejected, native_id: str) -> str:
    """Return the error's message, without the row's id where that may be a name or a number of a person."""
    if _SHOWN_ID.fullmatch(native_id) and mask(native_id) == native_id:
        return str(err)
    return str(err).replace(native_id, "…")


def _text(value: Any) -> str:
    """Return a cell as text; Excel's 188006.0 is 188006."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return tidy(str(value))
