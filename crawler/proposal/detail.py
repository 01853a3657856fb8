"""The page of one message: which element has what, told by labels first and else by structure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from parsel import Selector

from crawler.extraction import _DATE_IN_TEXT as WHOLE_DATE
from crawler.extraction import text_of
from crawler.proposal.labels import LABEL_IN_TEXT, field_of, is_writers
from crawler.proposal.listing import is_aside
from crawler.proposal.selectors import by_position, matched, named, own_names, quoted

# A label is at most this long; what is longer is text.
MAX_LABEL = 12
MIN_BODY = 8
# A line of facts (来信人：… 来信时间：… 受理单位：…) is shorter than this, most letters are longer.
MAX_FACTS = 120
_MARKS = " 　\u00a0\n\t\r：:【】[]"
_REPLY_NAME = re.compile(r"reply|answer|huifu|dafu|response|(?:^|[-_])(?:hf|df)", re.IGNORECASE)
_STATUS = re.compile(
    r"^[【\[]?(?:已|未|待|正在)?(?:办理|办结|回复|答复|处理|受理|转办|采纳|审核|解决)(?:中|完毕|完成)?[】\]]?$"
)
_OFFICE = re.compile(
    r"^[\u4e00-\u9fff]{2,20}(?:局|委|委员会|办|办公室|处|中心|街道|镇|乡|公司|政府|院|大队|支队|所|站|部|厅|学校|信访室)$"
)
_UNSEEN = frozenset(["script", "style", "noscript", "template", "head", "title", "option", "select"])
_ASIDE = (
    "ancestor-or-self::nav or ancestor-or-self::header or ancestor-or-self::footer or ancestor-or-self::aside"
)
_TEXTS = ("body", "reply_text")
_DATES = ("asked_at", "reply_date")
_REPLY_PARTS = ("reply_text", "reply_department", "reply_date")


@dataclass(slots=True)
class Found:
    """What a page shows: selectors by field, and the labels that were passed over."""

    selectors: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Value:
    """Where one label's value is: `element` as a whole, or a part of its text.

    `label` stands in `labelled`. With `shape` "within" the value goes from the label to the label `until`,
    with "tail" it is the text right after `labelled`.
    """

    field: str
    label: str
    labelled: Any
    element: Any
    shape: str = "whole"
    until: str = ""


def read_detail(page: Selector, *, title: str) -> Found:
    """Return the selectors that one message's page suggests; `title` is what the list called it."""
    found = Found()
    values = list(_labelled(page, found))
    reader = _Reader(page=page, found=found)
    reader.take_reply([value for value in values if value.field in _REPLY_PARTS])
    for value in values:
        if value.field not in _REPLY_PARTS and not reader.is_in_reply(value.element):
            reader.take(value)
    reader.take_title(title)
    reader.take_unlabelled()
    reader.take_body()
    reader.drop_what_matches_nothing()
    return found


