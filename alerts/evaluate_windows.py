"""Rules that compare two spans, over facts: pure."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.facts import Facts, Finding, Group, Step
from alerts.rule_types import FlatlineRule, NewTermRule, PercentageMatchRule, SpanRule, SpikeRule, SpikeType
from alerts.sentences import flatline_sentence, new_term_sentence, percentage_sentence, spike_sentence


def find_in_spans(rule: SpanRule, facts: Facts) -> list[Finding]:
    match rule:
        case SpikeRule():
            return _spikes(rule, facts)
        case FlatlineRule():
            return _flatlines(rule, facts)
        case PercentageMatchRule():
            return _percentages(rule, facts)
        case NewTermRule():
            return _new_terms(rule, facts)


def spikes(rule: SpikeRule, group: Group, steps: Sequence[Step]) -> bool:
    """Return whether the count rose or fell far enough; what was not seen did neither."""
    before, now = group.history
    if now < rule.threshold_cur or before < rule.threshold_ref:
        return False
    then_blind, now_blind = (step.blind for step in steps)
    rose = now > before and now >= rule.spike_height * before and not then_blind
    fell = now < before and rule.spike_height * now <= before and not now_blind
    return (rose and rule.spike_type is not SpikeType.DOWN) or (fell and rule.spike_type is not SpikeType.UP)


def outside(rule: PercentageMatchRule, group: Group) -> bool:
    """Return whether the share is out of bounds, of enough reports to be a share."""
    return group.count >= rule.min_denominator and _broken_bound(rule, group) is not None


def _broken_bound(rule: PercentageMatchRule, group: Group) -> float | None:
    share, low, high = 100 * group.matched / group.count, rule.min_percentage, rule.max_percentage
    if low is not None and share < low:
        return low
    return high if high is not None and share > high else None


def unseen_before(rule: NewTermRule, group: Group, steps: Sequence[Step]) -> bool:
    """Return whether the value is new, and the time before known well enough to say so."""
    before, now = group.history
    return not before and now >= rule.num_events and not steps[0].blind


def _spikes(rule: SpikeRule, facts: Facts) -> list[Finding]:
    found = []
    for group in facts.groups:
        before, now = group.history
        if not spikes(rule, group, facts.steps):
            continue
        if now > before and group.n_voices < (rule.num_voices or rule.threshold_cur):
            continue
        sentence = spike_sentence(
            group, facts.problems, timeframe=rule.timeframe, before=before, height=rule.spike_height
        )
        found.append(Finding.of_group(group, group.count, sentence, expected=float(before)))
    return found


def _flatlines(rule: FlatlineRule, facts: Facts) -> list[Finding]:
    """An expectation from a baseline with gaps is only too low, and so never the reason for an alert."""
    found = []
    for group in facts.groups:
        expected = group.history[0] * (rule.timeframe / rule.baseline)
        if group.count < rule.threshold <= expected and not facts.steps[1].blind:
            sentence = flatline_sentence(
                group, facts.problems, timeframe=rule.timeframe, expected=expected, threshold=rule.threshold
            )
            found.append(Finding.of_group(group, group.count, sentence, expected=expected))
    return found


def _percentages(rule: PercentageMatchRule, facts: Facts) -> list[Finding]:
    found = []
    for group in facts.groups:
        if outside(rule, group):
            sentence = percentage_sentence(
                group,
                facts.problems,
                timeframe=rule.timeframe,
                bounds=(rule.min_percentage, rule.max_percentage),
            )
            share = 100 * group.matched / group.count
            found.append(Finding.of_group(group, share, sentence, expected=_broken_bound(rule, group)))
    return found


def _new_terms(rule: NewTermRule, facts: Facts) -> list[Finding]:
    found = []
    for group in facts.groups:
        if unseen_before(rule, group, facts.steps):
            sentence = new_term_sentence(group, timeframe=rule.timeframe, window=rule.terms_window_size)
            found.append(Finding.of_group(group, group.count, sentence))
    return found
