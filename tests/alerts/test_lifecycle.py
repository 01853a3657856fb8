from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.facts import Finding
from alerts.lifecycle import Changes, reconcile
from records.alert import Alert, AlertState
from tests.alerts.samples import DAY, HOUR, NOW, rule

RULE = rule("frequency", query_key="place", num_events=5, realert="12h", keep_firing_for="24h")


def finding(value: float, place: str = "A3区") -> Finding:
    return Finding(
        labels={"place": place}, value=value, explanation=f"{place}：{value:.0f}件。", post_ids=("b/1",)
    )


def fired(value: float = 5) -> tuple[Alert, Changes]:
    changes = reconcile(RULE, [finding(value)], [], NOW)
    (alert,) = changes.alerts
    return alert, changes


def test_a_finding_fires_once() -> None:
    alert, changes = fired()
    assert (alert.state, alert.severity, alert.labels) == (AlertState.ACTIVE, 3, {"place": "A3区"})
    assert changes.new == (alert.id,)
    again = reconcile(RULE, [finding(5)], [alert], NOW + HOUR)
    assert (again.new, again.grown, again.held) == ((), (), (alert.id,))
    assert again.alerts == ()  # nothing to tell, nothing to save


def test_an_alert_is_updated_instead_of_repeated() -> None:
    alert, _ = fired()
    (updated,) = reconcile(RULE, [finding(7)], [alert], NOW + HOUR).alerts
    assert (updated.id, updated.value, updated.explanation) == (alert.id, 7, "A3区：7件。")
    assert updated.updated_at == NOW + HOUR


def test_it_speaks_again_when_it_doubled_and_realert_has_passed() -> None:
    alert, _ = fired()
    early = reconcile(RULE, [finding(10)], [alert], NOW + HOUR)
    assert early.grown == ()
    late = reconcile(RULE, [finding(10)], [alert], NOW + 12 * HOUR)
    assert late.grown == (alert.id,)
    (raised,) = late.alerts
    assert (raised.raised_at, raised.raised_value) == (NOW + 12 * HOUR, 10)
    after = reconcile(RULE, [finding(12)], [raised], NOW + 3 * DAY)
    assert after.grown == ()


def test_a_fall_that_recovers_does_not_speak_again() -> None:
    silent = replace(finding(0), expected=8.0)
    changes = reconcile(RULE, [silent], [], NOW)
    recovering = replace(finding(4), expected=8.0)
    later = reconcile(RULE, [recovering], list(changes.alerts), NOW + DAY)
    assert (later.grown, [alert.value for alert in later.alerts]) == ((), [4])
    risen = replace(finding(4), expected=1.0)
    assert len(reconcile(RULE, [risen], list(changes.alerts), NOW + DAY).grown) == 1


def test_one_becoming_two_is_no_growth() -> None:
    alert, _ = fired(1)
    assert reconcile(RULE, [finding(2)], [alert], NOW + DAY).grown == ()
    assert reconcile(RULE, [finding(3)], [alert], NOW + DAY).grown == (alert.id,)


@pytest.mark.parametrize("state", [AlertState.ACKNOWLEDGED, AlertState.ASSIGNED], ids=str)
def test_what_was_seen_stays_seen_until_it_grows(state: AlertState) -> None:
    alert, _ = fired()
    acknowledged = replace(alert, state=state)
    (held,) = reconcile(RULE, [finding(8)], [acknowledged], NOW + DAY).alerts
    assert held.state is state
    (grown,) = reconcile(RULE, [finding(11)], [acknowledged], NOW + DAY).alerts
    assert grown.state is AlertState.ACTIVE


def test_it_is_resolved_when_it_has_not_held_for_a_while() -> None:
    alert, _ = fired()
    waiting = reconcile(RULE, [], [alert], NOW + 23 * HOUR)
    assert (waiting.alerts, waiting.resolved) == ((), ())
    over = reconcile(RULE, [], [alert], NOW + 24 * HOUR)
    assert over.resolved == (alert.id,)
    assert over.alerts[0].state is AlertState.RESOLVED


def test_that_it_still_holds_is_noted_in_time() -> None:
    alert, _ = fired()
    (noted,) = reconcile(RULE, [finding(5)], [alert], NOW + 6 * HOUR).alerts
    assert noted.updated_at == NOW + 6 * HOUR


def test_other_labels_are_another_alert() -> None:
    alert, _ = fired()
    both = reconcile(RULE, [finding(5), finding(6, "A4区")], [alert], NOW + HOUR)
    assert (len(both.new), both.held) == (1, (alert.id,))


def test_what_a_person_settled_stays_so_while_it_holds_unless_it_grows() -> None:
    alert, _ = fired()
    settled = replace(alert, state=AlertState.RESOLVED, settled_at=NOW + HOUR)
    held = reconcile(RULE, [finding(6)], [settled], NOW + DAY)
    assert (held.new, held.held) == ((), (alert.id,))
    assert (held.alerts[0].state, held.alerts[0].updated_at) == (AlertState.RESOLVED, NOW + DAY)
    (grown,) = reconcile(RULE, [finding(11)], [settled], NOW + DAY).alerts
    assert (grown.id, grown.state, grown.settled_at) == (alert.id, AlertState.ACTIVE, None)
    assert reconcile(RULE, [], [settled], NOW + 2 * DAY).alerts == ()


def test_what_a_problem_is_called_may_change_without_a_new_alert() -> None:
    urgent = rule("any", filter="urgency:>=3")
    before = Finding(labels={"problem": "p1", "place": "A3区"}, value=1, explanation="一。")
    after = Finding(labels={"problem": "p1", "place": "A4区"}, value=1, explanation="二。")
    first = reconcile(urgent, [before], [], NOW)
    second = reconcile(urgent, [after], list(first.alerts), NOW + HOUR)
    assert second.new == ()
    assert second.alerts[0].labels["place"] == "A3区"  # its group stays
