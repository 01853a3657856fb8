"""The English catalogue is complete and nothing in it is stale; languages are chosen as readers expect."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from app.cli import build, translate_help
from console.i18n import catalogue_path, choose_language, read_catalogue, translations
from records.errors import ConfigurationError
from tests.console.messages import used_messages

_CHINESE = re.compile("[\u4e00-\u9fff]")
_PLACEHOLDER = re.compile(r"%\(\w+\)s")


def cli_messages() -> set[str]:
    """Return the Chinese help texts of the command line."""
    import typer

    found: set[str] = set()

    def note(text: str) -> str:
        found.add(text)
        return text

    translate_help(typer.main.get_command(build()), note)
    return {text for text in found if _CHINESE.search(text)}


def test_every_message_has_an_english_translation() -> None:
    catalogue = read_catalogue("en")
    missing = [
        message for message in used_messages() | cli_messages() if not _is_translated(catalogue.get(message))
    ]
    assert missing == []


def test_every_help_text_of_the_command_line_has_an_english_translation() -> None:
    catalogue = read_catalogue("en")
    missing = [message for message in cli_messages() if not _is_translated(catalogue.get(message))]
    assert missing == []


def test_no_translation_is_stale_or_fuzzy() -> None:
    catalogue = read_catalogue("en")
    ids = {_first(message.id): message for message in catalogue if message.id}
    assert set(ids) - used_messages() - cli_messages() == set()
    assert [message.id for message in catalogue if message.id and message.fuzzy] == []


def test_translations_keep_their_placeholders_and_are_english() -> None:
    for message in read_catalogue("en"):
        if not message.id:
            continue
        texts = [message.string] if isinstance(message.string, str) else list(message.string)
        for text in texts:
            assert sorted(_PLACEHOLDER.findall(text)) == sorted(_PLACEHOLDER.findall(_first(message.id)))
            # Examples of queries stay Chinese, as the messages are.
            assert not _CHINESE.search(text.replace("停水", "")), text


def test_english_pages_are_english(client: TestClient) -> None:
    page = client.get("/alerts", headers={"Accept-Language": "en"}).text
    assert "Quiet is not the same as well" in page
    assert "安静" not in page
    assert "1</b> independent report" in client.get("/problems/pwages?lang=en").text


def test_chinese_needs_no_catalogue() -> None:
    assert translations("zh").gettext("概览") == "概览"
    assert translations("en").gettext("概览") == "Overview"
    assert translations("en").gettext("没有译文的话") == "没有译文的话"


def test_a_missing_catalogue_is_said_in_one_line() -> None:
    with pytest.raises(ConfigurationError, match=re.escape(str(catalogue_path("eo"))) + ".*reinstall"):
        read_catalogue("eo")


@pytest.mark.parametrize(
    ("wishes", "accept", "chosen"),
    [
        ([None, None], "", "zh"),
        ([None, None], "de, fr;q=0.5", "zh"),
        ([None, None], "en-US,en;q=0.9,zh;q=0.8", "en"),
        ([None, None], "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ([None, None], "en;q=0, zh;q=0.1", "zh"),
        ([None, None], "en;q=high", "zh"),
        (["en", "zh"], "zh", "en"),
        (["xx", "en"], "zh", "en"),
    ],
)
def test_the_language_is_chosen_by_wish_then_browser(
    wishes: list[str | None], accept: str, chosen: str
) -> None:
    assert choose_language(wishes, accept) == chosen


def test_a_chosen_language_is_remembered(client: TestClient) -> None:
    assert "<h1>Alerts</h1>" in client.get("/alerts?lang=en").text
    assert "<h1>Alerts</h1>" in client.get("/alerts").text
    assert "<h1>预警</h1>" in client.get("/alerts?lang=zh").text


def _is_translated(message: object) -> bool:
    string = getattr(message, "string", "")
    return bool(string) if isinstance(string, str) else all(string)


def _first(message_id: object) -> str:
    return message_id if isinstance(message_id, str) else message_id[0]  # type: ignore[index]  # a plural's pair
