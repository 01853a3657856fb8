"""Readable in both themes: WCAG AA contrast of every text colour on every surface it stands on."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from console.charts import ChartWords, draw_trend
from console.figures import TrendBar
from tests.console.messages import CONSOLE
from tests.console.town_posts import TODAY

_SHEET = (CONSOLE / "static" / "huiying.css").read_text(encoding="utf-8")
_LIGHT, _DARK = re.findall(r":root \{(.*?)\}", _SHEET, re.DOTALL)[:2]
_PAIRS = [
    *[(text, surface) for text in ("ink", "soft", "accent", "bad") for surface in ("paper", "surface")],
    *[("ink", surface) for surface in ("sunken", "mark", "added", "removed", "bad-wash")],
    *[(name, f"{name}-wash") for name in ("accent", "warn", "bad", "good")],
    *[("soft", "sunken"), ("accent-ink", "accent"), ("surface", "bad"), ("warn", "surface")],
    *[(text, "bad-wash") for text in ("soft", "accent")],
]


@pytest.mark.parametrize("theme", [_LIGHT, _DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "surface"), _PAIRS)
def test_contrast_is_at_least_aa(theme: str, text: str, surface: str) -> None:
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", theme))
    lighter, darker = sorted((_luminance(colours[text]), _luminance(colours[surface])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path in [*CONSOLE.glob("static/*"), *CONSOLE.glob("templates/*.html")]:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"(src|href|url|import)\W{1,3}(https?:)?//", text), path.name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chart_is_an_image_without_inline_styles(client: TestClient, theme: str) -> None:
    answer = client.get("/charts/trend.svg", params={"day": str(TODAY), "theme": theme})
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "已答复" in answer.text
    assert not re.search(r"<style|<script|style=", answer.text)
    assert client.get("/charts/trend.svg?day=x").status_code == 400


def test_a_chart_of_the_same_numbers_is_drawn_once() -> None:
    words = ChartWords(answered="已答复", waiting="未答复", count="件数")
    bars = (TrendBar(day=TODAY, answered=1, waiting=2),)
    first = draw_trend(bars, words, theme="light", size="narrow")
    assert draw_trend(tuple(bars), words, theme="light", size="narrow") is first
    assert draw_trend(bars, words, theme="dark", size="narrow") != first


def _luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
