"""One Chinese sentence per finding, with its numbers. Of a problem its masked title is said, never a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.durations import chinese_duration
from alerts.facts import Case, Group, Overdue
from records.analysis import ReplyFindingCode, UrgencyCode
from records.problem import Problem, ProblemState
from storage.arrivals import Arrival

REASONS = {
    UrgencyCode.DANGER: "危及安全",
    UrgencyCode.UTILITY_CUT: "断水断电断气断暖",
    UrgencyCode.UNPAID_WAGES: "拖欠工资",
    UrgencyCode.VULNERABLE: "涉及老幼病弱",
    UrgencyCode.DEADLINE_NEAR: "时限临近",
    UrgencyCode.REPEATED_ASKING: "多次反映",
}
STATES = {
    ProblemState.OPEN: "尚未答复",
    ProblemState.ANSWERED: "已答复",
    ProblemState.CLOSED: "已办结",
    ProblemState.REOPENED: "答复后再次反映",
}
FAULTS = {
    ReplyFindingCode.FORM_LETTER: "套话",
    ReplyFindingCode.HANDS_OVER: "转交他处",
    ReplyFindingCode.REFUSES: "不予办理",
}
FIELDS = {
    "place": "地点",
    "topic": "类别",
    "subtopic": "二级类别",
    "own_topic": "自定义主题",
    "department": "责任单位",
}
UNKNOWN = {"department": "责任单位未明", "place": "地点未明", "topic": "类别未明"}
# A title is a resident's sentence; past this it is a paragraph.
TITLE_LENGTH = 40


def short_title(title: str) -> str:
    """Return the title in one line of at most TITLE_LENGTH characters."""
    line = " ".join(title.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1] + "…"


def subject(labels: Mapping[str, str], problems: Mapping[str, Problem]) -> str:
    """Return what an alert is about: A3区·停水, or the problem's title with its place and topic."""
    problem = problems.get(labels.get("problem", ""))
    if problem is not None:
        where = "·".join(part for part in (problem.place, problem.topic) if part)
        return f"“{short_title(problem.title)}”" + (f"（{where}）" if where else "")
    return "·".join(value or UNKNOWN.get(field, "未明") for field, value in labels.items()) or "全部诉求"


def any_sentence(group: Group, problem: Problem, *, timeframe: timedelta) -> str:
    """Return 「“题目”（A3区·城建）：24小时内2件反映，累计5件、4个独立反映；紧急3级（…），尚未答复。」"""
    reasons = "、".join(REASONS[code] for code in (group.reports.reasons if group.reports else ()))
    urgency = f"紧急{problem.urgency}级" + (f"（{reasons}）" if reasons else "") if problem.urgency else ""
    counts = f"{chinese_duration(timeframe)}内{group.count}件反映"
    if problem.n_posts > group.count:
        counts += f"，累计{problem.n_posts}件、{problem.n_voices}个独立反映"
    rest = "，".join(part for part in (urgency, STATES[problem.state]) if part)
    return f"{subject({'problem': problem.id}, {problem.id: problem})}：{counts}；{rest}。"


def frequency_sentence(
    group: Group, problems: Mapping[str, Problem], *, timeframe: timedelta, threshold: int
) -> str:
    """Return 「A3区·停水：24小时内14件，达到5件的界限，涉及9个独立反映；其中3件紧急。」"""
    counts = f"{chinese_duration(timeframe)}内{group.count}件，达到{threshold}件的界限"
    return f"{subject(group.labels, problems)}：{counts}{_voices(group)}。"


def surge_sentence(
    group: Group, problems: Mapping[str, Problem], *, timeframe: timedelta, expected: float, days: int
) -> str:
    """Return 「A3区·停水：24小时内14件，平日约0.6件（近56天），为23倍，涉及9个独立反映；其中3件紧急。」

    What several have in common is said: 「…，6个都说到“停水”…」, or the title of their problem.
    """
    usual = f"平日约{expected:.1f}件（近{days}天），为{_times(group.count / expected)}倍"
    if expected < 0.05:
        usual = f"近{days}天几乎没有"
    counts = f"{chinese_duration(timeframe)}内{group.count}件，{usual}"
    voices = _voices(group, in_common=_in_common(group, problems))
    return f"{subject(group.labels, problems)}：{counts}{voices}。"


def spike_sentence(
    group: Group, problems: Mapping[str, Problem], *, timeframe: timedelta, before: int, height: float
) -> str:
    """Return 「A3区·停水：24小时内14件，此前24小时4件，为3.5倍（界限3倍），涉及9个独立反映。」"""
    length = chinese_duration(timeframe)
    past = f"此前{length}{before}件"
    if group.count < before:
        return (
            f"{subject(group.labels, problems)}：{length}内{group.count}件，{past}，"
            f"降到{100 * group.count / before:.0f}%（界限{100 / height:.0f}%）。"
        )
    times = (
        f"{past}，为{_times(group.count / before)}倍（界限{_times(height)}倍）"
        if before
        else f"此前{length}没有"
    )
    return f"{subject(group.labels, problems)}：{length}内{group.count}件，{times}{_voices(group)}。"


def flatline_sentence(
    group: Group, problems: Mapping[str, Problem], *, timeframe: timedelta, expected: float, threshold: int
) -> str:
    """Return 「A3区：7天内0件，低于1件的界限，平日约5.0件；来源抓取正常。」"""
    return (
        f"{subject(group.labels, problems)}：{chinese_duration(timeframe)}内{group.count}件，"
        f"低于{threshold}件的界限，平日约{expected:.1f}件；来源抓取正常。"
    )


