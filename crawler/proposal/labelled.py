"""The labelled values of a page (来信时间：…): where each is, and a selector that finds it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parsel import Selector

from crawler.extraction import DATE_IN_TEXT, text_of
from crawler.proposal.labels import LABEL_IN_TEXT, field_of, is_writers
from crawler.proposal.selectors import inner_named, inner_selector, named, own_names, quoted, selector_of
from crawler.proposal.tree import ASIDE, UNSEEN, string, upwards

# A label is at most this long; what is longer is text.
MAX_LABEL = 12
MARKS = " 　\u00a0\n\t\r：:【】[]"
# A line of facts (来信人：… 来信时间：… 受理单位：…) is shorter than this, most letters are longer.
_MAX_FACTS = 120
_TEXTS = ("body", "reply_text")
_DATES = ("asked_at", "reply_date")


@dataclass(frozen=True, slots=True)
class Value:
    """Where one label's value is: `element` as a whole, or a part of its text.

    `field` is the board's selector that the label announces, "" where the value is the writer's, which is
    passed over. `label` stands in `labelled`. With `shape` "within" the value goes from the label to the
    label `until`, with "tail" it is the text right after `labelled`. `announced` is the label as it stands
    there, with its mark.
    """

    field: str
    label: str
    labelled: Any
    element: Any
    shape: str = "whole"
    until: str = ""
    announced: str = ""


def labelled_values(page: Selector) -> Iterator[Value]:
    """Yield the labelled values in the page's order."""
    # lxml's own: its strings know whose text or tail they are.
    for node in page.root.xpath(f"//body//text()[normalize-space()][not({ASIDE})]"):
        holder = node.getparent()
        element = holder if node.is_text else holder.getparent()
        if element is None or element.tag in UNSEEN or holder.tag in UNSEEN or _is_footer(element):
            continue
        whole = str(node).strip(MARKS)
        if len(whole) <= MAX_LABEL and _is_label(whole):
            yield from _alone(node, whole, element)
        else:
            yield from _in_text(node, element)


def _is_footer(element: Any) -> bool:
    """Return whether this is the page's foot: the telephone there is the office's, no writer's."""
    return any("foot" in f"{step.get('class')} {step.get('id')}".lower() for step in upwards(element))


def _alone(node: Any, label: str, element: Any) -> Iterator[Value]:
    """Yield the value of a label that is a text of its own: what follows it, element or text."""
    name = field_of(label)
    if name is None:
        yield Value("", label, element, element)
    elif node.is_text and (element.tail or "").strip(MARKS) and not len(element):
        yield Value(name, label, element, element.getparent(), "tail")
    elif (value := _value_after(node, element)) is not None:
        yield Value(name, label, element, value)


def _in_text(node: Any, element: Any) -> Iterator[Value]:
    """Yield the values of labels within running text, each to the next label or the end."""
    text = str(node)
    labels = list(LABEL_IN_TEXT.finditer(text))
    if len(text) > _MAX_FACTS:
        # A text that names something on its way announces nothing, unless it starts with what it is.
        labels = [
            one for one in labels[:1] if not text[: one.start()].strip() and field_of(one.group(1)) in _TEXTS
        ]
    for match, following in zip(labels, [*labels[1:], None][: len(labels)], strict=True):
        label = match.group(1)
        name = field_of(label)
        if name is None:
            if is_writers(label):
                yield Value("", label, element, element)
        elif text[match.end() : following.start() if following else len(text)].strip(MARKS):
            until = following.group(1) if following else ""
            yield Value(name, label, element, element, "within", until, match.group())
        elif (value := _value_after(node, element)) is not None:
            yield Value(name, label, element, value)


def _is_label(text: str) -> bool:
    return field_of(text) is not None or is_writers(text)


def _value_after(text: Any, element: Any) -> Any | None:
    """Return the element after a label's text: its next sibling, or that of what holds only the label."""
    following = next(iter(element), None) if text.is_text else text.getparent().getnext()
    if following is not None and _filled(following):
        return following
    node = element
    for _ in range(3):
        if (node.tail or "").strip(MARKS):
            return None
        following = node.getnext()
        while following is not None and not isinstance(following.tag, str):
            following = following.getnext()
        if following is not None:
            return following if _filled(following) else None
        parent = node.getparent()
        if parent is None or parent.tag in ("body", "tr", "dl", "ul", "table"):
            return None
        node = parent
    return None


def _filled(element: Any) -> bool:
    text = (
        text_of(Selector(root=element)) if isinstance(element.tag, str) and element.tag not in UNSEEN else ""
    )
    return bool(text) and not (len(text) <= MAX_LABEL and _is_label(text.strip(MARKS)))


def value_selector(value: Value, page: Selector, block: Any | None = None) -> str:
    """Return where a label's value is: by the value's own name, else by its label."""
    element, scope = value.element, "." if block is not None else ""
    if value.shape == "tail":
        text = f"{scope}//{label_step(value)}/following-sibling::text()[1]"
        marked = (value.labelled.tail or "").strip()[:1] in ("：", ":")
        return f"(substring({text}, 2 + string-length(substring-before({text}, '：'))))" if marked else text
    if value.shape == "within":
        if value.field in _DATES and len(DATE_IN_TEXT.findall(string(element))) == 1:
            return _any_selector(element, page, block)
        return _part_selector(value, block)
    if next(own_names(element), None) is not None:
        own = named(element, page) if block is None else inner_named(element, block)
        if own is not None:
            return own
    if element.getprevious() is not value.labelled:
        return _any_selector(element, page, block)
    return f"{scope}//{label_step(value)}/following-sibling::{element.tag}[1]"


def label_step(value: Value) -> str:
    """Return the XPath step of the element that is the label, whatever marks and blanks it has."""
    marks = quoted(" 　\u00a0：:【】[]")
    squeezed = "".join(sign for sign in value.label if sign not in MARKS)
    return f"{value.labelled.tag}[translate(normalize-space(.), {marks}, '') = {quoted(squeezed)}]"


def _any_selector(element: Any, page: Selector, block: Any | None) -> str:
    return selector_of(element, page) if block is None else inner_selector(element, block)


def _part_selector(value: Value, block: Any | None) -> str:
    """Return XPath for the text between a label and the next, within one element."""
    outer = "." if value.element is block else f"{'' if block is None else '.'}{_as_xpath(value.element)}"
    if value.field in _TEXTS and not value.until:
        return f"(substring-after(string({outer}), {quoted(value.announced)}))"
    part = f"substring-after(translate(string({outer}), '　\u00a0', '  '), {quoted(value.label)})"
    if value.until:
        part = f"substring-before({part}, {quoted(value.until)})"
    return f"(normalize-space(translate({part}, '：:', '  ')))"


def _as_xpath(element: Any) -> str:
    names = element.get("id"), element.get("class")
    if names[0]:
        return f"//{element.tag}[@id={quoted(names[0])}]"
    if names[1]:
        return f"//{element.tag}[@class={quoted(names[1])}]"
    label = LABEL_IN_TEXT.search(string(element))
    return f"//{element.tag}[contains(text(), {quoted(label.group(1).strip() if label else '')})]"
