"""The one chart of a briefing: messages a day. Words stand beside it, so it needs no Chinese font.

Drawn once for each width it is read at, so that its letters are never scaled down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Width and height of the bars in pixels; axis and letters come on top, about 30.
PAPER, SCREEN, PHONE = (640, 180), (860, 200), (310, 180)
BAR = "#2f6f73"
INK = "#51565e"
GRID = "#e4e0d6"
# Twice the size on paper: sharp in print, 40 kB.
PNG_SCALE = 2.0


def trend_svg(days: Sequence[Mapping[str, Any]], size: tuple[int, int]) -> str:
    """Return the daily counts (`day`, `value`) as SVG."""
    import vl_convert  # 0.5 s, and only where a briefing is rendered

    svg: str = vl_convert.vegalite_to_svg(_chart(days, size))
    return svg


def trend_png(days: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the same chart for paper, as PNG."""
    import vl_convert

    png: bytes = vl_convert.vegalite_to_png(_chart(days, PAPER), scale=PNG_SCALE)
    return png


def _chart(days: Sequence[Mapping[str, Any]], size: tuple[int, int]) -> str:
    import altair as alt

    rows = [{"day": day["day"][5:], "value": day["value"]} for day in days]
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(color=BAR)
        .encode(
            x=alt.X(
                "day:O", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True, ticks=False)
            ),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(tickMinStep=1, tickCount=4)),
        )
        .properties(width=size[0], height=size[1], background="white")
        .configure_view(stroke=None)
        .configure_axis(labelColor=INK, gridColor=GRID, domainColor=GRID, labelFontSize=12)
    )
    text: str = chart.to_json()
    return text
