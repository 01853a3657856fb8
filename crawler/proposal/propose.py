"""From a list page and a few of its messages to a proposal: what kind of source, and its selectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from parsel import Selector

from crawler.extraction import first_text, json_ld_value, meta_value
from crawler.proposal.detail import Found, read_detail
from crawler.proposal.labels import is_of_letter
from crawler.proposal.listing import Listing, find_id_pattern
from crawler.proposal.reply import REPLY_PARTS
from records.post import Channel

# What a message has and an article has not.
_MARKS_OF_BOARD = frozenset({"reply", "status"})
_DATE_METAS = ("PubDate", "article:published_time", "publishdate", "datePublished", "pubdate")
_NOTICE_WORDS = ("通知", "公告", "公示", "通告")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A source as the page suggests it. `skipped` are labels of the writer.

    `whole_in_list`: its messages stand in the list itself.
    """

    spider: str
    url: str
    title: str
    channel: Channel
    selectors: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    whole_in_list: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """The page of one entry, and what the list called it; `reply` is the page to which it links for one."""

    url: str
    title: str
    page: Selector
    reply: Selector | None = None


def propose_list(url: str, title: str, listing: Listing, details: Sequence[Detail]) -> Proposal:
    """Return a board where the pages show messages, else articles. `selectors` may lack what is not found."""
    fields, skipped = read_details(details)
    id_pattern = find_id_pattern([entry.url for entry in listing.entries])
    if is_board(fields, skipped):
        selectors = {"item": listing.item, "link": listing.link, "next_page": listing.next_page}
        selectors |= {"id_from_url": id_pattern} | fields
        kept = {name: text for name, text in selectors.items() if text}
        return Proposal(
            spider="board", url=url, title=title, channel=Channel.INBOX, selectors=kept, skipped=skipped
        )
    return _articles(url, title, listing, details, fields, id_pattern)


def read_details(details: Sequence[Detail]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the selectors that most of the pages agree on, and the labels that were passed over."""
    found = [read_detail(detail.page, title=detail.title, reply_page=detail.reply) for detail in details]
    skipped = dict.fromkeys(label for one in found for label in one.skipped)
    return _agreed(found, details), tuple(skipped)


def is_board(fields: Collection[str], skipped: Sequence[str]) -> bool:
    """Return whether pages with these fields and labels are messages: an article has none of their marks."""
    return any(map(is_of_letter, skipped)) or not _MARKS_OF_BOARD.isdisjoint(fields)


def _agreed(found: Sequence[Found], details: Sequence[Detail]) -> dict[str, str]:
    """Return for each field the selector that finds something on most of the pages."""
    chosen: dict[str, str] = {}
    for name in dict.fromkeys(name for one in found for name in one.selectors):
        votes: Counter[str] = Counter()
        for one in found:
            selector = one.selectors.get(name)
            if selector is not None and name not in REPLY_PARTS:
                votes[selector] += sum(bool(first_text(detail.page, selector)) for detail in details)
            elif selector is not None:
                votes[selector] += 1
        chosen[name] = votes.most_common(1)[0][0]
    fields = {name: text for name, text in chosen.items() if name not in REPLY_PARTS}
    if "reply" not in chosen:
        return fields
    # Parts are looked for within the reply of the page that they were read from.
    best = next(one for one in found if one.selectors.get("reply") == chosen["reply"])
    return fields | {name: text for name, text in best.selectors.items() if name in REPLY_PARTS}


def _articles(
    url: str,
    title: str,
    listing: Listing,
    details: Sequence[Detail],
    fields: Mapping[str, str],
    id_pattern: str | None,
) -> Proposal:
    selectors: dict[str, str | Mapping[str, str] | None] = {
        "item": listing.item,
        "next_page": listing.next_page,
        "id_from_url": id_pattern,
        "title": fields.get("title"),
        # By a name only: a place in the page is no better than what trafilatura finds by itself.
        "body": body if (body := fields.get("body", "")).count(">") == 0 else None,
        "date": find_date_rule(details, fields),
        "department": fields.get("department"),
    }
    kept = {name: text for name, text in selectors.items() if text}
    return Proposal(spider="pages", url=url, title=title, channel=news_channel(title), selectors=kept)


def find_date_rule(details: Sequence[Detail], fields: Mapping[str, str]) -> Mapping[str, str] | None:
    """Return the site's own rule for an article's date: meta, JSON-LD, then the element that shows it."""
    pages = [detail.page for detail in details]
    for name in _DATE_METAS:
        if all(meta_value(page, name) for page in pages):
            return {"meta": name}
    if all(json_ld_value(page, "datePublished") for page in pages):
        return {"json_ld": "datePublished"}
    return {"selector": fields["asked_at"]} if "asked_at" in fields else None


def news_channel(title: str) -> Channel:
    """Return what articles under this heading are."""
    return Channel.NOTICE if any(word in title for word in _NOTICE_WORDS) else Channel.NEWS
