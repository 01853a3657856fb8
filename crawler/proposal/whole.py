"""Boards whose letters stand on the list itself, none with a page of its own."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from lxml import html
from parsel import Selector

from crawler.entry_values import is_xpath
from crawler.proposal.listing import (
    DATE,
    MIN_ITEMS,
    alike_siblings,
    find_next,
    is_aside,
    item_selector,
    main_link,
)
from crawler.proposal.propose import Detail, Proposal, is_board, read_details
from crawler.proposal.tree import UNSEEN, string
from records.post import Channel

# What is shorter has no room for a letter beside its date.
MIN_LETTER = 30
# What a letter's length is worth: a longer one says no more about whether it is one.
MAX_LETTER = 300
# So many letters tell how all are read.
LOOKED_AT = 10
_NEEDED = {"title", "body", "asked_at"}
_ABSOLUTE = re.compile(r"(?<![.\w\])])//")


def propose_whole(url: str, title: str, page: Selector) -> Proposal | None:
    """Return the board whose letters the page holds, None where it holds none."""
    group = max(alike_siblings(_letters(page)), key=_size, default=[])
    if not group or sum(main_link(node, url) is not None for node in group) * 2 > len(group):
        return None
    letters = [Detail(url=url, title="", page=_as_page(node)) for node in group[:LOOKED_AT]]
    fields, skipped = read_details(letters)
    if not fields.keys() >= _NEEDED or not is_board(fields, skipped):
        return None
    selectors = {"item": item_selector(group, page, alike=_is_letter), "next_page": find_next(page)}
    # What is within the reply is looked for there already.
    within = {
        name: text if name.startswith("reply_") else _within_item(text) for name, text in fields.items()
    }
    return Proposal(
        spider="board",
        url=url,
        title=title,
        channel=Channel.INBOX,
        selectors={name: text for name, text in {**selectors, **within}.items() if text},
        skipped=skipped,
        whole_in_list=True,
    )


def _letters(page: Selector) -> list[Any]:
    return [
        node.root
        for node in page.xpath("//body//*")
        if node.root.tag not in UNSEEN and _is_letter(node.root) and not is_aside(node.root)
    ]


def _is_letter(node: Any) -> bool:
    text = string(node)
    return len(text) >= MIN_LETTER and DATE.search(text) is not None


def _size(group: list[Any]) -> int:
    return sum(min(len(string(node)), MAX_LETTER) for node in group) if len(group) >= MIN_ITEMS else 0


def _as_page(item: Any) -> Selector:
    """Return the item as the body of a page of its own, so that it is read as one."""
    body = deepcopy(item)
    body.tag, body.tail = "body", None
    body.attrib.clear()
    page = html.Element("html")
    page.append(body)
    return Selector(root=page)


def _within_item(selector: str) -> str:
    """Return what finds in the item what `selector` finds on the page that `_as_page` made of it."""
    if is_xpath(selector):
        return _ABSOLUTE.sub(".//", selector)
    if not selector.startswith("body > "):
        return selector
    return "./" + re.sub(r":nth-of-type\((\d+)\)", r"[\1]", selector.removeprefix("body > ")).replace(
        " > ", "/"
    )
