"""What a trial of a rule comes to, in words."""

from __future__ import annotations

from collections.abc import Callable

from alerts.agreement import Agreement
from alerts.trials import ALONE, BOTH, GONE, NEW

Gettext = Callable[[str], str]


def part_names(gettext: Gettext) -> dict[str, str]:
    """Return what the parts of a trial are called."""
    return {
        ALONE: gettext("会预警"),
        BOTH: gettext("两版都有"),
        GONE: gettext("仅现行版"),
        NEW: gettext("仅修改版"),
    }


def agreement_told(found: Agreement, gettext: Gettext) -> str:
    """Return how a version agrees with what people judged, as a sentence."""
    said = gettext(
        "人工判为属实或已知的 %(right)s 条中会报出 %(given)s 条（召回率 %(recall)s），"
        "报出且判过的 %(judged)s 条中误报 %(noise)s 条（准确率 %(precision)s），另有 %(unjudged)s 条没有判过"
    )
    return said % {
        "right": found.right,
        "given": found.right_given,
        "recall": _share(found.recall),
        "judged": found.right_given + found.noise_given,
        "noise": found.noise_given,
        "precision": _share(found.precision),
        "unjudged": found.unjudged,
    }


def _share(share: float | None) -> str:
    return "—" if share is None else f"{share:.0%}"
