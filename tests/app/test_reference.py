from __future__ import annotations

from app.reference import DOCS, cli_page, settings_page


def test_the_settings_page_is_the_generated_one() -> None:
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == settings_page()


def test_the_command_page_is_the_generated_one() -> None:
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == cli_page()
