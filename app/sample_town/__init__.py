"""An invented town with a web site of its own: what `huiying demo` gathers."""

from __future__ import annotations

from importlib.resources import files

from app.sample_town.hotline import hotline_export


def demo_sources(base_url: str) -> str:
    """Return the catalogue (YAML) of the sample town's sources at `base_url`."""
    template = files("app.sample_town").joinpath("sources.yaml").read_text("utf-8")
    return template.replace("{base_url}", base_url.rstrip("/"))


__all__ = ["demo_sources", "hotline_export"]
