"""The rules that nobody writes and nobody can switch off: about the rules and the channels themselves."""

from __future__ import annotations

from datetime import timedelta

from alerts.rule_types import BaseRule


class OwnRule(BaseRule):
    """A rule of huiying itself; `subject` is the one label of its alerts."""

    subject: str

    @property
    def identity(self) -> tuple[str, ...]:
        return (self.subject,)


FAILING_RULE = "failing_rule"
FAILING_CHANNEL = "failing_channel"

RULE_WATCH = OwnRule(
    name="规则心跳",
    title="预警规则没有正常运行",
    description="规则出错或没有按时运行时，看上去平安无事，其实没有人在看。",
    subject=FAILING_RULE,
    severity=2,
    keep_firing_for=timedelta(minutes=10),
)
CHANNEL_WATCH = OwnRule(
    name="通道心跳",
    title="通知渠道送不出去",
    description="一个渠道送不出去时，等着它的人不会知道有预警。",
    subject=FAILING_CHANNEL,
    severity=2,
    keep_firing_for=timedelta(minutes=10),
)
OWN_RULES = {rule.name: rule for rule in (RULE_WATCH, CHANNEL_WATCH)}
