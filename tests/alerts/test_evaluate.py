from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from alerts.evaluate import evaluate
from alerts.facts import Facts, Group, Overdue, Reports, Step
from records.analysis import UrgencyCode
from records.problem import ProblemState
from records.times import DEFAULT_ZONE, Period
from tests.alerts.samples import DAY, HOUR, NOW, problem, rule

WINDOW = Period(start=NOW - DAY, end=NOW)


def reports(n_voices: int, n_urgent: int = 0, **stated: tuple[UrgencyCode, ...]) -> Reports:
    ids = tuple(f"board/{number}" for number in range(n_voices))
    return Reports(post_ids=ids, problem_ids=("p1",), n_voices=n_voices, n_urgent=n_urgent, **stated)


def steps(days: int = 57) -> tuple[Step, ...]:
    starts = [NOW - (days - number) * DAY for number in range(days)]
    return tuple(Step(period=Period(start=start, end=start + DAY)) for start in starts)


def surge_facts(present: int, voices: Reports | None, labels: Mapping[str, str] | None = None) -> Facts:
    past = [1 if day % 2 else 0 for day in range(56)]
    group = Group(
        labels=labels or {"place": "A3区", "topic": "停水"},
        count=present,
        history=(*past, present),
        reports=voices,
    )
    return Facts(window=WINDOW, steps=steps(), groups=(group,))


SURGE = rule("surge", query_key=["place", "topic"])


def test_a_surge_says_its_numbers_in_one_sentence() -> None:
    (finding,) = evaluate(SURGE, surge_facts(14, reports(9, 3)), NOW)
    assert finding.explanation == (
        "A3区·停水：24小时内14件，平日约0.5件（近56天），为27倍，涉及9个独立反映；其中3件紧急。"
    )
    assert finding.labels == {"place": "A3区", "topic": "停水"}
    assert (finding.value, finding.problem_ids, len(finding.post_ids)) == (14.0, ("p1",), 9)
    assert finding.expected is not None
    assert 0.4 < finding.expected < 0.6


def test_one_complaint_copied_twenty_times_is_no_surge() -> None:
    assert evaluate(SURGE, surge_facts(20, reports(1)), NOW) == []
    assert len(evaluate(SURGE, surge_facts(20, reports(3)), NOW)) == 1


def test_a_surge_has_to_be_large_as_well_as_unlikely() -> None:
    assert evaluate(SURGE, surge_facts(3, reports(3)), NOW) == []
    assert len(evaluate(SURGE, surge_facts(7, reports(7)), NOW)) == 1
    demanding = rule("surge", query_key=["place", "topic"], spike_height=20)
    assert evaluate(demanding, surge_facts(7, reports(7)), NOW) == []


def test_what_never_came_before_is_said_so() -> None:
    group = Group(labels={"place": "B2区"}, count=6, history=(*[0] * 56, 6), reports=reports(6))
    facts = Facts(window=WINDOW, steps=steps(), groups=(group,))
    (finding,) = evaluate(rule("surge", query_key="place"), facts, NOW)
    assert finding.explanation == "B2区：24小时内6件，近56天几乎没有，涉及6个独立反映。"


def test_blind_days_are_said_to_be_left_out() -> None:
    facts = surge_facts(14, reports(9))
    some_blind = tuple(Step(period=s.period, blind=n < 16) for n, s in enumerate(facts.steps))
    blinded = Facts(window=WINDOW, steps=some_blind, groups=facts.groups)
    (finding,) = evaluate(SURGE, blinded, NOW)
    assert "（近40天）" in finding.explanation


def test_frequency_counts_voices_per_key() -> None:
    five = rule("frequency", query_key="place", num_events=5)
    enough = Group(labels={"place": "A3区"}, count=6, reports=reports(5, 1))
    copies = Group(labels={"place": "A4区"}, count=9, reports=reports(2))
    few = Group(labels={"place": "A5区"}, count=4, reports=reports(4))
    found = evaluate(five, Facts(window=WINDOW, groups=(few, copies, enough)), NOW)
    assert [finding.explanation for finding in found] == [
        "A3区：24小时内6件，达到5件的界限，涉及5个独立反映；其中1件紧急。"
    ]


def test_frequency_per_problem_says_the_problems_title() -> None:
    group = Group(labels={"problem": "p1"}, count=6, reports=reports(6))
    facts = Facts(window=WINDOW, groups=(group,), problems={"p1": problem()})
    (finding,) = evaluate(rule("frequency", query_key="problem", num_events=5, timeframe="7d"), facts, NOW)
    assert finding.explanation == (
        "“幸福路1号楼停水三天”（A3区·城乡建设）：7天内6件，达到5件的界限，涉及6个独立反映。"
    )


