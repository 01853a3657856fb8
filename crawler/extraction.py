"""Markup to fields: text of a selected element, the site's own dates, numbers, ids. Pure functions."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jmespath.exceptions import JMESPathError
from lxml.etree import _Element
from parsel import Selector, SelectorList
from scrapy.http import Response, TextResponse

from crawler.entry_values import is_json, is_xpath, json_path
from crawler.tally import Quarantined
from records.errors import Rejected
from records.times import aware, parse_time

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "tr",
        "td",
        "th",
        "ul",
    ]
)
_UNSEEN = frozenset(["script", "style", "noscript", "template", "iframe", "head"])
DATE_IN_TEXT = re.compile(
    r"\d{4}\s*(?:[-/.]\s*\d{1,2}\s*[-/.]\s*\d{1,2}|年\s*\d{1,2}\s*月\s*\d{1,2}\s*日)"
    r"(?:[T\s]*\d{1,2}[:时点]\d{1,2}(?:[:分]\d{1,2}秒?|分)?)?"
)
_COMMENT_WIDGETS = (
    "//*[self::div or self::section or self::ul or self::ol or self::iframe]["
    "re:test(concat(' ', @id, ' ', @class, ' ', @src), "
    "'(^|[\\s_/-])(comments?|pinglun|gentie|disqus|changyan|sohucs|giscus|livere|uyan)', 'i')]"
)
# At most so many digits: int() refuses a number of thousands.
_REFERENCE = re.compile(r"&#([xX][0-9a-fA-F]{1,400}|[0-9]{1,400});?")
_MARKUP = re.compile(r"<[a-zA-Z/!]|&[#a-zA-Z]")
# Seconds or milliseconds since 1970, from 2001 to 2033.
_EPOCH = re.compile(r"(1\d{9})(?:\d{3})?")
_BLANK = re.compile(r"\s+")  # a line break in the markup is a blank
_SPACES = re.compile(r"[ \t\r\f\v\u00a0\u3000]+")
# Control characters, and halves of surrogate pairs, which UTF-8 has not.
_UNSTORABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_GAPS = re.compile(r"\s*\n\s*")


def select(node: Selector, selector: str) -> SelectorList[Selector]:
    """Return what a selector of any kind matches below `node`.

    Raises Quarantined("selector_does_not_fit") for JMESPath that asks of the JSON what it has not.
    """
    if is_json(selector):
        try:
            return node.jmespath(json_path(selector))
        except JMESPathError as err:
            raise Quarantined(
                "selector_does_not_fit", f'selector "{selector}": the page\'s JSON is not of this shape'
            ) from err
    return node.xpath(selector) if is_xpath(selector) else node.css(selector)


def text_of(node: Selector) -> str:
    """Return an element's visible text, blocks on lines of their own; of a text or attribute, its value.

    A string of JSON is often a piece of HTML and is read as one; its numbers are text, its objects none.
    """
    root = node.root
    if isinstance(root, str):
        return html_text(root) if node.type == "text" and _MARKUP.search(root) else tidy(root)
    if isinstance(root, bool | dict | list):
        return ""
    if isinstance(root, int | float):
        return str(root)
    return tidy("".join(_pieces(root)))


def html_page(response: TextResponse) -> Selector:
    """Return the response read as HTML, whatever its header says that it is, and wherever its base lies."""
    try:
        page = response.selector
    except (ValueError, RecursionError):  # a <base> that is no address, JSON deeper than Python reads
        page = None
    return page if page is not None and page.type == "html" else Selector(text=response.text, type="html")


def join_url(response: Response, link: str) -> str:
    """Return the web address that a link of the page leads to, '' for what is none."""
    try:
        url = response.urljoin(link.strip())
    except ValueError:
        url = link.strip()
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return ""
    return url if is_web else ""


def without_control_characters(page: Selector) -> Selector:
    """Return the page without what lxml reads and then refuses to write. Changes the page."""
    for element in page.root.iter():
        if isinstance(element.tag, str):
            element.text = _UNSTORABLE.sub("", element.text or "")
        element.tail = _UNSTORABLE.sub("", element.tail or "")
    return page


def without_bad_references(markup: str) -> str:
    """Return the markup without references to characters that do not exist, on which parsers of XML break."""
    return _REFERENCE.sub(_existing, markup)


def _existing(reference: re.Match[str]) -> str:
    stated = reference.group(1)
    number = int(stated[1:], 16) if stated[0] in "xX" else int(stated)
    exists = 0 < number < 0x110000 and not 0xD800 <= number < 0xE000
    return reference.group() if exists else ""


def html_text(markup: str) -> str:
    """Return the visible text of a piece of HTML."""
    return text_of(Selector(text=f"<div>{markup}</div>").css("div")[0]) if markup.strip() else ""


def tidy(text: str) -> str:
    """Return `text` with runs of blanks as one, without empty lines and without what no store can hold."""
    return _GAPS.sub("\n", _SPACES.sub(" ", _UNSTORABLE.sub("", text))).strip()


def _pieces(element: Any) -> Iterator[str]:
    """Yield the text below `element` in order. A broken page nests deeper than Python recurses."""
    stack: list[tuple[Any, bool]] = [(element, False)]
    while stack:
        node, leaving = stack.pop()
        block = node.tag in _BLOCKS
        if leaving:
            if block:
                yield "\n"
            if node is not element:
                yield _BLANK.sub(" ", node.tail or "")
            continue
        stack.append((node, True))
        # Comments and processing instructions have no string as their tag.
        if isinstance(node.tag, str) and node.tag not in _UNSEEN:
            if block:
                yield "\n"
            yield _BLANK.sub(" ", node.text or "")
            stack.extend((child, False) for child in reversed(node))


def first_text(node: Selector, selector: str | None) -> str:
    """Return the text of the first match that has any, '' where nothing matches or no selector is given."""
    if selector is None:
        return ""
    return next((text for match in select(node, selector) if (text := text_of(match))), "")


def all_text(node: Selector, selector: str) -> str:
    """Return the texts of all matches, a line each. What lies within another match is part of its text."""
    matches = select(node, selector)
    elements = {match.root for match in matches if isinstance(match.root, _Element)}
    return "\n".join(
        text for match in matches if not _is_within(match.root, elements) and (text := text_of(match))
    )


def _is_within(root: Any, elements: set[Any]) -> bool:
    """Return whether an ancestor of `root` is one of `elements`."""
    return isinstance(root, _Element) and any(parent in elements for parent in root.iterancestors())


def read_date(text: str, *, formats: Sequence[str], zone: ZoneInfo) -> datetime:
    """Return the time that the site's date element states.

    With `formats` (strptime) one of them has to fit the whole; without, the text is a date as parse_time
    reads it, a number of seconds or milliseconds since 1970, or holds exactly one date
    ("发布时间：2026-03-01 08:30"). Nothing is guessed: Rejected("no_date") for nothing, Rejected("bad_date")
    for none or several. Its message has no word of the page.
    """
    if not text:
        raise Rejected("no_date", "the page states no date")
    for pattern in formats:
        try:
            return aware(datetime.strptime(text, pattern), zone=zone)  # noqa: DTZ007  # aware() adds the zone
        except ValueError:
            continue
    epoch = _EPOCH.fullmatch(text)
    if epoch is not None and not formats:
        return datetime.fromtimestamp(int(epoch.group(1)), tz=zone)
    found = set(DATE_IN_TEXT.findall(text)) if not formats else set()
    try:
        return parse_time(found.pop() if len(found) == 1 else text, zone=zone)
    except Rejected:
        raise Rejected("bad_date", "the page's date is not one that the source's rule can read") from None


def read_count(text: str) -> int:
    """Return the first number of `text`, 0 where it has none."""
    match = re.search(r"\d{1,9}", text)
    return int(match.group()) if match else 0


def read_rating(text: str) -> int | None:
    """Return the 1-5 that `text` states, else None."""
    match = re.search(r"(?<!\d)[1-5](?!\d)", text)
    return int(match.group()) if match else None


def hashed_id(text: str) -> str:
    """Return a stable native id for something that has only `text` (its URL, its content) to be known by."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def without_comments(page: Selector) -> Selector:
    """Return the page without comment widgets. Changes the page."""
    for widget in page.xpath(_COMMENT_WIDGETS):
        if widget.root.getparent() is not None:
            widget.drop()
    return page


def json_ld_value(page: Selector, key: str) -> str:
    """Return the first string that the page's JSON-LD gives for `key`, '' where there is none."""
    for block in page.xpath("//script[@type='application/ld+json']/text()").getall():
        try:
            stack: list[Any] = [json.loads(block)]
        except (ValueError, RecursionError):
            continue
        while stack:
            value = stack.pop()
            if isinstance(value, dict):
                if isinstance(value.get(key), str):
                    return str(value[key]).strip()
                stack.extend(value.values())
            elif isinstance(value, list):
                stack.extend(value)
    return ""


def meta_value(page: Selector, name: str) -> str:
    """Return the content of the page's meta element `name` (its name, property or itemprop), '' if absent."""
    for attribute in ("name", "property", "itemprop"):
        for element in page.xpath(f"//meta[@{attribute}]"):
            if (element.xpath(f"@{attribute}").get() or "").lower() == name.lower():
                return (element.xpath("@content").get() or "").strip()
    return ""
