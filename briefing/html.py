"""A frozen briefing as one HTML file that needs nothing else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from briefing import words
from briefing.chart import PHONE, SCREEN, trend_svg


def html_document(content: Mapping[str, Any]) -> str:
    """Return the page. The same content gives the same text."""
    environment = Environment(
        loader=PackageLoader("briefing"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    screen, phone = (
        b64encode(trend_svg(content["trend"], size).encode()).decode() for size in (SCREEN, PHONE)
    )
    return environment.get_template("briefing.html").render(
        content=content, words=words, screen=screen, phone=phone
    )
