from __future__ import annotations

from typing import Any

import pytest

from alerts.explain import condition, explain, public_register
from alerts.rule_fields import SUBJECT_FIELDS
from alerts.rule_types import RuleType
from alerts.rules import DEFAULT_RULES, load_rules
from tests.alerts.samples import NOW, rule

STATED: dict[str, tuple[dict[str, Any], str]] = {
    "any": ({"filter": "停水"}, "一个问题在24小时内有符合条件的来件，每个问题一条预警"),
    "frequency": (
        {"query_key": ["place"], "num_events": 5},
        "按地点分别计数，24小时内达到5件、5个独立反映",
    ),
    "surge": (
        {"query_key": ["place", "topic"], "num_alike": 3},
        "至少为平日2倍，其中至少3个独立反映说的是同一件事；误报比例控制在4%以内",
    ),
    "spike": (
        {"timeframe": "24h", "spike_height": 4, "spike_type": "both", "threshold_ref": 8},
        "全部合计，24小时内的件数达到此前24小时的4倍或降到此前24小时的25%以下；现在至少0件、此前至少8件时才算",
    ),
    "flatline": ({"timeframe": "7d", "threshold": 2}, "7天内少于2件，而此前28天平均不少于此数"),
    "percentage_match": (
        {"match_bucket_filter": "NOT _exists_:reply", "min_percentage": 5, "max_percentage": 60},
        "符合“NOT _exists_:reply”的占比低于5%或高于60%；不足10件时不算",
    ),
    "new_term": ({"fields": ["place", "topic"]}, "此前30天没有出现过的地点或类别，24小时内达到1件"),
    "overdue": ({"preset": "留言板"}, "至少1个问题超过“留言板”的时限仍无答复"),
    "poor_reply": ({}, "一个问题在7天内得到的最新答复属于套话、转交他处、不予办理"),
    "recurrence": (
        {"query_key": "place", "num_events": 3},
        "按地点分别计数，至少3个问题在答复或办结之后",
    ),
    "source_silent": (
        {"timeframe": "12h"},
        "一个来源的状况为延迟、失联、网页改版、拒绝访问，持续12小时以上",
    ),
}


@pytest.mark.parametrize("kind", RuleType)
def test_every_type_says_its_condition_with_its_numbers(kind: RuleType) -> None:
    stated, said = STATED[kind]
    assert said in condition(rule(kind, **stated))


@pytest.mark.parametrize("field", SUBJECT_FIELDS)
def test_every_field_to_count_by_has_a_word(field: str) -> None:
    said = condition(rule("frequency", query_key=[field], num_events=5))
    assert (said[:1], field in said) == ("按", False)


def test_a_rule_is_explained_line_by_line() -> None:
    lines = explain(rule("any", filter="停水", owner="市水务局", is_enabled=False)).splitlines()
    assert lines[:3] == ["规则：规则", "理由：理由。", "看什么：符合检索式 `停水` 的来件"]
    assert lines[-2:] == ["责任单位：市水务局", "现在停用。"]


def test_the_register_names_every_rule_with_its_reason_and_query() -> None:
    shipped = load_rules(DEFAULT_RULES).rules
    page = public_register(shipped, at=NOW)
    assert page.startswith(f"# 预警规则公示\n\n截至2026年3月18日共{len(shipped)}条。")
    for one in shipped:
        assert f"\n## {one.name}\n" in page
        assert one.description in page
        assert one.filter in page
