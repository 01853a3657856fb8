"""The reply on a message's page: its block, and text, office and date within it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parsel import Selector

from crawler.extraction import text_of
from crawler.proposal.appearance import MIN_TEXT, is_date, is_office
from crawler.proposal.labelled import MAX_LABEL, Value, label_step, labelled_values, value_selector
from crawler.proposal.listing import is_aside
from crawler.proposal.selectors import inner_selector, matched, own_names, quoted, selector_of
from crawler.proposal.tree import ASIDE, UNSEEN, common, direct, leaves, own_length, string, texts, upwards

REPLY_PARTS = ("reply_text", "reply_department", "reply_date")
_REPLY_NAME = re.compile(r"reply|answer|huifu|dafu|response|(?:^|[-_])(?:hf|df)", re.IGNORECASE)


# A link to a reply on a page of its own. One to write a reply (我要回复) is none.
_REPLY_LINK = re.compile(
    r"^(?:点击)?(?:查看|查阅|阅读)?(?:官方|单位|部门|办理)?(?:答复|回复|处理结果|办理结果|反馈)"
    r"(?:内容|意见|详情|情况)?\W*$"
)


@dataclass(slots=True)
class Reply:
    """Where a page has its reply: the `block`, the selectors by field and the elements they take."""

    block: Any
    selectors: dict[str, str] = field(default_factory=dict)
    taken: dict[str, Any] = field(default_factory=dict)


def find_reply(page: Selector, values: Sequence[Value]) -> Reply | None:
    """Return the reply that labels announce, or else names such as class="reply"; None where neither does."""
    parts: dict[str, Value] = {}
    for value in values:
        if value.field in REPLY_PARTS:
            parts.setdefault(value.field, value)
    text = parts["reply_text"].element if "reply_text" in parts else _by_name(page)
    if text is None:
        return None
    outside = {value.element for value in values if value.field and value.field not in REPLY_PARTS}
    block = common([text, *(value.element for value in parts.values())])
    if block.tag in ("body", "html") or any(block in upwards(other) for other in outside):
        block = text
    reply = Reply(block, {"reply": _block_selector(block, page, list(parts.values()), outside)})
    _take_labelled(reply, parts, page)
    if "reply_text" not in parts and text is not block:
        reply.selectors["reply_text"] = inner_selector(text, block)
    _take_by_look(reply, text)
    if text is block and "reply_text" not in reply.selectors:
        _take_longest(reply)
    return reply


def find_reply_link(page: Selector) -> str | None:
    """Return the selector of the link to a page with the reply, told by its words; None without one."""
    for link in page.xpath(f"//body//a[@href][not({ASIDE})]"):
        words = text_of(link)
        href = (link.root.get("href") or "").strip()
        if _REPLY_LINK.match(words) and not href.startswith(("#", "javascript:")):
            return f"//a[contains(., {quoted(words)})]/@href"
    return None


def read_reply_page(page: Selector) -> dict[str, str]:
    """Return the selectors of a reply that has the page to itself; none where there is no text."""
    reply = find_reply(page, list(labelled_values(page)))
    if reply is not None:
        return reply.selectors
    body = page.css("body")
    parts = [node for node in (texts(body[0].root) if body else ()) if not any(map(is_aside, upwards(node)))]
    best = max(parts, key=own_length, default=None)
    if best is None or own_length(best) < MIN_TEXT:
        return {}
    return {"reply": selector_of(best, page)}


def _by_name(page: Selector) -> Any | None:
    for node in page.xpath(f"//body//*[@class or @id or @name][not({ASIDE})]"):
        element = node.root
        names = f"{element.get('class') or ''} {element.get('id') or ''} {element.get('name') or ''}"
        if element.tag not in UNSEEN and _REPLY_NAME.search(names) and len(text_of(node)) >= MIN_TEXT:
            return element
    return None


def _take_labelled(reply: Reply, parts: Mapping[str, Value], page: Selector) -> None:
    for value in parts.values():
        if value.element is reply.block and value.shape == "within":
            # The label stands in the reply itself, and is no part of it.
            reply.selectors[value.field] = value_selector(value, page, reply.block)
        elif value.element is not reply.block:
            inside = reply.block in value.element.iterancestors()
            reply.taken[value.field] = value.element
            reply.selectors[value.field] = value_selector(value, page, reply.block if inside else None)


def _take_by_look(reply: Reply, text: Any) -> None:
    """Take office and date within the block by what they look like."""
    for element in leaves(reply.block):
        if element is text or (text in element.iterancestors() and text is not reply.block):
            continue
        content = text_of(Selector(root=element))
        if "reply_department" not in reply.selectors and is_office(content):
            reply.selectors["reply_department"] = inner_selector(element, reply.block)
        elif "reply_date" not in reply.selectors and is_date(content):
            reply.selectors["reply_date"] = inner_selector(element, reply.block)


def _take_longest(reply: Reply) -> None:
    """Take the longest text in the block, unless the block's own is longer."""
    block = reply.block
    parts = [node for node in texts(block) if node is not block and node not in reply.taken.values()]
    best = max(parts, key=own_length, default=None)
    if best is not None and own_length(best) >= max(MIN_TEXT, len(direct(block))):
        reply.selectors["reply_text"] = inner_selector(best, block)


def _block_selector(block: Any, page: Selector, labels: Sequence[Value], outside: set[Any]) -> str:
    """Return the selector of the reply and its siblings of the same kind: a message may have several."""
    for css in own_names(block):
        alike = matched(page, css)
        holds = any(node is step for node in alike for other in outside for step in upwards(other))
        if block in alike and not holds and all(node.getparent() is block.getparent() for node in alike):
            return css
    for value in labels:
        above = [step for step in value.labelled.iterancestors() if step.tag == block.tag]
        if value.shape == "whole" and block in above and len(string(value.labelled)) <= MAX_LABEL:
            # By its label: where another page has no reply, nothing else may stand in its place.
            return f"//{label_step(value)}/ancestor::{block.tag}[{above.index(block) + 1}]"
    return selector_of(block, page)
