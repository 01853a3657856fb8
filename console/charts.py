"""Altair charts as SVG. Loaded with the first chart: importing costs 0.5 s, the first drawing 0.9 s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from console.figures import TrendBar

# The page's own colours (static/huiying.css), as an image cannot take them from there.
THEMES: Mapping[str, Mapping[str, str]] = {
    "light": {
        "ink": "#51565e",
        "grid": "#e4e0d6",
        "answered": "#2f7d74",
        "waiting": "#d98a2b",
        "both": "#8d949e",
        "gone": "#d98a2b",
        "new": "#2f7d74",
        "paper": "#fffefb",
    },
    "dark": {
        "ink": "#b3b8c0",
        "grid": "#30353d",
        "answered": "#5fb5aa",
        "waiting": "#e0a050",
        "both": "#7d8590",
        "gone": "#e0a050",
        "new": "#5fb5aa",
        "paper": "#1d2126",
    },
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One colour of the bars, by its name in THEMES, and how much of each bar it is."""

    name: str
    colour: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands above a picture that is looked at by itself; it has paper of its own then."""

    title: str
    lines: tuple[str, ...] = ()


def draw_trend(bars: tuple[TrendBar, ...], words: ChartWords, *, theme: str, size: str) -> str:
    """Return the SVG of one stacked bar a day: answered below, waiting above."""
    series = (
        Series(name=words.answered, colour="answered", counts=tuple(bar.answered for bar in bars)),
        Series(name=words.waiting, colour="waiting", counts=tuple(bar.waiting for bar in bars)),
    )
    return draw_bars(
        tuple(f"{bar.day:%m-%d}" for bar in bars), series, count=words.count, theme=theme, size=size
    )


@lru_cache(maxsize=_KEPT)
def draw_bars(
    labels: tuple[str, ...],
    series: tuple[Series, ...],
    *,
    count: str,
    theme: str,
    size: str,
    heading: Heading | None = None,
) -> str:
    """Return the SVG of stacked bars, one a label, the first series below. About 70 ms, then kept.

    `labels` differ from each other; `count` is written beside the axis.
    """
    import altair as alt
    import vl_convert

    colours = THEMES[theme]
    rows = [
        {"day": label, "count": number, "state": one.name, "order": order}
        for order, one in enumerate(series)
        for label, number in zip(labels, one.counts, strict=True)
    ]
    names = [one.name for one in series]
    tallest = max((sum(stacked) for stacked in zip(*(one.counts for one in series), strict=True)), default=1)
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(cornerRadius=1)
        .encode(
            x=alt.X(
                "day:O", title=None, axis=alt.Axis(labelOverlap=True, labelAngle=0, ticks=False), sort=None
            ),
            y=alt.Y("count:Q", title=count, axis=alt.Axis(tickMinStep=1, tickCount=min(4, tallest) or 1)),
            color=alt.Color(
                "state:N",
                title=None,
                sort=names,
                scale=alt.Scale(domain=names, range=[colours[one.colour] for one in series]),
                legend=alt.Legend(orient="top", direction="horizontal"),
            ),
            order="order:Q",
        )
        .properties(
            width=WIDTHS[size], height=_HEIGHT, background=colours["paper"] if heading else "transparent"
        )
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
    if heading is not None:
        chart = chart.properties(
            title=alt.TitleParams(
                heading.title, subtitle=list(heading.lines), anchor="start", color=colours["ink"],
                subtitleColor=colours["ink"], fontSize=16, subtitleFontSize=13, offset=12,
            ),
            padding=16,
        )  # fmt: skip
    svg: str = vl_convert.vegalite_to_svg(chart.to_json())
    return svg
