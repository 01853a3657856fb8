"""The list page: which element repeats, where it links to, and how the list goes on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from urllib.parse import urljoin, urlsplit

from parsel import Selector

from crawler.extraction import text_of
from crawler.proposal.selectors import by_position, matched, named, own_names, quoted
from crawler.refusals import plain_host

# Fewer than this is no list: two links side by side are anything.
MIN_ITEMS = 3
# What a link's text is worth: a longer one says no more about whether it is a title.
MAX_TITLE = 20
# An entry links to its message, perhaps to its category and office; more is a column of a home page.
MAX_LINKS = 4
DATE = re.compile(r"(?<!\d)(?:\d{4}\s*[-/.年]\s*)?\d{1,2}\s*[-/.月]\s*\d{1,2}日?(?!\d)")
_ASIDE = frozenset(["nav", "header", "footer", "aside"])
_ASIDE_NAME = re.compile(r"nav|menu|foot|header|breadcrumb|crumb|pager|pages|sidebar", re.IGNORECASE)
_NEXT = ("下一页", "下页", "后一页", "下一頁", "Next", "next", "›", "»", ">>", ">")
_DONE = re.compile(r"已(?:办|回|答|处|解)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One entry of a list: its text link. `url` is whole, without fragment."""

    url: str
    title: str
    answered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The repeating entries of a list page, and the selectors that find them."""

    item: str
    link: str
    entries: tuple[Listed, ...]
    next_page: str | None


def groups_of(page: Selector) -> list[list[Any]]:
    """Return the groups of sibling elements alike in tag and class, each with a link."""
    return alike_siblings(element.root for element in page.xpath("//body//*[self::a or .//a[@href]]"))


def alike_siblings(nodes: Iterable[Any]) -> list[list[Any]]:
    """Return those of the nodes that stand in one element, alike in tag and class, MIN_ITEMS or more."""
    alike: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for node in nodes:
        alike[node.getparent(), node.tag, _kind(node)].append(node)
    return [group for group in alike.values() if len(group) >= MIN_ITEMS]


def _kind(node: Any) -> str:
    return next(iter(own_names(node)), "") if node.get("class") else ""


def find_listing(page: Selector, url: str) -> Listing | None:
    """Return the entries of the page at `url`, or None where nothing repeats that links within its site."""
    groups = groups_of(page)
    group = max(groups, key=lambda one: _score(one, url), default=[])
    if not group or not _score(group, url):
        return None
    item = item_selector(group, page, alike=_has_link)
    links = [(node, link) for node in group if (link := main_link(node, url)) is not None]
    entries = {_address(link, url): _listed(node, link, url) for node, link in links}
    return Listing(
        item=item, link=_link_selector(links), entries=tuple(entries.values()), next_page=find_next(page)
    )


def main_link(node: Any, url: str) -> Any | None:
    """Return the link of an entry: the one with the longest text that leads to another page of this host."""
    own = [node] if node.tag == "a" else []
    links = [link for link in [*own, *node.iterfind(".//a[@href]")] if _address(link, url)]
    return max(links, key=lambda link: len(_text(link)), default=None)


def _address(link: Any, url: str) -> str:
    href = (link.get("href") or "").strip()
    try:
        whole = urljoin(url, href).partition("#")[0]
    except ValueError:
        return ""
    ours = href and urlsplit(whole).scheme in ("http", "https") and plain_host(whole) == plain_host(url)
    return whole if ours and whole != url.partition("#")[0] else ""


def _text(node: Any) -> str:
    return text_of(Selector(root=node)).replace("\n", " ")


def _listed(node: Any, link: Any, url: str) -> Listed:
    title = (link.get("title") or "").strip() or _text(link)
    return Listed(url=_address(link, url), title=title, answered=_DONE.search(_text(node)) is not None)


def _score(group: list[Any], url: str) -> float:
    """Return how much a group looks like the entries: how many, how long their titles, dated, aside."""
    links = [link for node in group if (link := main_link(node, url)) is not None]
    addresses = {_address(link, url) for link in links}
    if len(addresses) < MIN_ITEMS:
        return 0
    many = sum(len(node.findall(".//a[@href]")) > MAX_LINKS for node in group)
    if many * 2 > len(group):
        return 0
    titles = sum(min(len(_text(link)), MAX_TITLE) for link in links)
    dated = sum(DATE.search(_text_with_rest(node)) is not None for node in group) * 2 >= len(addresses)
    aside = any(is_aside(step) for step in [group[0], *group[0].iterancestors()])
    # The outer of two nested groups has the date and the status with the link: a link alone is worth less.
    alone = 0.9 if group[0].tag == "a" else 1.0
    return titles * (3.0 if dated else 1.0) * (0.1 if aside else 1.0) * alone


def _text_with_rest(node: Any) -> str:
    """Return the text of an entry and of what follows it until the next: <dt>title</dt><dd>date</dd>."""
    rest = takewhile(lambda other: other.tag != node.tag, node.itersiblings())
    return " ".join(_text(part) for part in [node, *rest] if isinstance(part.tag, str)) + (node.tail or "")


def is_aside(node: Any) -> bool:
    """Return whether the element is the page's frame (menu, footer, pager), by its tag or names."""
    names = f"{node.get('class') or ''} {node.get('id') or ''}"
    return node.tag in _ASIDE or (node.tag != "body" and _ASIDE_NAME.search(names) is not None)