def percentage_sentence(
    group: Group,
    problems: Mapping[str, Problem],
    *,
    timeframe: timedelta,
    bounds: tuple[float | None, float | None],
) -> str:
    """Return 「市住建局：7天内20件中15件符合条件，占75%，高于60%的界限。」"""
    share, (low, high) = 100 * group.matched / group.count, bounds
    bound = f"低于{low:g}%" if low is not None and share < low else f"高于{high:g}%"
    return (
        f"{subject(group.labels, problems)}：{chinese_duration(timeframe)}内{group.count}件中"
        f"{group.matched}件符合条件，占{share:.0f}%，{bound}的界限。"
    )


def new_term_sentence(group: Group, *, timeframe: timedelta, window: timedelta) -> str:
    """Return 「新出现的地点“C区”：24小时内2件，此前30天没有，涉及2个独立反映。」"""
    ((field, value),) = group.labels.items()
    return (
        f"新出现的{FIELDS[field]}“{value}”：{chinese_duration(timeframe)}内{group.count}件，"
        f"此前{chinese_duration(window)}没有{_voices(group)}。"
    )


def poor_reply_sentence(case: Case, *, zone: ZoneInfo) -> str:
    """Return 「“题目”（A3区·城建）：3月5日的最新答复属于套话，未说明怎样解决；责任单位：…。」"""
    faults = "、".join(FAULTS[code] for code in case.findings)
    return (
        f"{subject({'problem': case.problem.id}, {case.problem.id: case.problem})}："
        f"{_day(case.at.astimezone(zone))}的最新答复属于{faults}，未说明怎样解决；"
        f"责任单位：{case.problem.department or '未明'}。"
    )


def recurrence_sentence(case: Case, *, timeframe: timedelta, zone: ZoneInfo) -> str:
    """Return 「“题目”（A3区·城建）：3月5日答复或办结后，7天内又有2件反映，累计5件；责任单位：…。」"""
    return (
        f"{subject({'problem': case.problem.id}, {case.problem.id: case.problem})}："
        f"{_day(case.at.astimezone(zone))}答复或办结后，{chinese_duration(timeframe)}内又有"
        f"{len(case.post_ids)}件反映，累计{case.problem.n_posts}件；"
        f"责任单位：{case.problem.department or '未明'}。"
    )


def cases_sentence(labels: Mapping[str, str], cases: Sequence[Case], *, what: str) -> str:
    """Return 「市住建局：3个问题最新答复没有解决问题，如“题目”。」"""
    title = short_title(cases[0].problem.title)
    return f"{subject(labels, {})}：{len(cases)}个问题{what}，如“{title}”。"


def overdue_problem_sentence(item: Overdue, *, zone: ZoneInfo) -> str:
    """Return 「“题目”：2件反映无答复，已等18个工作日，时限“一般，15个工作日”已于3月5日过；责任单位：…。」"""
    due = item.due_at.astimezone(zone)
    owes = item.problem.department or "未明"
    return (
        f"{subject({'problem': item.problem.id}, {item.problem.id: item.problem})}："
        f"{len(item.post_ids)}件反映无答复，已等{item.workdays_waited}个工作日，"
        f"时限“{item.deadline}”已于{_moment(due)}过；责任单位：{owes}。"
    )


def overdue_sentence(labels: Mapping[str, str], items: Sequence[Overdue]) -> str:
    """Return 「市住建局：12个问题超过时限未答复（其中2个紧急），最久的已等23个工作日：“题目”。」

    `items` are oldest first.
    """
    oldest = items[0]
    n_urgent = sum(item.problem.urgency >= 3 for item in items)
    urgent = f"（其中{n_urgent}个紧急）" if n_urgent else ""
    return (
        f"{subject(labels, {})}：{len(items)}个问题超过时限未答复{urgent}，"
        f"最久的已等{oldest.workdays_waited}个工作日：“{short_title(oldest.problem.title)}”。"
    )


def _voices(group: Group, *, in_common: str = "") -> str:
    if group.reports is None:
        return ""
    urgent = f"；其中{group.reports.n_urgent}件紧急" if group.reports.n_urgent else ""
    return f"，涉及{group.reports.n_voices}个独立反映{in_common}{urgent}"


def _in_common(group: Group, problems: Mapping[str, Problem]) -> str:
    if group.reports is None or group.reports.n_alike < 2:
        return ""
    if group.reports.keyword is not None:
        return f"，{group.reports.n_alike}个都说到“{group.reports.keyword}”"
    main = problems.get(group.reports.problem_ids[0])
    return f"，{group.reports.n_alike}个反映“{short_title(main.title)}”" if main else ""


def _times(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}".removesuffix(".0")


def _moment(moment: datetime) -> str:
    """Return 3月5日; a deadline at midnight is the day before its end."""
    return _day(moment - timedelta(seconds=1))


def _day(moment: datetime) -> str:
    return f"{moment.month}月{moment.day}日"


def late_sentence(said: str, late: Sequence[Arrival], *, at: datetime, zone: ZoneInfo) -> str:
    """Return 「……。迟到2件：最早03-15 09:30提出，03-18 09:30才收到；以上为截至03-16 08:00的情况。」"""
    first = min(late, key=lambda one: (one.asked_at, one.post_id))
    asked, arrived, seen = (one.astimezone(zone) for one in (first.asked_at, first.arrived_at, at))
    return (
        f"{said}迟到{len(late)}件：最早{asked:%m-%d %H:%M}提出，{arrived:%m-%d %H:%M}才收到；"
        f"以上为截至{seen:%m-%d %H:%M}的情况。"
    )
