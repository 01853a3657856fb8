"""Why a rule did, or did not, find one post: clause by clause, as the rule itself looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from alerts.evaluate import evaluate, hangs_together, verdicts_of
from alerts.evidence import REPORTS, both, clause
from alerts.explain import condition
from alerts.facts import Facts, Group
from alerts.gather import gather
from alerts.reading import Sight
from alerts.rule_types import DAY, CountingRule, Rule, SourceSilentRule, SurgeRule
from records.post import Post
from records.times import Period
from storage.query import normalised
from storage.query_syntax import clauses

# Over the window, evenly: a day's is looked at every hour.
LOOKS = 24
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that the rule asks: does it hold of the post, and what was found, in Chinese."""

    asked: str
    holds: bool
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What the rule sees at one moment: `groups` are those that the post counts in, `told` what it says."""

    at: datetime
    facts: Facts
    groups: tuple[Group, ...]
    told: str | None


class RuleTrace:
    """How one rule sees one post while it is in the window, up to `now`.

    Told is the first of LOOKS looks that finds it, else the one that counts most. Answers are those of today.
    """

    def __init__(self, rule: Rule, post: Post, sight: Sight, *, now: datetime) -> None:
        last = min(now, post.asked_at + rule.timeframe)
        step = (last - post.asked_at) / LOOKS
        looks = ((post.asked_at + n * step).replace(second=0, microsecond=0) for n in range(1, LOOKS + 1))
        self._looks = [look for look in looks if look > post.asked_at] or [now]
        self._rule, self._post, self._sight = rule, post, sight
        self._in_group: dict[tuple[tuple[str, str], ...], bool] = {}

    def checks(self) -> Iterator[Check]:
        """Yield what the rule asks, in its order; after what does not hold of the post nothing is asked."""
        rule, post = self._rule, self._post
        if isinstance(rule, SourceSilentRule):
            yield Check(asked="看来件", holds=False, found="这条规则只看来源的抓取情况，不看来件")
            return
        basics = [
            Check(asked="规则启用", holds=rule.is_enabled, found="启用" if rule.is_enabled else "停用"),
            Check(asked="居民来件", holds=post.channel.carries_reports, found=f"渠道 {post.channel}"),
            *map(self._clause, self._clauses()),
        ]
        yield from basics
        if all(check.holds for check in basics):
            yield from self._condition()

    def _clauses(self) -> list[str]:
        return clauses(normalised(self._rule.filter)) if self._rule.filter.strip() else []

    def _clause(self, part: str) -> Check:
        holds = self._finds(part)
        return Check(asked=f"检索式 {part}", holds=holds, found="符合" if holds else "不符合")

    def _finds(self, query: str) -> bool:
        second = Period(start=self._post.asked_at, end=self._post.asked_at + _SECOND)
        return self._post.id in self._sight.index.newest(
            both(query, clause("source", self._post.source)), second
        )

    def _condition(self) -> Iterator[Check]:
        rule = self._rule
        looks = [self._look(at) for at in self._looks]
        told = next((look for look in looks if look.told), None)
        shown = told or max(looks, key=lambda look: max((group.count for group in look.groups), default=0))
        if isinstance(rule, CountingRule):
            for group in shown.groups:
                yield from _counted(rule, shown.facts, group)
        at = f"{shown.at.astimezone(self._sight.zone):%Y-%m-%d %H:%M}"
        yield Check(
            asked=f"{at}：{condition(rule)}",
            holds=shown.told is not None,
            found=shown.told or "没有达到，或已由更明确的一条说明",
        )

    def _look(self, at: datetime) -> _Look:
        rule, post_id = self._rule, self._post.id
        facts = gather(rule, self._sight, now=at, every_group=True)
        problem_id = self._sight.truth.problems.problem_ids_of([post_id]).get(post_id)
        findings = evaluate(rule, facts, at, zone=self._sight.zone)
        told = (
            one.explanation for one in findings if post_id in one.post_ids or problem_id in one.problem_ids
        )
        groups = tuple(group for group in facts.groups if self._counts_in(group))
        return _Look(at=at, facts=facts, groups=groups, told=next(told, None))

    def _counts_in(self, group: Group) -> bool:
        key = tuple(sorted(group.labels.items()))
        if key not in self._in_group:
            self._in_group[key] = self._finds(both(REPORTS, *(clause(*label) for label in key)))
        return self._in_group[key]


def _counted(rule: CountingRule, facts: Facts, group: Group) -> Iterator[Check]:
    """Yield each number that the rule asks of the count beside its threshold."""
    what = "、".join(group.labels.values()) or "全部"
    yield Check(
        asked=f"{what}：至少 {rule.num_events} 件",
        holds=group.count >= rule.num_events,
        found=f"{group.count} 件",
    )
    if group.reports is not None:
        voices = group.reports.n_voices
        yield Check(
            asked=f"{what}：至少 {rule.voices_needed} 个独立反映",
            holds=voices >= rule.voices_needed,
            found=f"{voices} 个",
        )
    if isinstance(rule, SurgeRule):
        if rule.num_alike and group.reports is not None:
            yield Check(
                asked=f"{what}：至少 {rule.num_alike} 个独立反映说的是同一件事",
                holds=hangs_together(rule, group),
                found=f"最多 {group.reports.n_alike} 个",
            )
        yield from _judged(rule, facts, group, what)


def _judged(rule: SurgeRule, facts: Facts, group: Group, what: str) -> Iterator[Check]:
    verdicts = verdicts_of(rule, facts)
    if not verdicts:
        seen = sum(not step.blind for step in facts.steps[: -ceil(rule.timeframe / DAY)])
        yield Check(asked=f"{what}：此前看得见的天数足够", holds=False, found=f"只有 {seen} 天")
        return
    verdict = verdicts[facts.groups.index(group)]
    yield Check(
        asked=f"{what}：至少为平日的 {rule.spike_height:g} 倍",
        holds=group.count >= rule.spike_height * verdict.expected,
        found=f"平日约 {verdict.expected:.1f} 件，为 {group.count / verdict.expected:.1f} 倍",
    )
    yield Check(
        asked=f"{what}：误报比例不超过 {rule.fdr:.0%}",
        holds=verdict.q_value <= rule.fdr,
        found=f"{verdict.q_value:.1%}",
    )