@dataclass(slots=True)
class _Reader:
    """The page while it is read: what is taken already is not taken twice."""

    page: Selector
    found: Found
    taken: dict[str, Any] = field(default_factory=dict)
    block: Any = None

    def is_in_reply(self, element: Any) -> bool:
        return any(step in self._blocks() for step in _upwards(element))

    def _blocks(self) -> list[Any]:
        selector = self.found.selectors.get("reply")
        return matched(self.page, selector) if selector else []

    def take(self, value: Value) -> None:
        if value.field in self.taken:
            return
        self.taken[value.field] = value.element
        self.found.selectors[value.field] = _value_selector(value, self.page)

    def take_reply(self, values: list[Value]) -> None:
        """Take the reply's block and the parts within it."""
        first: dict[str, Value] = {}
        for value in values:
            first.setdefault(value.field, value)
        text = first["reply_text"].element if "reply_text" in first else self._reply_by_name()
        if text is None:
            return
        block = _common([text, *(value.element for value in first.values())])
        outside = {
            value.element for value in _labelled(self.page, Found()) if value.field not in _REPLY_PARTS
        }
        if block.tag in ("body", "html") or any(block in _upwards(other) for other in outside):
            block = text
        self.block = block
        self.found.selectors["reply"] = _block_selector(block, self.page, list(first.values()), outside)
        for value in first.values():
            if value.element is block:
                continue
            inside = block in value.element.iterancestors()
            self.taken[value.field] = value.element
            self.found.selectors[value.field] = _value_selector(value, self.page, block if inside else None)
        if "reply_text" not in first and text is not block:
            self.found.selectors["reply_text"] = _inner_selector(text, block)
        self._take_reply_unlabelled(text)

    def _reply_by_name(self) -> Any | None:
        for node in self.page.xpath(f"//body//*[@class or @id or @name][not({_ASIDE})]"):
            element = node.root
            names = f"{element.get('class') or ''} {element.get('id') or ''} {element.get('name') or ''}"
            if element.tag not in _UNSEEN and _REPLY_NAME.search(names) and len(text_of(node)) >= MIN_BODY:
                return element
        return None

    def _take_reply_unlabelled(self, text: Any) -> None:
        """Take office and date within the block by their look, and then the text beside them."""
        for element in _leaves(self.block):
            content = text_of(Selector(root=element))
            if element is text or (text in element.iterancestors() and text is not self.block):
                continue
            if "reply_department" not in self.found.selectors and _OFFICE.match(content):
                self.found.selectors["reply_department"] = _inner_selector(element, self.block)
            elif "reply_date" not in self.found.selectors and _is_date(content):
                self.found.selectors["reply_date"] = _inner_selector(element, self.block)
        if text is self.block and "reply_text" not in self.found.selectors:
            parts = [node for node in _texts(text) if node is not text and node not in self.taken.values()]
            best = max(parts, key=_own_length, default=None)
            if best is not None and _own_length(best) >= max(MIN_BODY, len(_direct(text))):
                self.found.selectors["reply_text"] = _inner_selector(best, text)

    def take_title(self, title: str) -> None:
        if "title" in self.taken:
            return
        wanted = title.rstrip("….").strip()
        same = [
            node.root
            for node in self.page.xpath(f"//body//*[not({_ASIDE})][not(self::a)]")
            if node.root.tag not in _UNSEEN and wanted and _tight(text_of(node)).startswith(_tight(wanted))
            and len(_tight(text_of(node))) <= len(_tight(wanted)) + (40 if wanted != title else 0)
        ]  # fmt: skip
        heads = [node.root for node in self.page.css("h1, h2, h3")]
        best = next((node for node in same if node.tag in ("h1", "h2", "h3")), None)
        element = best if best is not None else next(iter(same[-1:]), None)
        element = element if element is not None else next(iter(heads), None)
        if element is not None:
            self.taken["title"] = element
            self.found.selectors["title"] = _selector(element, self.page)

    def take_unlabelled(self) -> None:
        """Take date, status and office by their look, where no label tells them."""
        looks: dict[str, Callable[[str], object]] = {
            "asked_at": _is_date,
            "status": _STATUS.match,
            "department": _OFFICE.match,
        }
        main = self.page.xpath(f"//body//*[not({_ASIDE})][not(self::a)]")
        for node in main:
            element = node.root
            if element.tag in _UNSEEN or len(element) or self.is_in_reply(element):
                continue
            content = text_of(node)
            for name, fits in looks.items():
                if name not in self.taken and fits(content) and not _labels_writer(element):
                    self.taken[name] = element
                    self.found.selectors[name] = _selector(element, self.page)

    def drop_what_matches_nothing(self) -> None:
        """Drop the selectors that broken markup made useless."""
        block = Selector(root=self.block) if self.block is not None else self.page
        for name, selector in list(self.found.selectors.items()):
            if not matched(block if name.startswith("reply_") else self.page, selector):
                del self.found.selectors[name]

    def take_body(self) -> None:
        """Take the longest text that is neither reply nor any other field."""
        if "body" in self.taken:
            return
        others = {*self.taken.values()}
        body = self.page.css("body")
        texts = [
            element
            for element in (_texts(body[0].root) if body else ())
            if not self.is_in_reply(element)
            and element not in others
            and not any(step in others for step in element.iterancestors())
            and not any(element in other.iterancestors() for other in [*others, *self._blocks()])
            and not any(map(is_aside, _upwards(element)))
        ]
        best = max(texts, key=_own_length, default=None)
        if best is not None and _own_length(best) >= MIN_BODY:
            self.taken["body"] = best
            self.found.selectors["body"] = _selector(best, self.page)


