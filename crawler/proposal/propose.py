"""From a list page and a few of its messages to a proposal: what kind of source, and its selectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parsel import Selector

from crawler.extraction import first_text, json_ld_value, meta_value
from crawler.proposal.detail import Found, read_detail
from crawler.proposal.labels import is_of_letter
from crawler.proposal.listing import Listing, find_id_pattern
from records.post import Channel

# What a message has and an article has not.
_MARKS_OF_BOARD = frozenset({"reply", "status"})
_DATE_METAS = ("PubDate", "article:published_time", "publishdate", "datePublished", "pubdate")
_NOTICE_WORDS = ("通知", "公告", "公示", "通告")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A source as the page suggests it. `skipped` are labels of the writer;"""

    spider: str
    url: str
    title: str
    channel: Channel
    selectors: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """The page of one entry, and what the list called it."""

    url: str
    title: str
    page: Selector


def propose_list(url: str, title: str, listing: Listing, details: Sequence[Detail]) -> Proposal:
    """Return a board where the pages show messages, else articles. `selectors` may lack what is not found."""
    found = [read_detail(detail.page, title=detail.title) for detail in details]
    skipped = tuple(dict.fromkeys(label for one in found for label in one.skipped))
    fields = _agreed(found, details)
    id_pattern = find_id_pattern([entry.url for entry in listing.entries])
    if any(map(is_of_letter, skipped)) or _MARKS_OF_BOARD & fields.keys():
        selectors = {"item": listing.item, "link": listing.link, "next_page": listing.next_page}
        selectors |= {"id_from_url": id_pattern} | fields
        kept = {name: text for name, text in selectors.items() if text}
        return Proposal(
            spider="board", url=url, title=title, channel=Channel.INBOX, selectors=kept, skipped=skipped
        )
    return _articles(url, title, listing, details, fields, id_pattern)


def _agreed(found: Sequence[Found], details: Sequence[Detail]) -> dict[str, str]:
    """Return for each field the selector that finds something on most of the pages."""
    chosen: dict[str, str] = {}
    for name in dict.fromkeys(name for one in found for name in one.selectors):
        votes: Counter[str] = Counter()
        for one in found:
            selector = one.selectors.get(name)
            if selector is not None and not name.startswith("reply_"):
                votes[selector] += sum(bool(first_text(detail.page, selector)) for detail in details)
            elif selector is not None:
                votes[selector] += 1
        chosen[name] = votes.most_common(1)[0][0]
    if "reply" not in chosen:
        return {name: text for name, text in chosen.items() if not name.startswith("reply_")}
    # Parts are looked for within the reply of the page that they were read from.
    best = next(one for one in found if one.selectors.get("reply") == chosen["reply"])
    parts = {name: text for name, text in best.selectors.items() if name.startswith("reply_")}
    return {name: text for name, text in chosen.items() if not name.startswith("reply_")} | parts


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
