"""The Chinese words of a briefing, the same in every format."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from alerts.words import PROBLEM_STATES, SOURCE_STATES

KINDS = {"daily": "日报"}
COLUMNS = ("编号", "事项", "诉求类别", "地点", "当日/累计/独立", "首见/最近", "状态", "责任单位", "时限")
UNKNOWN = "不明"
# In place of words of residents whose retention has ended.
DELETED = "文本已按期删除"


def heading(content: Mapping[str, Any]) -> str:
    """Return the title line, such as 青溪市回应日报."""
    return f"{content['title']}{KINDS[content['kind']]}"


def period_line(content: Mapping[str, Any]) -> str:
    """Return the exact period in words; the end is the last moment that belongs to it."""
    start = datetime.fromisoformat(content["start"])
    last = datetime.fromisoformat(content["end"]) - timedelta(minutes=1)
    return f"{start:%Y年%m月%d日 %H:%M} 至 {last:%Y年%m月%d日 %H:%M}"


def change(number: Mapping[str, Any]) -> str:
    """Return how a number compares: with the day before, and with what is usual."""
    parts = []
    if number["previous"] is not None:
        difference = number["value"] - number["previous"]
        parts.append("持平" if difference == 0 else f"{difference:+d}")
    if number["usual"] is not None:
        parts.append(f"平日 {number['usual']:g}")
    return " · ".join(parts)


def row(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the cells of one problem, in the order of COLUMNS."""
    return (
        item["id"],
        item["title"] or DELETED,
        item["topic"] or UNKNOWN,
        item["place"] or UNKNOWN,
        f"{item['n_today']} / {item['n_posts']} / {item['n_voices']}",
        "\n".join(moment.split()[0] for moment in (item["first_seen"], item["last_seen"])),
        PROBLEM_STATES[item["state"]],
        item["department"] or UNKNOWN,
        "\n".join((item["due_at"] or "—").split()),
    )


def made(content: Mapping[str, Any]) -> str:
    """Return the last line: when the briefing was made, and what its numbers rest on."""
    at = datetime.fromisoformat(content["made_at"])
    return (
        f"编于 {at:%Y年%m月%d日 %H:%M}。数字和引文均由库中留言得出，冻结后不再变动；检索式可在控制台中重查。"
    )


def gist(item: Mapping[str, Any]) -> str:
    """Return the line below a problem's title: what, where, how many, how far."""
    return (
        f"{item['topic'] or UNKNOWN} · {item['place'] or UNKNOWN} · 当日 {item['n_today']} 件，"
        f"累计 {item['n_posts']} 件、{item['n_voices']} 个独立反映 · {PROBLEM_STATES[item['state']]}"
    )


def coverage(content: Mapping[str, Any]) -> str:
    """Return the sentence that says what was not seen."""
    if not content["blind"]:
        return f"{content['n_sources']} 个来源全部正常。"
    return f"{content['n_sources']} 个来源中有 {len(content['blind'])} 个状况异常；它们的安静不等于没有诉求："


def source(note: Mapping[str, Any]) -> str:
    """Return the line on a source that brought less than it should have."""
    return f"{note['title']}（{SOURCE_STATES[note['state']]}）：{note['reason']}"