def _has_link(node: Any) -> bool:
    return node.tag == "a" or node.find(".//a[@href]") is not None


def item_selector(group: list[Any], page: Selector, *, alike: Callable[[Any], bool]) -> str:
    """Return CSS for the group, as short as finds these and nothing else that is `alike`."""
    first, parent = group[0], group[0].getparent()
    own: list[str] = [*own_names(first), first.tag]
    ups = [name for step in [parent, *list(parent.iterancestors())[:3]] for name in own_names(step)]
    place = named(parent, page)
    within = [f"{up} {name}" for up in ups for name in own]
    for css in [*own[:-1], *within, *([f"{place} > {first.tag}"] if place else [])]:
        if list(filter(alike, matched(page, css))) == group:
            return css
    return f"{by_position(parent, page)} > {first.tag}"


def _link_selector(links: Sequence[tuple[Any, Any]]) -> str:
    """Return the selector of the entry's link, the plain one wherever that finds the same links."""
    if all(node is link for node, link in links):
        return "./@href"
    if all(node.find(".//a[@href]") is link for node, link in links):
        return "a::attr(href)"
    for css in own_names(links[0][1]):
        if all(next(iter(matched(Selector(root=node), css)), None) is link for node, link in links):
            return f"{css}::attr(href)"
    place = [list(node.iterfind(".//a[@href]")).index(link) for node, link in links]
    return f"(.//a[@href])[{max(set(place), key=place.count) + 1}]/@href"


def find_next(page: Selector) -> str | None:
    """Return the selector of the link to the next page: by its words, else the number after this page's."""
    for link in page.xpath("//a[@href]"):
        text = _text(link.root)
        if text.strip() in _NEXT or text.startswith(("下一页", "下页")):
            return f"//a[contains(., {quoted(text.strip())})]/@href"
    for link in page.xpath("//a[@href][normalize-space()='2']"):
        before = link.root.getprevious()
        if before is not None and _text(before) == "1":
            name = next(iter(own_names(before)), None)
            where = f"{before.tag}[contains(@class, {quoted(before.get('class'))})]" if name else before.tag
            return f"//{where}[number(.) = number(following-sibling::a[1]) - 1]/following-sibling::a[1]/@href"
    return None


def find_id_pattern(urls: Sequence[str]) -> str | None:
    """Return the regular expression with one group in which the addresses differ, None for no one place."""
    tails = [urlsplit(url)._replace(scheme="", netloc="").geturl() for url in urls]
    if len(set(tails)) < MIN_ITEMS:
        return None
    start = re.sub(r"[\w-]+$", "", _shared(tails))
    end = re.sub(r"^[\w-]+", "", _shared([tail[::-1] for tail in tails])[::-1])
    # The whole address has to fit, or the numbers of two folders would be taken for one row of numbers.
    whole = f"{_escaped(start)}([\\w-]+){_escaped(end)}"
    ids = {match.group(1) for tail in tails if (match := re.fullmatch(whole, tail))}
    return whole + ("" if end else "$") if len(ids) == len(set(tails)) else None


def _escaped(text: str) -> str:
    """Return the text as a regular expression, without the backslashes that people need not read."""
    return re.sub(r"\\([-&/=])", r"\1", re.escape(text))


def _shared(texts: Sequence[str]) -> str:
    """Return what all texts start with."""
    alike = takewhile(lambda signs: len(set(signs)) == 1, zip(*texts, strict=False))
    return "".join(signs[0] for signs in alike)
