"""The page of one message: which element has what, told by labels first and else by structure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from parsel import Selector

from crawler.extraction import text_of
from crawler.proposal.appearance import MIN_TEXT, is_date, is_office, is_status
from crawler.proposal.labelled import MARKS, MAX_LABEL, Value, labelled_values, value_selector
from crawler.proposal.labels import is_writers
from crawler.proposal.listing import is_aside
from crawler.proposal.reply import REPLY_PARTS, Reply, find_reply, find_reply_link, read_reply_page
from crawler.proposal.selectors import matched, selector_of
from crawler.proposal.tree import ASIDE, UNSEEN, own_length, string, texts, tight, upwards


@dataclass(slots=True)
class Found:
    """What a page shows: selectors by field, and the labels that were passed over."""

    selectors: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)


def read_detail(page: Selector, *, title: str, reply_page: Selector | None = None) -> Found:
    """Return the selectors that one message's page suggests; `title` is what the list called it.

    `reply_page` is the page to which it links for its reply; it is read where the message's has none.
    """
    values = list(labelled_values(page))
    reply = find_reply(page, values)
    reader = _Reader(page, reply)
    for value in values:
        if value.field and value.field not in REPLY_PARTS and not reader.is_in_reply(value.element):
            reader.take(value)
    reader.take_title(title)
    reader.take_unlabelled()
    reader.take_body()
    skipped = dict.fromkeys(value.label for value in values if not value.field)
    selectors = reader.matching_selectors()
    if reply is None and reply_page is not None:
        selectors |= _reply_elsewhere(page, reply_page)
    return Found(selectors, list(skipped))


def _reply_elsewhere(page: Selector, reply_page: Selector) -> dict[str, str]:
    link, found = find_reply_link(page), read_reply_page(reply_page)
    return {"reply_page": link, **found} if link and found else {}


class _Reader:
    """The page while it is read: what is taken already is not taken twice."""

    def __init__(self, page: Selector, reply: Reply | None) -> None:
        self._page = page
        self._reply = reply
        self._selectors = dict(reply.selectors) if reply else {}
        self._taken = dict(reply.taken) if reply else {}
        self._replies = matched(page, self._selectors["reply"]) if reply else []

    def is_in_reply(self, element: Any) -> bool:
        return any(step in self._replies for step in upwards(element))

    def take(self, value: Value) -> None:
        if value.field not in self._taken:
            self._taken[value.field] = value.element
            self._selectors[value.field] = value_selector(value, self._page)

    def take_title(self, title: str) -> None:
        if "title" in self._taken:
            return
        wanted = title.rstrip("….").strip()
        same = [
            node.root
            for node in self._page.xpath(f"//body//*[not({ASIDE})][not(self::a)]")
            if node.root.tag not in UNSEEN and wanted and tight(text_of(node)).startswith(tight(wanted))
            and len(tight(text_of(node))) <= len(tight(wanted)) + (40 if wanted != title else 0)
        ]  # fmt: skip
        heads = [node.root for node in self._page.css("h1, h2, h3")]
        best = next((node for node in same if node.tag in ("h1", "h2", "h3")), None)
        element = best if best is not None else next(iter(same[-1:]), None)
        element = element if element is not None else next(iter(heads), None)
        if element is not None:
            self._taken["title"] = element
            self._selectors["title"] = selector_of(element, self._page)

    def take_unlabelled(self) -> None:
        """Take date, status and office by their look, where no label tells them."""
        looks: dict[str, Callable[[str], object]] = {
            "asked_at": is_date,
            "status": is_status,
            "department": is_office,
        }
        main = self._page.xpath(f"//body//*[not({ASIDE})][not(self::a)]")
        for node in main:
            element = node.root
            if element.tag in UNSEEN or len(element) or self.is_in_reply(element):
                continue
            content = text_of(node)
            for name, fits in looks.items():
                if name not in self._taken and fits(content) and not _labels_writer(element):
                    self._taken[name] = element
                    self._selectors[name] = selector_of(element, self._page)

    def take_body(self) -> None:
        """Take the longest text that is neither reply nor any other field."""
        if "body" in self._taken:
            return
        others = {*self._taken.values()}
        body = self._page.css("body")
        candidates = [
            element
            for element in (texts(body[0].root) if body else ())
            if not self.is_in_reply(element)
            and element not in others
            and not any(step in others for step in element.iterancestors())
            and not any(element in other.iterancestors() for other in [*others, *self._replies])
            and not any(map(is_aside, upwards(element)))
        ]
        best = max(candidates, key=own_length, default=None)
        if best is not None and own_length(best) >= MIN_TEXT:
            self._taken["body"] = best
            self._selectors["body"] = selector_of(best, self._page)

    def matching_selectors(self) -> dict[str, str]:
        """Return what was taken, without the selectors that broken markup made useless."""
        block = Selector(root=self._reply.block) if self._reply else self._page
        return {
            name: selector
            for name, selector in self._selectors.items()
            if matched(block if name in REPLY_PARTS else self._page, selector)
        }


def _labels_writer(element: Any) -> bool:
    before = element.getprevious()
    return before is not None and is_writers(string(before).strip(MARKS)[:MAX_LABEL])