def _labelled(page: Selector, found: Found) -> Iterator[Value]:
    """Yield the labelled values in the page's order; note the labels of the writer and pass them over."""
    # lxml's own: its strings know whose text or tail they are.
    for node in page.root.xpath(f"//body//text()[normalize-space()][not({_ASIDE})]"):
        holder = node.getparent()
        element = holder if node.is_text else holder.getparent()
        if element is None or element.tag in _UNSEEN or holder.tag in _UNSEEN or _is_footer(element):
            continue
        whole = str(node).strip(_MARKS)
        if len(whole) <= MAX_LABEL and _is_label(whole):
            yield from _alone(node, whole, element, found)
        else:
            yield from _in_text(node, element, found)


def _is_footer(element: Any) -> bool:
    """Return whether this is the page's foot: the telephone there is the office's, no writer's."""
    return any("foot" in f"{step.get('class')} {step.get('id')}".lower() for step in _upwards(element))


def _alone(node: Any, label: str, element: Any, found: Found) -> Iterator[Value]:
    """Yield the value of a label that is a text of its own: what follows it, element or text."""
    name = field_of(label)
    if name is None:
        _skip(found, label)
    elif node.is_text and (element.tail or "").strip(_MARKS) and not len(element):
        yield Value(name, label, element, element.getparent(), "tail")
    elif (value := _value_after(node, element)) is not None:
        yield Value(name, label, element, value)


def _in_text(node: Any, element: Any, found: Found) -> Iterator[Value]:
    """Yield the values of labels within running text, each to the next label or the end."""
    text = str(node)
    labels = list(LABEL_IN_TEXT.finditer(text))
    if len(text) > MAX_FACTS:
        # A text that names something on its way announces nothing, unless it starts with what it is.
        labels = [
            one for one in labels[:1] if not text[: one.start()].strip() and field_of(one.group(1)) in _TEXTS
        ]
    for match, following in zip(labels, [*labels[1:], None][: len(labels)], strict=True):
        label = match.group(1)
        name = field_of(label)
        if name is None:
            if is_writers(label):
                _skip(found, label)
        elif text[match.end() : following.start() if following else len(text)].strip(_MARKS):
            yield Value(name, label, element, element, "within", following.group(1) if following else "")
        elif (value := _value_after(node, element)) is not None:
            yield Value(name, label, element, value)


def _is_label(text: str) -> bool:
    return field_of(text) is not None or is_writers(text)


def _skip(found: Found, label: str) -> None:
    if label not in found.skipped:
        found.skipped.append(label)


def _value_after(text: Any, element: Any) -> Any | None:
    """Return the element after a label's text: its next sibling, or that of what holds only the label."""
    following = next(iter(element), None) if text.is_text else text.getparent().getnext()
    if following is not None and _filled(following):
        return following
    node = element
    for _ in range(3):
        if (node.tail or "").strip(_MARKS):
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
        text_of(Selector(root=element)) if isinstance(element.tag, str) and element.tag not in _UNSEEN else ""
    )
    return bool(text) and not (len(text) <= MAX_LABEL and _is_label(text.strip(_MARKS)))


def _value_selector(value: Value, page: Selector, block: Any | None = None) -> str:
    """Return where a label's value is: by the value's own name, else by its label."""
    element, scope = value.element, "." if block is not None else ""
    if value.shape == "tail":
        text = f"{scope}//{_label_step(value)}/following-sibling::text()[1]"
        marked = (value.labelled.tail or "").strip()[:1] in ("：", ":")
        return f"(substring({text}, 2 + string-length(substring-before({text}, '：'))))" if marked else text
    if value.shape == "within":
        if value.field in _DATES and len(WHOLE_DATE.findall(_string(element))) == 1:
            return _any_selector(element, page, block)
        return _part_selector(value, block)
    if _has_names(element):
        own = named(element, page) if block is None else _inner_named(element, block)
        if own is not None:
            return own
    if element.getprevious() is not value.labelled:
        return _any_selector(element, page, block)
    return f"{scope}//{_label_step(value)}/following-sibling::{element.tag}[1]"


