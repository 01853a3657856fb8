"""A comparison of two periods in sentences, for the page and the command line."""

from __future__ import annotations

from collections.abc import Callable

from alerts.comparing import Comparison
from alerts.periods import FDR
from console.words import word_for

Translate = Callable[[str], str]


def _(message: str) -> str:
    return message


def say_total(found: Comparison, translate: Translate) -> str:
    """Return how many there were in each period, how many were to be expected, and what that says."""
    said = _(
        "%(later)s 共 %(now)s 件；%(earlier)s 共 %(before)s 件，照此应有约 %(expected)s 件：%(change)s。"
    )
    return translate(said) % {
        "later": found.periods.now,
        "earlier": found.periods.before,
        "now": found.total.now,
        "before": found.total.before,
        "expected": f"{found.total.expected:.1f}",
        "change": translate(word_for("change", found.total.change)),
    }


def say_left_out(found: Comparison, translate: Translate) -> str:
    """Return which days and sources count in neither period, "" for none."""
    told = ""
    if found.n_unseen:
        told += translate(_("有 %(n)s 天未完整采集，不计入对比。")) % {"n": found.n_unseen}
    if found.left_out:
        sources = translate(_("、")).join(found.left_out)
        told += translate(_("来源 %(sources)s 有一段大半未采集，两段都不计入。")) % {"sources": sources}
    return told


def say_how_to_read(translate: Translate) -> str:
    """Return what `expected` and the named changes mean."""
    said = _(
        "“应有”是按此前的件数，照星期和节假日折算到后一段的件数；标出的变化里，出于偶然的不超过 %(share)s；"
        "“看不出变化”不等于没有变化，件数少时尤其如此。"
    )
    return translate(said) % {"share": f"{FDR:.0%}"}
