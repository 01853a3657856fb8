"""The Chinese words for the closed sets of the records; each is a message id for translation."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.new_rules import SearchRuleType
from alerts.words import ACTORS, PROBLEM_STATES, SOURCE_STATES
from records.alert import AlertState, Verdict
from records.analysis import Intent, PlaceKind, ReplyFindingCode, UrgencyCode
from records.post import Channel
from records.problem import Outcome
from records.query import SortOrder
from records.run import RunKind, RunState

WORDS: Mapping[str, Mapping[str, str]] = {
    "channel": {
        Channel.INBOX: "留言板",
        Channel.HOTLINE: "热线",
        Channel.INTAKE: "本站表单",
        Channel.NEWS: "新闻",
        Channel.NOTICE: "公告",
    },
    "actor": ACTORS,
    "problem": PROBLEM_STATES,
    "outcome": {
        Outcome.FIXED: "已解决",
        Outcome.HANDED_OVER: "已转办",
        Outcome.REFUSED: "未采纳",
        Outcome.EXPLAINED: "已解释",
    },
    "alert": {
        AlertState.ACTIVE: "待处理",
        AlertState.ACKNOWLEDGED: "已确认",
        AlertState.ASSIGNED: "已交办",
        AlertState.RESOLVED: "已解除",
    },
    "verdict": {
        Verdict.REAL: "属实",
        Verdict.KNOWN: "已知",
        Verdict.NOISE: "误报",
    },
    "severity": {"1": "特急", "2": "紧急", "3": "重要", "4": "一般", "5": "提示"},
    "urgency": {"0": "平常", "1": "较急", "2": "紧急", "3": "特急"},
    "intent": {
        Intent.CONSULT: "咨询",
        Intent.COMPLAINT: "投诉",
        Intent.HELP: "求助",
        Intent.SUGGESTION: "建言",
        Intent.THANKS: "感谢",
    },
    "reason": {
        UrgencyCode.DANGER: "危及安全",
        UrgencyCode.UTILITY_CUT: "断水断电断气",
        UrgencyCode.UNPAID_WAGES: "拖欠工资",
        UrgencyCode.VULNERABLE: "老幼病弱",
        UrgencyCode.DEADLINE_NEAR: "期限临近",
        UrgencyCode.REPEATED_ASKING: "多次反映",
    },
    "place": {
        PlaceKind.CITY: "市",
        PlaceKind.DISTRICT: "区县",
        PlaceKind.STREET: "街道乡镇",
        PlaceKind.COMMUNITY: "社区村",
        PlaceKind.ROAD: "道路",
        PlaceKind.ESTATE: "小区",
        PlaceKind.SITE: "场所",
    },
    "finding": {
        ReplyFindingCode.DECIDES: "给出结论",
        ReplyFindingCode.NAMES_DATE: "写明时间",
        ReplyFindingCode.NAMES_CONTACT: "留有联系方式",
        ReplyFindingCode.HANDS_OVER: "只作转办",
        ReplyFindingCode.REFUSES: "表示不办",
        ReplyFindingCode.FORM_LETTER: "套话",
    },
    "run": {
        RunState.RUNNING: "进行中",
        RunState.DONE: "完成",
        RunState.FAILED: "失败",
        RunState.INTERRUPTED: "中断",
    },
    "run_kind": {
        RunKind.CRAWL: "采集",
        RunKind.IMPORT: "导入",
        RunKind.ANALYSE: "分析",
        RunKind.INDEX: "建索引",
        RunKind.RULE: "规则",
        RunKind.BRIEFING: "简报",
    },
    "change": {
        "rose": "增多",
        "fell": "减少",
        "new": "新出现",
        "gone": "不再出现",
        "steady": "看不出变化",
    },
    "two_periods_error": {
        "reversed": "有一段时间的起止日期颠倒了。",
        "not_over": "只能对比已经过完的日子，最晚到昨天。",
        "too_long": "一段时间太长，最多一年。",
        "overlap": "前一段要在后一段开始之前结束。",
        "two_ways": "选了与上一年相比，就不要再填前一段的日期。",
        "empty": "有一段时间里没有任何来件，无法对比。",
        "unseen": "有一段时间里每一天都有来源漏采，无法对比。",
    },
    "briefing": {"daily": "日报", "weekly": "周报", "monthly": "月报"},
    "sort": {
        SortOrder.RELEVANCE: "最相关",
        SortOrder.NEWEST: "最新",
        SortOrder.OLDEST: "最早",
        SortOrder.URGENCY: "最紧急",
        SortOrder.VOTES: "票数最多",
        SortOrder.SEVERITY_AGE: "严重×时长",
    },
    "search_rule": {
        SearchRuleType.ANY: "每个有新来件的问题",
        SearchRuleType.FREQUENCY: "一个地点的来件够多时",
    },
    "problem_order": {
        "urgency": "最紧急",
        "size": "反映最多",
        "newest": "最近反映",
        "age": "拖得最久",
    },
    "health": SOURCE_STATES,
    "field": {
        "title": "标题",
        "text": "正文",
        "reply": "答复",
        "topic": "主题",
        "subtopic": "二级主题",
        "own_topic": "自定义主题",
        "place": "地点",
        "department": "单位",
        "channel": "渠道",
        "source": "来源",
        "status": "状态",
        "intent": "类型",
        "problem": "问题",
        "flagged": "预警",
        "failing_rule": "出错的规则",
        "failing_channel": "送不出的渠道",
        "urgency": "紧急程度",
        "dissatisfaction": "不满程度",
        "asked": "提问时间",
        "replied": "答复时间",
    },
    "query_error": {
        "syntax": "这里的写法不完整或放错了位置。要找符号本身，请放在引号里。",
        "unknown_field": "没有这个字段。",
        "bad_value": "这个字段没有这个值。",
        "bad_date": "日期读不懂。可以写 2026-03、2026-03-05、2026-W12 或 P7D（最近七天）。",
        "bad_number": "数字读不懂。",
        "leading_wildcard": "词的开头不能是 * 或 ?。",
        "too_many_patterns": "带 * 或 ? 的词太多。",
        "too_many_clauses": "词太多，请分几次查。",
        "too_long": "查询太长，请分几次查。",
        "too_deep": "括号套得太深。",
        "regex": "不支持正则表达式。请把词放在引号里，或用 * 结尾。",
        "not_a_range_field": "这个字段没有大小先后之分，不能用范围。",
        "nothing": "没有可查的词。",
    },
}


def word_for(kind: str, value: object) -> str:
    """Return the message id for `value`, or the value itself where the set is open (topics, places)."""
    return WORDS.get(kind, {}).get(str(value), str(value))
