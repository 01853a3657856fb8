from __future__ import annotations

import pytest

from alerts.evaluate import evaluate
from alerts.facts import Case, Facts, Group, Reports, Step
from alerts.health import HealthState, SourceHealth
from records.analysis import ReplyFindingCode
from records.post import Channel
from records.times import Period
from tests.alerts.samples import DAY, HOUR, NOW, problem, rule

WINDOW = Period(start=NOW - DAY, end=NOW)
BEFORE = Period(start=NOW - 2 * DAY, end=NOW - DAY)


def two_spans(*counts: tuple[str, int, int], blind: tuple[bool, bool] = (False, False)) -> Facts:
    groups = tuple(
        Group(labels={"place": place}, count=now, history=(before, now)) for place, before, now in counts
    )
    steps = (Step(period=BEFORE, blind=blind[0]), Step(period=WINDOW, blind=blind[1]))
    return Facts(window=WINDOW, groups=groups, steps=steps)


def explained(kind: str, facts: Facts, **stated: object) -> list[str]:
    return [finding.explanation for finding in evaluate(rule(kind, **stated), facts, NOW)]


SPIKE = {"query_key": "place", "timeframe": "24h", "spike_height": 3, "threshold_cur": 5}


def test_a_spike_is_a_count_so_many_times_the_one_before() -> None:
    facts = two_spans(("A3区", 4, 14), ("A4区", 5, 14), ("A5区", 0, 5), ("A6区", 0, 4))
    assert explained("spike", facts, spike_type="up", **SPIKE) == [
        "A3区：24小时内14件，此前24小时4件，为3.5倍（界限3倍）。",
        "A5区：24小时内5件，此前24小时没有。",
    ]
    assert explained("spike", facts, spike_type="up", threshold_ref=5, **SPIKE) == []


def test_a_fall_is_a_spike_downwards_and_only_where_asked_for() -> None:
    facts = two_spans(("A3区", 12, 3), ("A4区", 12, 5), ("A5区", 8, 0))
    stated = {**SPIKE, "threshold_cur": 0, "threshold_ref": 10}
    said = ["A3区：24小时内3件，此前24小时12件，降到25%（界限33%）。"]
    assert explained("spike", facts, spike_type="down", **stated) == said
    assert explained("spike", facts, spike_type="both", **stated) == said
    assert explained("spike", facts, spike_type="up", **stated) == []


def test_what_was_not_seen_neither_fell_nor_rose() -> None:
    stated = {**SPIKE, "threshold_cur": 0, "threshold_ref": 1, "spike_type": "both"}
    fell, rose = ("A3区", 12, 1), ("A3区", 1, 12)
    assert len(explained("spike", two_spans(fell, blind=(True, False)), **stated)) == 1
    assert explained("spike", two_spans(fell, blind=(False, True)), **stated) == []
    assert len(explained("spike", two_spans(rose, blind=(False, True)), **stated)) == 1
    assert explained("spike", two_spans(rose, blind=(True, False)), **stated) == []


def test_one_complaint_copied_is_no_spike() -> None:
    copies = Reports(post_ids=("board/1",), problem_ids=("p1",), n_voices=1, n_urgent=0)
    group = Group(labels={"place": "A3区"}, count=20, history=(1, 20), reports=copies)
    facts = Facts(window=WINDOW, groups=(group,), steps=two_spans().steps)
    assert explained("spike", facts, spike_type="up", **SPIKE) == []
    assert len(explained("spike", facts, spike_type="up", num_voices=1, **SPIKE)) == 1


FLAT = {"query_key": "place", "timeframe": "7d", "baseline": "28d"}


def test_a_flatline_is_silence_where_there_is_usually_something() -> None:
    facts = two_spans(("A3区", 20, 0), ("A4区", 20, 2), ("A5区", 4, 0))
    assert explained("flatline", facts, threshold=2, **FLAT) == [
        "A3区：7天内0件，低于2件的界限，平日约5.0件；来源抓取正常。"
    ]
    assert len(explained("flatline", facts, threshold=1, **FLAT)) == 2


