"""Charts as images of their own, so that the page need not wait for them."""

from __future__ import annotations

from datetime import date
from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from console.charts import ChartWords, draw_trend
from console.figures import trend
from console.view import CurrentView

router = APIRouter(prefix="/charts")


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
