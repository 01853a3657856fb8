"""What people read for closed sets: one name for one thing in alerts, briefings and pages."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.health import HealthState
from records.problem import ProblemState

PROBLEM_STATES: Mapping[str, str] = {
    ProblemState.OPEN: "未答复",
    ProblemState.ANSWERED: "已答复",
    ProblemState.CLOSED: "已办结",
    ProblemState.REOPENED: "再次反映",
}
SOURCE_STATES: Mapping[str, str] = {
    HealthState.OK: "正常",
    HealthState.LATE: "延迟",
    HealthState.BLIND: "失联",
    HealthState.DEAD: "沉寂",
    HealthState.NEVER: "从未成功",
    HealthState.CHANGED: "网页改版",
    HealthState.REFUSED: "拒绝访问",
}
# Who acts until there is sign-in, as kept with what they did.
ACTORS: Mapping[str, str] = {"cli": "命令行", "console": "控制台", "file": "文件"}
