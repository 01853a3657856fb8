"""How a query was read, said back in the reader's language, a line for each clause."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from console.words import word_for
from storage.query_reading import Clause, ClauseKind, Reading


def _(message: str) -> str:
    return message


Translate = Callable[[str], str]

_SAID: Mapping[ClauseKind, str] = {
    ClauseKind.ALL: _("下面各条都要符合"),
    ClauseKind.ANY: _("下面至少符合一条"),
    ClauseKind.NOT: _("去掉符合下面这条的"),
    ClauseKind.EVERYTHING: _("全部来件"),
    ClauseKind.WORD: _("%(field)s有“%(value)s”"),
    ClauseKind.EXACT: _("%(field)s连着有“%(value)s”"),
    ClauseKind.NEAR: _("%(field)s有这几个词，彼此离得不远：%(value)s"),
    ClauseKind.SPELLING: _("%(field)s有近似“%(value)s”的词"),
    ClauseKind.PATTERN: _("%(field)s有形如“%(value)s”的词"),
    ClauseKind.VALUE: _("%(field)s是“%(value)s”"),
    ClauseKind.NUMBER: "%(field)s %(value)s",
    ClauseKind.TIME: "%(field)s %(value)s",
    ClauseKind.EXISTS: _("有%(field)s"),
}
_SIGNS = {">=": "≥", "<=": "≤"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One clause; it belongs to the nearest line above of a smaller `depth`."""

    depth: int
    text: str


def say_reading(reading: Reading, translate: Translate) -> Iterator[Line]:
    """Yield what the query looks for, the outermost clause first."""
    for clause in reading.clauses:
        yield Line(depth=clause.depth, text=_say(clause, translate))


def _say(clause: Clause, translate: Translate) -> str:
    field = translate(word_for("field", clause.field)) if clause.field else translate(_("文中"))
    said = translate(_SAID[clause.kind]) % {"field": field, "value": _value(clause, translate)}
    if clause.boost == 1:
        return said
    return said + translate(_("（排序时算 %(n)s 倍）")) % {"n": f"{clause.boost:g}"}


def _value(clause: Clause, translate: Translate) -> str:
    match clause.kind:
        case ClauseKind.EXACT:
            # Pieces are characters and runs of Latin letters: with no blanks they are as they were typed.
            return clause.value.replace(" ", "")
        case ClauseKind.VALUE if clause.field is not None:
            return translate(word_for(clause.field, clause.value))
        case ClauseKind.NUMBER:
            return " ".join(_SIGNS.get(part, part) for part in clause.value.split())
        case ClauseKind.TIME:
            parts = (_SIGNS.get(part, part) for part in clause.value.split())
            return " ".join(_moment(part) for part in parts)
    return clause.value


def _moment(part: str) -> str:
    return part if part in ("≥", "<") else f"{datetime.fromisoformat(part):%Y-%m-%d %H:%M}"
