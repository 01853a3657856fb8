"""Rules in plain Chinese: one in full, and all of them as the public register that residents may read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alerts.durations import chinese_duration
from alerts.rule_types import (
    AnyRule,
    FlatlineRule,
    FrequencyRule,
    NewTermRule,
    OverdueRule,
    PercentageMatchRule,
    PoorReplyRule,
    ProblemRule,
    RecurrenceRule,
    Rule,
    SourceSilentRule,
    SpikeRule,
    SpikeType,
    SurgeRule,
)
from alerts.sentences import FAULTS, FIELDS
from alerts.words import SOURCE_STATES

_FIELDS = {
    **FIELDS,
    "problem": "问题",
    "channel": "渠道",
    "source": "来源",
    "status": "状态",
    "intent": "诉求性质",
}


def explain(rule: Rule) -> str:
    """Return what the rule does, one thing a line, without a line break at the end."""
    lines = [
        f"{rule.name}：{rule.title}",
        f"理由：{rule.description}",
        f"看什么：{_looked_at(rule)}",
        f"何时预警：{condition(rule)}。",
        f"预警之后：条件仍在时只更新不重复；翻倍以上且距上次至少{chinese_duration(rule.realert)}才再说一次；"
        f"条件消失{chinese_duration(rule.keep_firing_for)}后自动解除。",
        f"级别：{rule.severity}（1最高）；送往：{'、'.join(rule.receivers)}",
    ]
    if rule.owner:
        lines.append(f"责任单位：{rule.owner}")
    if not rule.is_enabled:
        lines.append("现在停用。")
    return "\n".join(lines)


def condition(rule: Rule) -> str:
    """Return the rule's condition with its numbers, as a clause without a full stop."""
    length = chinese_duration(rule.timeframe)
    match rule:
        case AnyRule():
            return f"一个问题在{length}内有符合条件的来件，每个问题一条预警"
        case FrequencyRule():
            return f"{_each(rule.query_key)}{length}内达到{rule.num_events}件、{rule.voices_needed}个独立反映"
        case SurgeRule():
            return (
                f"{_each(rule.query_key)}{length}内达到{rule.num_events}件、{rule.voices_needed}个独立反映，"
                f"且按此前{chinese_duration(rule.baseline)}的星期、工作日规律很难出现，"
                f"至少为平日{rule.spike_height:g}倍{_together(rule)}；误报比例控制在{100 * rule.fdr:g}%以内"
            )
        case SpikeRule():
            return _spike(rule, length)
        case FlatlineRule():
            return (
                f"{_each(rule.query_key)}{length}内少于{rule.threshold}件，而此前"
                f"{chinese_duration(rule.baseline)}平均不少于此数；来源看不见时不作判断"
            )
        case PercentageMatchRule():
            return (
                f"{_each(rule.query_key)}{length}内的来件中，符合“{rule.match_bucket_filter}”的占比"
                f"{_bounds(rule)}；不足{rule.min_denominator}件时不算"
            )
        case NewTermRule():
            what = "或".join(_FIELDS[field] for field in rule.fields)
            past = chinese_duration(rule.terms_window_size)
            return f"此前{past}没有出现过的{what}，{length}内达到{rule.num_events}件"
        case OverdueRule():
            return f"{_problems(rule)}超过“{rule.preset}”的时限仍无答复（看{length}内的来件）"
        case PoorReplyRule():
            faults = "、".join(FAULTS[code] for code in rule.findings)
            return f"{_problems(rule)}在{length}内得到的最新答复属于{faults}，未说明怎样解决"
        case RecurrenceRule():
            return f"{_problems(rule)}在答复或办结之后，{length}内又有人反映"
        case SourceSilentRule():
            states = "、".join(SOURCE_STATES[state] for state in rule.states)
            return f"一个来源的状况为{states}，持续{length}以上"


def public_register(rules: Sequence[Rule], *, at: datetime) -> str:
    """Return every rule's name, reason, filter and condition as a Markdown page; those off are said to be."""
    parts = [
        "# 预警规则公示",
        f"截至{at.year}年{at.month}月{at.day}日共{len(rules)}条。"
        "规则只看问题和应当答复的单位，不看、不记、不评价任何反映人。",
    ]
    for rule in rules:
        state = "" if rule.is_enabled else "（停用）"
        parts.append(
            f"## {rule.name}{state}\n\n{rule.title}\n\n- 理由：{rule.description}\n"
            f"- 看什么：{_looked_at(rule)}\n- 何时预警：{condition(rule)}。"
        )
    return "\n\n".join(parts) + "\n"


def _looked_at(rule: Rule) -> str:
    if isinstance(rule, SourceSilentRule):
        return "各来源的抓取情况，不看来件"
    return f"符合检索式 `{rule.filter}` 的来件" if rule.filter.strip() else "全部来件"


def _each(fields: Sequence[str]) -> str:
    return f"按{'、'.join(_FIELDS[field] for field in fields)}分别计数，" if fields else "全部合计，"


def _together(rule: SurgeRule) -> str:
    return f"，其中至少{rule.num_alike}个独立反映说的是同一件事" if rule.num_alike else ""


def _problems(rule: ProblemRule) -> str:
    if rule.identity == ("problem",):
        return "一个问题"
    return f"{_each(rule.query_key)}至少{rule.num_events}个问题"


def _bounds(rule: PercentageMatchRule) -> str:
    low = f"低于{rule.min_percentage:g}%" if rule.min_percentage is not None else ""
    high = f"高于{rule.max_percentage:g}%" if rule.max_percentage is not None else ""
    return "或".join(part for part in (low, high) if part)


def _spike(rule: SpikeRule, length: str) -> str:
    ways = []
    if rule.spike_type is not SpikeType.DOWN:
        ways.append(f"达到此前{length}的{rule.spike_height:g}倍")
    if rule.spike_type is not SpikeType.UP:
        ways.append(f"降到此前{length}的{100 / rule.spike_height:.0f}%以下")
    least = f"现在至少{rule.threshold_cur}件、此前至少{rule.threshold_ref}件时才算"
    return f"{_each(rule.query_key)}{length}内的件数{'或'.join(ways)}；{least}"