def _label_step(value: Value) -> str:
    """Return the XPath step of the element that is the label, whatever marks and blanks it has."""
    marks = quoted(" 　\u00a0：:【】[]")
    squeezed = "".join(sign for sign in value.label if sign not in _MARKS)
    return f"{value.labelled.tag}[translate(normalize-space(.), {marks}, '') = {quoted(squeezed)}]"


def _any_selector(element: Any, page: Selector, block: Any | None) -> str:
    return _selector(element, page) if block is None else _inner_selector(element, block)


def _part_selector(value: Value, block: Any | None) -> str:
    """Return XPath for the text between a label and the next, within one element."""
    outer = "." if value.element is block else f"{'' if block is None else '.'}{_as_xpath(value.element)}"
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
    label = LABEL_IN_TEXT.search(_string(element))
    return f"//{element.tag}[contains(text(), {quoted(label.group(1).strip() if label else '')})]"


def _selector(element: Any, page: Selector) -> str:
    return named(element, page) or by_position(element, page)


def _block_selector(block: Any, page: Selector, labels: list[Value], outside: set[Any]) -> str:
    """Return the selector of the reply and its siblings of the same kind: a message may have several."""
    for css in own_names(block):
        alike = matched(page, css)
        holds = any(node is step for node in alike for other in outside for step in _upwards(other))
        if block in alike and not holds and all(node.getparent() is block.getparent() for node in alike):
            return css
    for value in labels:
        above = [step for step in value.labelled.iterancestors() if step.tag == block.tag]
        if value.shape == "whole" and block in above and len(_string(value.labelled)) <= MAX_LABEL:
            # By its label: where another page has no reply, nothing else may stand in its place.
            return f"//{_label_step(value)}/ancestor::{block.tag}[{above.index(block) + 1}]"
    return _selector(block, page)


def _upwards(element: Any) -> list[Any]:
    return [element, *element.iterancestors()]


def _has_names(element: Any) -> bool:
    return next(own_names(element), None) is not None


def _inner_named(element: Any, block: Any) -> str | None:
    inside = Selector(root=block)
    holder = element.getparent()
    holders = [] if holder is block else [*own_names(holder)]
    tag: str = element.tag
    for css in [*own_names(element), *(f"{up} {tag}" for up in holders), tag]:
        if matched(inside, css)[:1] == [element]:
            return css
    return None


def _inner_selector(element: Any, block: Any) -> str:
    """Return the selector of an element within its block."""
    if element is block:
        return "./self::*"
    own = _inner_named(element, block)
    if own is not None:
        return own
    steps: list[str] = []
    node = element
    while node is not block:
        same = [child for child in node.getparent() if child.tag == node.tag]
        steps.insert(0, f"{node.tag}[{same.index(node) + 1}]")
        node = node.getparent()
    return "./" + "/".join(steps)


def _common(elements: list[Any]) -> Any:
    """Return the smallest element that holds all."""
    first, *rest = elements
    for step in [first, *first.iterancestors()]:
        if all(step is other or step in other.iterancestors() for other in rest):
            return step
    return first


def _leaves(block: Any) -> list[Any]:
    return [node for node in block.iter() if isinstance(node.tag, str) and not len(node)]


def _texts(root: Any) -> list[Any]:
    return [
        node
        for node in root.iter()
        if isinstance(node.tag, str) and node.tag not in _UNSEEN and node.tag != "a"
    ]


def _own_length(element: Any) -> int:
    """Return how much text the element has as running text: its own, and that of paragraphs in it."""
    inner = [
        child for child in element if child.tag in ("p", "br", "span", "font", "b", "strong", "em", "u", "a")
    ]
    own = [element.text or "", *(child.tail or "" for child in element)]
    return sum(len(part.strip()) for part in [*own, *(_string(child) for child in inner)])


def _direct(element: Any) -> str:
    return "".join([element.text or "", *(child.tail or "" for child in element)]).strip()


def _labels_writer(element: Any) -> bool:
    before = element.getprevious()
    return before is not None and is_writers(_string(before).strip(_MARKS)[:MAX_LABEL])


def _is_date(text: str) -> bool:
    return len(text) <= 40 and len(set(WHOLE_DATE.findall(text))) == 1


def _string(element: Any) -> str:
    return "".join(element.itertext()) if isinstance(element.tag, str) else ""


def _tight(text: str) -> str:
    return re.sub(r"\s+", "", text)