def test_any_speaks_once_a_problem_however_many_wrote() -> None:
    urgent = rule("any", filter="urgency:>=3")
    groups = (
        Group(labels={"problem": "p1"}, count=3, reports=reports(3, 3, reasons=(UrgencyCode.DANGER,))),
        Group(labels={"problem": "p2"}, count=1, reports=reports(1)),
        Group(labels={"problem": "unknown"}, count=1),
    )
    problems = {
        "p1": problem(1, urgency=3),
        "p2": problem(2, n_posts=1, n_voices=1, place=None, topic=None, state=ProblemState.REOPENED),
    }
    found = evaluate(urgent, Facts(window=WINDOW, groups=groups, problems=problems), NOW)
    assert [finding.explanation for finding in found] == [
        "“幸福路1号楼停水三天”（A3区·城乡建设）：24小时内3件反映，累计5件、4个独立反映；紧急3级（危及安全），尚未答复。",
        "“幸福路2号楼停水三天”：24小时内1件反映；答复后再次反映。",
    ]
    assert found[0].labels == {
        "problem": "p1", "place": "A3区", "topic": "城乡建设", "department": "A市水务集团"
    }  # fmt: skip
    assert found[1].labels == {"problem": "p2", "department": "A市水务集团"}


def overdue(number: int, *, due: datetime, waited: int = 18, department: str | None = "A市人社局") -> Overdue:
    one = problem(
        number, title=f"工地{number}拖欠工资", department=department, urgency=3 if number == 1 else 1
    )
    labels = {"problem": one.id, **({"department": department} if department else {})}
    return Overdue(
        problem=one,
        labels=labels,
        post_ids=(f"board/{number}", f"board/{number}b"),
        asked_at=NOW - (40 - number) * DAY,
        due_at=due,
        workdays_waited=waited,
        deadline="一般留言，15个工作日",
    )


PASSED = datetime(2026, 3, 6, tzinfo=DEFAULT_ZONE)


def test_overdue_problems_are_counted_for_the_office_that_owes_the_answer() -> None:
    facts = Facts(
        window=WINDOW,
        overdue=(
            overdue(2, due=PASSED),
            overdue(1, due=PASSED, waited=23),
            overdue(3, due=PASSED, department=None),
            overdue(4, due=NOW + HOUR),
        ),
    )
    found = evaluate(rule("overdue", preset="留言板"), facts, NOW)
    assert [finding.explanation for finding in found] == [
        "A市人社局：2个问题超过时限未答复（其中1个紧急），最久的已等23个工作日：“工地1拖欠工资”。",
        "责任单位未明：1个问题超过时限未答复，最久的已等18个工作日：“工地3拖欠工资”。",
    ]
    assert found[0].problem_ids == ("p1", "p2")
    assert found[0].value == 2.0
    assert [
        len(f.problem_ids) for f in evaluate(rule("overdue", preset="留言板", num_events=2), facts, NOW)
    ] == [2]


def test_overdue_per_problem_says_since_when_and_who_owes() -> None:
    facts = Facts(window=WINDOW, overdue=(overdue(1, due=PASSED),))
    (finding,) = evaluate(rule("overdue", preset="留言板", query_key="problem"), facts, NOW)
    assert finding.explanation == (
        "“工地1拖欠工资”（A3区·城乡建设）：2件反映无答复，已等18个工作日，"
        "时限“一般留言，15个工作日”已于3月5日过；责任单位：A市人社局。"
    )


def located(place: str, count: int, first: int) -> Group:
    ids = tuple(f"board/{number}" for number in range(first, first + count))
    found = Reports(post_ids=ids, problem_ids=(), n_voices=count, n_urgent=0)
    return Group(labels={"place": place}, count=count, history=(*[0] * 56, count), reports=found)


def test_one_event_is_told_once_at_the_place_where_it_is_clearest() -> None:
    usual = Group(
        labels={"place": "A市"}, count=20, history=(*[8] * 56, 20), reports=located("A市", 20, 0).reports
    )
    groups = (usual, located("A3区", 14, 0), located("幸福路", 5, 0), located("B2区", 6, 20))
    facts = Facts(window=WINDOW, steps=steps(), groups=groups)
    surges = evaluate(rule("surge", query_key="place"), facts, NOW)
    assert [finding.labels["place"] for finding in surges] == ["A3区", "B2区"]
    frequent = evaluate(rule("frequency", query_key="place", num_events=6), facts, NOW)
    assert [finding.labels["place"] for finding in frequent] == ["A3区", "B2区"]


def test_the_same_facts_give_the_same_findings_in_the_same_order() -> None:
    groups = tuple(located(f"A{n}区", 5 + n % 2, 100 * n) for n in range(6))
    five = rule("frequency", query_key="place", num_events=5)
    forth = evaluate(five, Facts(window=WINDOW, groups=groups), NOW)
    back = evaluate(five, Facts(window=WINDOW, groups=groups[::-1]), NOW + timedelta(seconds=1))
    assert forth == back
    assert [finding.value for finding in forth] == [6, 6, 6, 5, 5, 5]