def test_quiet_is_not_blind() -> None:
    facts = two_spans(("A3区", 20, 0), blind=(False, True))
    assert explained("flatline", facts, threshold=1, **FLAT) == []
    gap_before = two_spans(("A3区", 20, 0), blind=(True, False))
    assert len(explained("flatline", gap_before, threshold=1, **FLAT)) == 1


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"max_percentage": 60}, ["A3区：7天内20件中15件符合条件，占75%，高于60%的界限。"]),
        ({"min_percentage": 80}, ["A3区：7天内20件中15件符合条件，占75%，低于80%的界限。"]),
        ({"min_percentage": 75, "max_percentage": 75.5}, []),
        ({"max_percentage": 60, "min_denominator": 21}, []),
    ],
)  # fmt: skip
def test_a_share_out_of_bounds(bounds: dict[str, float], said: list[str]) -> None:
    facts = Facts(window=WINDOW, groups=(Group(labels={"place": "A3区"}, count=20, matched=15),))
    stated = {"query_key": "place", "match_bucket_filter": "NOT _exists_:reply", **bounds}
    assert explained("percentage_match", facts, **stated) == said


def test_a_new_place_is_new_only_against_a_known_past() -> None:
    facts = two_spans(("C区", 0, 2), ("A3区", 1, 9))
    assert explained("new_term", facts, fields="place") == ["新出现的地点“C区”：24小时内2件，此前30天没有。"]
    assert explained("new_term", facts, fields="place", num_events=3) == []
    assert explained("new_term", two_spans(("C区", 0, 2), blind=(True, False)), fields="place") == []


def case(number: int, *codes: ReplyFindingCode, department: str | None = "A市水务集团") -> Case:
    one = problem(number, department=department)
    labels = {"problem": one.id, **({"department": department} if department else {})}
    return Case(
        problem=one, labels=labels, post_ids=(f"board/{number}",), at=NOW - number * DAY, findings=codes
    )


def test_a_poor_answer_says_what_it_lacks_and_who_gave_it() -> None:
    letter = case(1, ReplyFindingCode.FORM_LETTER, ReplyFindingCode.HANDS_OVER)
    facts = Facts(window=WINDOW, cases=(letter, case(2, ReplyFindingCode.REFUSES, department=None)))
    assert explained("poor_reply", facts) == [
        "“幸福路1号楼停水三天”（A3区·城乡建设）：3月17日的最新答复属于套话、转交他处，未说明怎样解决；责任单位：A市水务集团。",
        "“幸福路2号楼停水三天”（A3区·城乡建设）：3月16日的最新答复属于不予办理，未说明怎样解决；责任单位：未明。",
    ]
    assert explained("poor_reply", facts, query_key="department", num_events=2) == []
    assert explained("poor_reply", facts, query_key="department") == [
        "责任单位未明：1个问题最新答复没有解决问题，如“幸福路2号楼停水三天”。",
        "A市水务集团：1个问题最新答复没有解决问题，如“幸福路1号楼停水三天”。",
    ]


def test_a_recurrence_says_since_when_and_how_often() -> None:
    assert explained("recurrence", Facts(window=WINDOW, cases=(case(1),))) == [
        "“幸福路1号楼停水三天”（A3区·城乡建设）：3月17日答复或办结后，7天内又有1件反映，累计5件；责任单位：A市水务集团。"
    ]


def health(name: str, state: HealthState, hours: int) -> SourceHealth:
    return SourceHealth(
        name=name, title=f"{name}信箱", channel=Channel.INBOX, state=state, since=NOW - hours * HOUR,
        last_success=None, last_new_post=None, reason="已3天没有成功抓取，最近一次出错：拒绝访问。",
    )  # fmt: skip


def test_a_silent_source_is_told_after_the_time_stated() -> None:
    facts = Facts(
        window=WINDOW,
        health=(
            health("甲", HealthState.BLIND, 72),
            health("乙", HealthState.BLIND, 5),
            health("丙", HealthState.OK, 99),
            health("丁", HealthState.DEAD, 99),
        ),
    )
    silent = rule("source_silent", timeframe="12h")
    (finding,) = evaluate(silent, facts, NOW)
    assert finding.explanation == "来源“甲信箱”：已3天没有成功抓取，最近一次出错：拒绝访问。"
    assert (finding.labels, finding.value) == ({"source": "甲"}, 3.0)
    dead = rule("source_silent", timeframe="12h", states="dead")
    assert [one.labels["source"] for one in evaluate(dead, facts, NOW)] == ["丁"]
