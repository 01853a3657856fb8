"""The Chinese words for the closed sets of the records; each is a message id for translation."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.health import HealthState
from alerts.new_rules import SearchRuleType
from records.alert import AlertState, Verdict
from records.analysis import Intent, PlaceKind, ReplyFindingCode, UrgencyCode
from records.post import Channel
from records.problem import Outcome, ProblemState
from records.query import SortOrder
from records.run import RunKind, RunState


def _(message: str) -> str:
    """Mark a message id for the catalogue; it is translated where it is shown."""
    return message


WORDS: Mapping[str, Mapping[str, str]] = {
    "channel": {
        Channel.INBOX: _("留言板"),
        Channel.HOTLINE: _("热线"),
        Channel.INTAKE: _("本站表单"),
        Channel.NEWS: _("新闻"),
        Channel.NOTICE: _("公告"),
    },
    "problem": {
        ProblemState.OPEN: _("未答复"),
        ProblemState.ANSWERED: _("已答复"),
        ProblemState.CLOSED: _("已办结"),
        ProblemState.REOPENED: _("再次出现"),
    },
    "outcome": {
        Outcome.FIXED: _("已解决"),
        Outcome.HANDED_OVER: _("已转办"),
        Outcome.REFUSED: _("未采纳"),
        Outcome.EXPLAINED: _("已解释"),
    },
    "alert": {
        AlertState.ACTIVE: _("待处理"),
        AlertState.ACKNOWLEDGED: _("已确认"),
        AlertState.ASSIGNED: _("已交办"),
        AlertState.RESOLVED: _("已解除"),
    },
    "verdict": {
        Verdict.REAL: _("属实"),
        Verdict.KNOWN: _("已知"),
        Verdict.NOISE: _("误报"),
    },
    "severity": {"1": _("特急"), "2": _("紧急"), "3": _("重要"), "4": _("一般"), "5": _("提示")},
    "urgency": {"0": _("平常"), "1": _("较急"), "2": _("紧急"), "3": _("特急")},
    "intent": {
        Intent.CONSULT: _("咨询"),
        Intent.COMPLAINT: _("投诉"),
        Intent.HELP: _("求助"),
        Intent.SUGGESTION: _("建言"),
        Intent.THANKS: _("感谢"),
    },
    "reason": {
        UrgencyCode.DANGER: _("危及安全"),
        UrgencyCode.UTILITY_CUT: _("断水断电断气"),
        UrgencyCode.UNPAID_WAGES: _("拖欠工资"),
        UrgencyCode.VULNERABLE: _("老幼病弱"),
        UrgencyCode.DEADLINE_NEAR: _("期限临近"),
        UrgencyCode.REPEATED_ASKING: _("多次反映"),
    },
    "place": {
        PlaceKind.CITY: _("市"),
        PlaceKind.DISTRICT: _("区县"),
        PlaceKind.STREET: _("街道乡镇"),
        PlaceKind.COMMUNITY: _("社区村"),
        PlaceKind.ROAD: _("道路"),
        PlaceKind.ESTATE: _("小区"),
        PlaceKind.SITE: _("场所"),
    },
    "finding": {
        ReplyFindingCode.DECIDES: _("给出结论"),
        ReplyFindingCode.NAMES_DATE: _("写明时间"),
        ReplyFindingCode.NAMES_CONTACT: _("留有联系方式"),
        ReplyFindingCode.HANDS_OVER: _("只作转办"),
        ReplyFindingCode.REFUSES: _("表示不办"),
        ReplyFindingCode.FORM_LETTER: _("套话"),
    },
    "run": {
        RunState.RUNNING: _("进行中"),
        RunState.DONE: _("完成"),
        RunState.FAILED: _("失败"),
        RunState.INTERRUPTED: _("中断"),
    },
    "run_kind": {
        RunKind.CRAWL: _("采集"),
        RunKind.IMPORT: _("导入"),
        RunKind.ANALYSE: _("分析"),
        RunKind.INDEX: _("建索引"),
        RunKind.RULE: _("规则"),
        RunKind.BRIEFING: _("简报"),
    },
    "change": {
        "rose": _("增多"),
        "fell": _("减少"),
        "new": _("新出现"),
        "gone": _("不再出现"),
        "steady": _("看不出变化"),
    },
    "two_periods_error": {
        "reversed": _("有一段时间的起止日期颠倒了。"),
        "not_over": _("只能对比已经过完的日子，最晚到昨天。"),
        "too_long": _("一段时间太长，最多一年。"),
        "overlap": _("前一段要在后一段开始之前结束。"),
        "two_ways": _("选了与上一年相比，就不要再填前一段的日期。"),
        "empty": _("有一段时间里没有任何来件，无法对比。"),
        "unseen": _("有一段时间里每一天都有来源漏采，无法对比。"),
    },
    "briefing": {"daily": _("日报"), "weekly": _("周报"), "monthly": _("月报")},
    "sort": {
        SortOrder.RELEVANCE: _("最相关"),
        SortOrder.NEWEST: _("最新"),
        SortOrder.OLDEST: _("最早"),
        SortOrder.URGENCY: _("最紧急"),
        SortOrder.VOTES: _("票数最多"),
        SortOrder.SEVERITY_AGE: _("严重×时长"),
    },
    "search_rule": {
        SearchRuleType.ANY: _("每个有新来件的问题"),
        SearchRuleType.FREQUENCY: _("一个地点的来件够多时"),
    },
    "problem_order": {
        "urgency": _("最紧急"),
        "size": _("反映最多"),
        "newest": _("最近反映"),
        "age": _("拖得最久"),
    },
    "health": {
        HealthState.OK: _("正常"),
        HealthState.LATE: _("延迟"),
        HealthState.BLIND: _("失联"),
        HealthState.DEAD: _("沉寂"),
        HealthState.NEVER: _("从未成功"),
        HealthState.CHANGED: _("网页改版"),
        HealthState.REFUSED: _("拒绝访问"),
    },
    "field": {
        "title": _("标题"),
        "text": _("正文"),
        "reply": _("答复"),
        "topic": _("主题"),
        "subtopic": _("二级主题"),
        "own_topic": _("自定义主题"),
        "place": _("地点"),
        "department": _("单位"),
        "channel": _("渠道"),
        "source": _("来源"),
        "status": _("状态"),
        "intent": _("类型"),
        "problem": _("问题"),
        "flagged": _("预警"),
        "failing_rule": _("出错的规则"),
        "failing_channel": _("送不出的渠道"),
        "urgency": _("紧急程度"),
        "dissatisfaction": _("不满程度"),
        "asked": _("提问时间"),
        "replied": _("答复时间"),
    },
    "query_error": {
        "syntax": _("这里的写法不完整或放错了位置。要找符号本身，请放在引号里。"),
        "unknown_field": _("没有这个字段。"),
        "bad_value": _("这个字段没有这个值。"),
        "bad_date": _("日期读不懂。可以写 2026-03、2026-03-05、2026-W12 或 P7D（最近七天）。"),
        "bad_number": _("数字读不懂。"),
        "leading_wildcard": _("词的开头不能是 * 或 ?。"),
        "too_many_patterns": _("带 * 或 ? 的词太多。"),
        "too_many_clauses": _("词太多，请分几次查。"),
        "too_long": _("查询太长，请分几次查。"),
        "too_deep": _("括号套得太深。"),
        "regex": _("不支持正则表达式。请把词放在引号里，或用 * 结尾。"),
        "not_a_range_field": _("这个字段没有大小先后之分，不能用范围。"),
        "nothing": _("没有可查的词。"),
    },
}


def word_for(kind: str, value: object) -> str:
    """Return the message id for `value`, or the value itself where the set is open (topics, places)."""
    return WORDS.get(kind, {}).get(str(value), str(value))
