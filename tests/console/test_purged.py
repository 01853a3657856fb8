"""What retention deleted is named as such on every page; what is counted stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from console.services import Services
from records.post import Channel
from storage.indexer import drain
from tests.console.conftest import browser, open_town
from tests.console.town_cases import WAGES, WATER, WATER_ALERT
from tests.console.town_posts import EDITED, NOW

PURGED = "文本已按期删除"


@pytest.fixture(scope="module")
def purged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A town of which every message of the inbox is past its retention."""
    with open_town(_folder(tmp_path_factory)) as services:
        services.database.purge(Channel.INBOX, before=NOW, now=NOW)
        drain(services.database, services.index, segment=services.segment)
        yield services


def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("purged")


@pytest.mark.parametrize(
    ("language", "said", "more"),
    [
        ("zh", PURGED, "时间、地点、主题和办理情况留着"),
        ("en", "Text deleted as scheduled", "time, place, topic and outcome stay"),
    ],
)
def test_pages_say_that_the_text_is_deleted(purged: Services, language: str, said: str, more: str) -> None:
    client = browser(purged, **{"Accept-Language": language})
    post = client.get(f"/posts/{EDITED}").text
    assert f"<bdi>{said}</bdi>" in post
    assert more in post
    # Title of the page, heading, the reply and the problem.
    assert post.count(said) == 4
    for path in (f"/problems/{WATER}", "/problems", "/", f"/alerts/{WATER_ALERT}"):
        assert said in client.get(path).text, path
    assert f"<bdi>{said}</bdi>" in client.get("/search?channel=inbox").text


def test_what_is_counted_stays(purged: Services) -> None:
    client = browser(purged)
    post = client.get(f"/posts/{EDITED}").text
    for kept in ("清河市", "已办理", "市城市管理局", "城乡建设"):
        assert kept in post
    assert "<b>6</b> 件来件" in client.get(f"/problems/{WATER}").text


def test_what_is_not_yet_due_is_shown_as_ever(purged: Services) -> None:
    page = browser(purged).get(f"/problems/{WAGES}").text
    assert "工地拖欠工资半年" in page
    assert PURGED not in page


def test_exports_of_deleted_texts_hold_the_rest(purged: Services) -> None:
    client: TestClient = browser(purged)
    lines = client.get("/search/export.csv?channel=inbox").text.splitlines()
    assert len(lines) == 58
    assert "board/hole-1" in "".join(lines)
