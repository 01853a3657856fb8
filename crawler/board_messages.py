"""A board's message, read from its page, from the page's JSON or from its entry of the list. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from parsel import Selector

from crawler.extraction import all_text, first_text, hashed_id, read_count, read_date, read_rating, select
from crawler.selectors import BoardSelectors
from crawler.source import BoardSource
from crawler.tally import Quarantined
from records.post import Post, Reply


def read_message(
    page: Selector, *, source: BoardSource, native_id: str, url: str | None, now: datetime
) -> Post:
    """Return the message that `page` shows, unmasked.

    Raises Quarantined where title or body is not there, Rejected (no_date, bad_date) for its date.
    """
    selectors = source.selectors
    title, body = first_text(page, selectors.title), all_text(page, selectors.body)
    if not title or not body:
        missing = "body" if title else "title"
        raise Quarantined("selector_matched_nothing", f'selectors.{missing} matches nothing on "{url}"')
    asked = first_text(page, selectors.asked_at)
    return Post(
        source=source.name,
        channel=source.channel,
        native_id=native_id,
        url=url,
        title=title,
        text=_with_attachments(body, page, selectors),
        asked_at=read_date(asked, formats=source.date_formats, zone=source.zone_info),
        fetched_at=now,
        addressed_to=first_text(page, selectors.department) or source.department,
        place=first_text(page, selectors.place) or source.place,
        status=first_text(page, selectors.status) or None,
        replies=tuple(read_replies(page, source=source)),
        rating=read_rating(first_text(page, selectors.rating)),
        votes_up=read_count(first_text(page, selectors.votes_up)),
        votes_down=read_count(first_text(page, selectors.votes_down)),
    )


def _with_attachments(body: str, page: Selector, selectors: BoardSelectors) -> str:
    """Return the body with the names of attached files on a line of their own. They are never fetched."""
    names = all_text(page, selectors.attachment).split("\n") if selectors.attachment else []
    return f"{body}\n附件：{'、'.join(names)}" if any(names) else body


def content_id(item: Selector, selectors: BoardSelectors) -> str:
    """Return by what a message is known that has neither a page nor a number: its own words and date."""
    said = (selectors.title, selectors.asked_at, selectors.body)
    return hashed_id("\n".join(all_text(item, selector) for selector in said))


def read_replies(page: Selector, *, source: BoardSource) -> Iterator[Reply]:
    """Yield the replies in the page's order; a reply without text is none yet."""
    selectors = source.selectors
    for block in select(page, selectors.reply) if selectors.reply else ():
        text = all_text(block, selectors.reply_text or _whole(selectors))
        if not text:
            continue
        date = first_text(block, selectors.reply_date)
        yield Reply(
            text=text,
            department=first_text(block, selectors.reply_department) or None,
            replied_at=read_date(date, formats=source.date_formats, zone=source.zone_info) if date else None,
        )


def _whole(selectors: BoardSelectors) -> str:
    return "json:@" if selectors.detail_is_json else "./self::*"
