"""Charts as images of their own, so that the page need not wait for them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from alerts.trials import ALONE, BOTH, GONE, NEW
from console.charts import ChartWords, draw_trend
from console.figures import trend
from console.trial_chart import WEEK, TrialBars, draw_trial
from console.view import CurrentView
from records.errors import Rejected

router = APIRouter(prefix="/charts")

# One number a bar, at most as many as a picture has.
Counts = Annotated[str, Query(pattern=r"^(\d{1,5}(\.\d{1,5}){0,65})?$")]


@router.get("/trend.svg")
def trend_chart(
    view: CurrentView,
    day: date,
    theme: Literal["light", "dark"] = "light",
    size: Literal["wide", "narrow"] = "wide",
) -> Response:
    """The messages of the days up to `day`, answered and not."""
    words = ChartWords(
        answered=view.gettext("已答复"), waiting=view.gettext("未答复"), count=view.gettext("件数")
    )
    bars = trend(view.services.index, day, zone=view.services.zone)
    return Response(draw_trend(bars, words, theme=theme, size=size), media_type="image/svg+xml")


@router.get("/trial.svg")
def trial_chart(
    view: CurrentView,
    first: date,
    days: Annotated[int, Query(ge=1, le=WEEK)] = 1,
    alone: Counts = "",
    both: Counts = "",
    gone: Counts = "",
    new: Counts = "",
    theme: Literal["light", "dark"] = "light",
    size: Literal["wide", "narrow"] = "wide",
) -> Response:
    """What a rule would have said: alerts a bar of `days` days from `first` on, as its page counted them."""
    stated = {ALONE: alone, BOTH: both, GONE: gone, NEW: new}
    counts = {part: tuple(map(int, text.split("."))) for part, text in stated.items() if text}
    if len({len(numbers) for numbers in counts.values()}) != 1:
        raise Rejected("bad_parameter", "counts: parts of different lengths (see /rules/draft)")
    bars = TrialBars(first=first, days=days, counts=counts)
    return Response(draw_trial(bars, view.gettext, theme=theme, size=size), media_type="image/svg+xml")
