"""What keeps a reader's browser safe, with success and failure side by side."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from console.i18n import LANGUAGES
from console.security import CSRF_COOKIE, CSRF_FIELD, form_key
from console.services import Services
from console.web import check_address, create_app
from records.alert import AlertState
from records.errors import ConfigurationError
from storage.database import Database
from tests.console.conftest import browser
from tests.console.reading import read_page
from tests.console.town_cases import WATER_ALERT
from tests.console.town_posts import HOSTILE

PATHS = (
    "/",
    "/search?q=停水",
    "/nowhere",
    "/static/huiying.css",
    "/healthz",
    "/charts/trend.svg?day=2026-03-20",
)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_secured(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_a_defect_is_a_500_page_without_innards_and_secured(town: Services) -> None:
    app = create_app(town)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the secret innards")

    page = TestClient(app, base_url="http://localhost", raise_server_exceptions=False).get("/broken")
    assert page.status_code == 500
    assert "innards" not in page.text
    assert "content-security-policy" in page.headers


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8731", "[::1]:8731", "LOCALHOST:1"])
def test_loopback_names_are_served(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8731", ""]
)
def test_a_foreign_name_for_this_address_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1", "[::1]", "localhost"])
def test_loopback_addresses_can_be_listened_on(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "::", "192.168.1.5", "", "example.org", "localhost.example.org"]
)
def test_any_other_address_is_refused_with_the_fix(address: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f'"{address}"') + r".*use 127\.0\.0\.1"):
        check_address(address)


@pytest.mark.parametrize(
    "path",
    [f"/posts/{HOSTILE}", "/search?q=井盖", "/search?q=<script>alert(1)</script>", '/search?q="><b onx=1>'],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_text_is_only_text(client: TestClient, path: str, language: str) -> None:
    page = client.get(path, headers={"Accept-Language": language}).text
    found = read_page(page)
    assert found.blocked == []
    assert "x" not in found.addresses
    if "井盖" in page:
        assert "{{ 7*7 }}" in found.text
        assert "<script>alert(" in found.text.replace('"', "")


def test_marks_that_reorder_text_are_neutralised(client: TestClient) -> None:
    for path in (f"/posts/{HOSTILE}", "/search?q=井盖", "/"):
        page = client.get(path).text
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u200b\x07]", page), path
    assert "\ufffdgnp.exe" in client.get(f"/posts/{HOSTILE}").text


def test_a_form_of_our_own_page_changes_the_alert(fresh_town: Services) -> None:
    client = browser(fresh_town)
    token = _token(client)
    answer = client.post(
        f"/alerts/{WATER_ALERT}", data={"state": "acknowledged", CSRF_FIELD: token}, follow_redirects=False
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/alerts?state=active&done=acknowledged"
    alert = fresh_town.database.alerts.get(WATER_ALERT)
    assert alert is not None
    assert alert.state is AlertState.ACKNOWLEDGED
    rows = fresh_town.database.audit.list(subject=WATER_ALERT)
    assert [(row.action, row.detail) for row in rows] == [("alert_state", "active → acknowledged")]
    assert "已改为“已确认”" in client.get(answer.headers["location"]).text


def test_a_form_of_one_console_can_be_sent_to_another(fresh_town: Services) -> None:
    shown_by, sent_to = browser(fresh_town), browser(fresh_town)
    token = _token(shown_by)
    sent_to.cookies = shown_by.cookies
    answer = sent_to.post(f"/alerts/{WATER_ALERT}", data={"state": "resolved", CSRF_FIELD: token})
    assert answer.status_code == 200
    alert = fresh_town.database.alerts.get(WATER_ALERT)
    assert alert is not None
    assert alert.state is AlertState.RESOLVED


def test_consoles_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'truth.sqlite'}"
    Database.open(url).close()

    def start(_: int) -> bytes:
        with Database.open(url) as database:
            return form_key(database)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(start, range(4)))) == 1


@pytest.mark.parametrize("how", ["no token", "foreign token", "no cookie", "foreign origin", "foreign site"])
def test_a_form_from_elsewhere_changes_nothing(fresh_town: Services, how: str) -> None:
    client = browser(fresh_town)
    token = _token(client)
    headers = {}
    match how:
        case "no token":
            token = ""
        case "foreign token":
            token = _token(browser(fresh_town))
        case "no cookie":
            client.cookies.clear()
        case "foreign origin":
            headers = {"Origin": "http://127.0.0.1:9999"}
        case "foreign site":
            headers = {"Sec-Fetch-Site": "cross-site"}
    for path, data in ((f"/alerts/{WATER_ALERT}", {"state": "resolved"}), ("/briefings/1/approve", {})):
        answer = client.post(path, data={**data, CSRF_FIELD: token}, headers=headers, follow_redirects=False)
        assert answer.status_code == 403
    alert = fresh_town.database.alerts.get(WATER_ALERT)
    snapshot = fresh_town.database.snapshots.get(1)
    assert alert is not None
    assert alert.state is AlertState.ACTIVE
    assert snapshot is not None
    assert snapshot.approved_at is None


def test_an_unknown_state_is_refused(fresh_town: Services) -> None:
    client = browser(fresh_town)
    token = _token(client)
    answer = client.post(f"/alerts/{WATER_ALERT}", data={"state": "deleted", CSRF_FIELD: token})
    assert answer.status_code == 400


def test_cookies_are_out_of_reach_of_scripts(client: TestClient) -> None:
    cookies = client.get("/?lang=en").headers.get_list("set-cookie")
    assert len(cookies) == 2
    assert all("HttpOnly" in cookie and "SameSite" in cookie for cookie in cookies)


def test_looking_never_changes_anything(fresh_town: Services) -> None:
    client = browser(fresh_town)
    assert client.get("/briefings/1/approve").status_code == 405
    before = fresh_town.database.alerts.list()
    client.get(f"/alerts/{WATER_ALERT}?state=resolved")
    assert fresh_town.database.alerts.list() == before


def _token(client: TestClient) -> str:
    page = client.get("/alerts").text
    found = re.search(rf'name="{CSRF_FIELD}" value="(\w+)"', page)
    assert found is not None
    assert CSRF_COOKIE in client.cookies
    return found[1]
