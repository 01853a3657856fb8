"""From an element to a selector that finds it again on the next page of its kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cssselect import SelectorError
from parsel import Selector

from crawler.extraction import select

# Names that a generator counts or hashes: they differ on the next page, or after the next release.
_VOLATILE = re.compile(
    r"\d{3,}|^[a-z]*[-_]?[0-9a-f]{6,}$|^(?:odd|even|first|last|active|on|cur|current|hover)$"
)
_NAME = re.compile(r"^-?[A-Za-z_\u4e00-\u9fff][\w\u4e00-\u9fff-]*$")
_HEADINGS = ("h1", "h2", "h3")
# How far up a selector looks for a name to hold on to.
MAX_STEPS = 4


def stable_classes(element: Any) -> list[str]:
    """Return the element's class names that may be there tomorrow."""
    names = (element.get("class") or "").split()
    return [name for name in names if _NAME.match(name) and not _VOLATILE.search(name)]


def own_names(element: Any) -> Iterator[str]:
    """Yield CSS for the element by its own id and classes, the surest first."""
    name = (element.get("id") or "").strip()
    if _NAME.match(name) and not _VOLATILE.search(name):
        yield f"{element.tag}#{name}"
    classes = stable_classes(element)
    for one in classes:
        yield f"{element.tag}.{one}"
    if len(classes) > 1:
        yield element.tag + "".join(f".{one}" for one in classes)


def named(element: Any, page: Selector) -> str | None:
    """Return CSS that finds this element alone on the page by names of it and of what holds it, else None."""
    own: list[str] = [*own_names(element), element.tag]
    above = [name for step in list(element.iterancestors())[:MAX_STEPS] for name in own_names(step)]
    alone: list[str] = [element.tag] if element.tag in _HEADINGS else []
    for css in [*own[:-1], *alone, *(f"{up} {name}" for up in above for name in own)]:
        if matched(page, css) == [element]:
            return css
    return None


def by_position(element: Any, page: Selector) -> str:
    """Return CSS or XPath for an element without names: its place below the nearest that has one."""
    steps: list[str] = []
    node = element
    while node.getparent() is not None and node.tag != "body":
        steps.insert(0, _step(node))
        node = node.getparent()
        name = named(node, page) if node.tag != "body" else None
        if name is not None:
            return name + " > " + " > ".join(steps)
    return " > ".join(["body", *steps])


def _step(node: Any) -> str:
    same = [child for child in node.getparent() if child.tag == node.tag]
    return node.tag if len(same) == 1 else f"{node.tag}:nth-of-type({same.index(node) + 1})"


def selector_of(element: Any, page: Selector) -> str:
    """Return what finds this element alone on the page, by names where it can."""
    return named(element, page) or by_position(element, page)


def inner_named(element: Any, block: Any) -> str | None:
    """Return CSS that finds this element first within its block, else None."""
    inside = Selector(root=block)
    holder = element.getparent()
    holders = [] if holder is block else [*own_names(holder)]
    tag: str = element.tag
    for css in [*own_names(element), *(f"{up} {tag}" for up in holders), tag]:
        if matched(inside, css)[:1] == [element]:
            return css
    return None


def inner_selector(element: Any, block: Any) -> str:
    """Return the selector of an element within its block."""
    if element is block:
        return "./self::*"
    own = inner_named(element, block)
    if own is not None:
        return own
    steps: list[str] = []
    node = element
    while node is not block:
        same = [child for child in node.getparent() if child.tag == node.tag]
        steps.insert(0, f"{node.tag}[{same.index(node) + 1}]")
        node = node.getparent()
    return "./" + "/".join(steps)


def matched(node: Selector, selector: str) -> list[Any]:
    """Return what the selector matches below `node`, as lxml elements or strings.

    Nothing for one that is none: broken markup has tags such as "td<p", which no selector can name.
    """
    try:
        return [found.root for found in select(node, selector)]
    except (ValueError, SelectorError):
        return []


def quoted(text: str) -> str:
    """Return an XPath literal. A label has no quotes of its own; one that had would find nothing."""
    return "'" + text.replace("'", "") + "'"
