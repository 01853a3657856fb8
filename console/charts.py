"""Altair charts as SVG. Loaded with the first chart: importing costs 0.5 s, the first drawing 0.9 s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from console.figures import TrendBar

# The page's own colours (static/huiying.css), as an image cannot take them from there.
THEMES: Mapping[str, Mapping[str, str]] = {
    "light": {"ink": "#51565e", "grid": "#e4e0d6", "answered": "#2f7d74", "waiting": "#d98a2b"},
    "dark": {"ink": "#b3b8c0", "grid": "#30353d", "answered": "#5fb5aa", "waiting": "#e0a050"},
}
_FONT = "Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif"
# Drawn at the size at which it is seen, so that its letters are as large as the page's.
WIDTHS: Mapping[str, int] = {"wide": 640, "narrow": 290}
_HEIGHT = 210
# A screen shows a few charts, in two themes and two languages, and a new one when a message comes.
_KEPT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartWords:
    """What is written in the chart, in the reader's language."""

    answered: str
    waiting: str
    count: str


@lru_cache(maxsize=_KEPT)
def draw_trend(bars: tuple[TrendBar, ...], words: ChartWords, *, theme: str, size: str) -> str:
    """Return the SVG of one stacked bar a day: answered below, waiting above. About 70 ms, then kept."""
    import altair as alt
    import vl_convert

    colours = THEMES[theme]
    rows = [
        {"day": f"{bar.day:%m-%d}", "count": count, "state": state, "order": order}
        for bar in bars
        for order, (state, count) in enumerate(((words.answered, bar.answered), (words.waiting, bar.waiting)))
    ]
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(cornerRadius=1)
        .encode(
            x=alt.X("day:O", title=None, axis=alt.Axis(labelOverlap=True, labelAngle=0, ticks=False)),
            y=alt.Y("count:Q", title=words.count, axis=alt.Axis(tickMinStep=1, tickCount=4)),
            color=alt.Color(
                "state:N",
                title=None,
                sort=[words.answered, words.waiting],
                scale=alt.Scale(
                    domain=[words.answered, words.waiting], range=[colours["answered"], colours["waiting"]]
                ),
                legend=alt.Legend(orient="top", direction="horizontal"),
            ),
            order="order:Q",
        )
        .properties(width=WIDTHS[size], height=_HEIGHT, background="transparent")
        .configure(font=_FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=colours["ink"],
            titleColor=colours["ink"],
            gridColor=colours["grid"],
            domainColor=colours["grid"],
            labelFontSize=13,
            titleFontSize=13,
        )
        .configure_legend(labelColor=colours["ink"], labelFontSize=14)
    )
    svg: str = vl_convert.vegalite_to_svg(chart.to_json())
    return svg
