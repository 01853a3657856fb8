"""How a query was read, said back in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from console.words import word_for
from storage.query_tree import (
    And,
    Boost,
    Everything,
    Exists,
    Fuzzy,
    Node,
    Not,
    NumberRange,
    Or,
    Pattern,
    Phrase,
    Term,
    TimeRange,
    Value,
)

Translate = Callable[[str], str]


def say_query(node: Node, translate: Translate, *, zone: ZoneInfo) -> str:
    """Return one line that says what `node` looks for."""
    return _Speaker(translate, zone).say(node, outermost=True)


class _Speaker:
    def __init__(self, translate: Translate, zone: ZoneInfo) -> None:
        self._ = translate
        self._zone = zone

    def say(self, node: Node, *, outermost: bool = False) -> str:
        _ = self._
        match node:
            case Everything():
                return _("全部来件")
            case And(parts=parts):
                return self._join(parts, _("且"), outermost)
            case Or(parts=parts):
                return self._join(parts, _("或"), outermost)
            case Not(part=part):
                return _("不是（%(part)s）") % {"part": self.say(part, outermost=True)}
            case Boost(part=part):
                return self.say(part)
            case Exists(field=field):
                return _("有%(field)s") % {"field": self._field(field)}
            case Value(field=field, value=value):
                shown = _(word_for(field, value))
                return _("%(field)s是“%(value)s”") % {"field": self._field(field), "value": shown}
            case NumberRange() | TimeRange():
                return self._range(node)
        return self._words(node)

    def _words(self, node: Term | Phrase | Fuzzy | Pattern) -> str:
        _ = self._
        field = self._field(node.field) if node.field else _("文中")
        match node:
            case Phrase(words=words):
                shown, says = "".join(words), _("%(field)s连着有“%(words)s”")
            case Fuzzy(word=word):
                shown, says = word, _("%(field)s有近似“%(words)s”的词")
            case Pattern(parts=parts):
                shown, says = "".join(parts), _("%(field)s有形如“%(words)s”的词")
            case Term(word=word):
                shown, says = word, _("%(field)s有“%(words)s”")
        return says % {"field": field, "words": shown}

    def _range(self, node: NumberRange | TimeRange) -> str:
        if isinstance(node, TimeRange):
            low, high = self._moment(node.start), self._moment(node.end)
            signs = "≥", "<"
        else:
            low = None if node.low is None else f"{node.low:g}"
            high = None if node.high is None else f"{node.high:g}"
            signs = "≥" if node.include_low else ">", "≤" if node.include_high else "<"
            if low == high:
                return f"{self._field(node.field)} = {low}"
        bounds = [f"{sign} {end}" for sign, end in zip(signs, (low, high), strict=True) if end is not None]
        joined = f" {self._('且')} ".join(bounds)
        return f"{self._field(node.field)} {joined}"

    def _join(self, parts: Sequence[Node], word: str, outermost: bool) -> str:
        text = f" {word} ".join(self.say(part) for part in parts)
        return text if outermost else f"（{text}）"

    def _moment(self, at: datetime | None) -> str | None:
        return at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M") if at is not None else None

    def _field(self, field: str) -> str:
        return self._(word_for("field", field))
