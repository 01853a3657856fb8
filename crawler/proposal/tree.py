"""Walking the elements of a page, as lxml has them."""

from __future__ import annotations

import re
from typing import Any

UNSEEN = frozenset(["script", "style", "noscript", "template", "head", "title", "option", "select"])
# An XPath condition: within the page's frame, not in what it tells.
ASIDE = (
    "ancestor-or-self::nav or ancestor-or-self::header or ancestor-or-self::footer or ancestor-or-self::aside"
)


def upwards(element: Any) -> list[Any]:
    return [element, *element.iterancestors()]


def common(elements: list[Any]) -> Any:
    """Return the smallest element that holds all."""
    first, *rest = elements
    for step in [first, *first.iterancestors()]:
        if all(step is other or step in other.iterancestors() for other in rest):
            return step
    return first


def leaves(block: Any) -> list[Any]:
    return [node for node in block.iter() if isinstance(node.tag, str) and not len(node)]


def texts(root: Any) -> list[Any]:
    return [
        node
        for node in root.iter()
        if isinstance(node.tag, str) and node.tag not in UNSEEN and node.tag != "a"
    ]


def own_length(element: Any) -> int:
    """Return how much text the element has as running text: its own, and that of paragraphs in it."""
    inner = [
        child for child in element if child.tag in ("p", "br", "span", "font", "b", "strong", "em", "u", "a")
    ]
    own = [element.text or "", *(child.tail or "" for child in element)]
    return sum(len(part.strip()) for part in [*own, *(string(child) for child in inner)])


def direct(element: Any) -> str:
    return "".join([element.text or "", *(child.tail or "" for child in element)]).strip()


def string(element: Any) -> str:
    return "".join(element.itertext()) if isinstance(element.tag, str) else ""


def tight(text: str) -> str:
    return re.sub(r"\s+", "", text)
