"""What a message says: title, one line an alert, and where to look. Too long, it is summed up, never cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from records.alert import Alert, Notice
from records.errors import nearest

_OF_MESSAGE = ("heading", "count", "owner", "link")
_OF_LINE = ("number", "explanation", "rule", "severity", "place", "topic", "department", "value", "expected")


def _check(text: str, known: Sequence[str]) -> str:
    for _, name, spec, conversion in Formatter().parse(text):
        if name is None:
            continue
        if name not in known:
            hint = nearest(name, known) or f" (known: {', '.join(known)})"
            raise ValueError(f'"{{{name}}}" is no name that a template knows{hint}')
        if spec or conversion:
            raise ValueError(f'"{{{name}}}" takes nothing after its name (write {{{name}}})')
    return text


class Template(BaseModel):
    """How a channel's messages read. `foot` lines whose names are all empty are left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Annotated[str, AfterValidator(lambda text: _check(text, _OF_MESSAGE))] = "{heading}"
    line: Annotated[str, AfterValidator(lambda text: _check(text, _OF_LINE))] = "{explanation}"
    foot: Annotated[str, AfterValidator(lambda text: _check(text, _OF_MESSAGE))] = (
        "责任单位：{owner}\n查看：{link}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One alert in a message, and what the channel heard of it before."""

    alert: Alert
    before: Notice | None = None


def compose(
    heading: str,
    entries: Sequence[Entry],
    *,
    limit: int,
    template: Template,
    preface: str = "",
    owner: str = "",
    link: str = "",
) -> tuple[str, str]:
    """Return title and body, together of at most `limit` bytes; what does not fit is counted.

    `entries` come with the most important first. `preface` is said before them.
    """
    of_message = {"heading": heading, "count": str(len(entries)), "owner": owner, "link": link}
    title = template.title.format_map(of_message)
    head = [preface] if preface else []
    foot = [line.format_map(of_message) for line in template.foot.split("\n") if _says(line, of_message)]
    lines = [_line(number, entry, template) for number, entry in enumerate(entries, start=1)]
    if len(lines) > 1:
        lines = [f"{number}. {line}" for number, line in enumerate(lines, start=1)]
    room = limit - len(title.encode()) - 1
    for shown in range(len(lines), 0, -1):
        more = [f"……等{len(lines)}条，其余见控制台。"] if shown < len(lines) else []
        body = "\n".join([*head, *lines[:shown], *more, *foot])
        if len(body.encode()) <= room:
            return title, body
    summary = [f"共{len(lines)}条，详见控制台。"] if lines else []
    return title, "\n".join([*head, *summary, *foot])


def _says(line: str, values: dict[str, str]) -> bool:
    names = [name for _, name, _, _ in Formatter().parse(line) if name]
    return not names or any(values[name] for name in names)


def _line(number: int, entry: Entry, template: Template) -> str:
    alert = entry.alert
    said = template.line.format_map(
        {
            "number": str(number),
            "explanation": alert.explanation,
            "rule": alert.rule,
            "severity": str(alert.severity),
            "value": f"{alert.value:g}",
            "expected": "" if alert.expected is None else f"{alert.expected:g}",
            **{name: alert.labels.get(name, "") for name in ("place", "topic", "department")},
        }
    )
    if entry.before is None:
        return said
    return f"{said}（更新：{entry.before.told_at:%m-%d %H:%M}告知时为{entry.before.value:g}）"
