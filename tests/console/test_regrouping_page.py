"""The page of a problem splits, merges and undoes; old addresses lead on; other forms change nothing."""

from __future__ import annotations

import re

from starlette.testclient import TestClient

from console.services import Services
from tests.console.conftest import browser
from tests.console.town_cases import HOLE, WATER


def token(client: TestClient, path: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', client.get(path).text)
    assert found
    return found.group(1)


def send(client: TestClient, path: str, **values: object) -> str:
    """Send a form of the problem's page; return where it leads."""
    page = path.rpartition("/")[0]
    answer = client.post(path, data={"form_token": token(client, page), **values}, follow_redirects=False)
    assert answer.status_code == 303
    return answer.headers["location"]


def test_reports_are_split_off_and_put_back(fresh_town: Services) -> None:
    client, store = browser(fresh_town), fresh_town.database.problems
    before = store.get(WATER)
    assert before is not None
    chosen = [member.post_id for member in store.members(WATER)[:2]]
    assert client.get(f"/problems/{WATER}").text.count('type="checkbox"') == before.n_posts
    where = send(client, f"/problems/{WATER}/split", post_id=chosen)
    assert "拆出的来件已另成这个问题" in client.get(where).text
    new_id = where.removeprefix("/problems/").partition("?")[0]
    assert [member.post_id for member in store.members(new_id)] == chosen
    [decision] = store.decisions()
    page = client.get(f"/problems/{WATER}").text
    assert f"从 {WATER} 拆出 {new_id}，2 件" in page
    where = send(client, f"/problems/{WATER}/undo", number=decision.id)
    assert "号决定已撤销" in client.get(where).text
    after = store.get(WATER)
    assert after is not None
    assert (after.n_posts, store.get(new_id)) == (before.n_posts, None)
    actions = [entry.action for entry in fresh_town.database.audit.list(limit=9)]
    assert {"problem_split", "problem_undo"} <= set(actions)


def test_another_problem_is_merged_by_its_address_and_its_page_leads_on(fresh_town: Services) -> None:
    client = browser(fresh_town)
    where = send(client, f"/problems/{WATER}/merge", other=f"http://127.0.0.1/problems/{HOLE}?lang=zh")
    assert "两个问题已合并" in client.get(where).text
    old = client.get(f"/problems/{HOLE}", follow_redirects=False)
    assert (old.status_code, old.headers["location"]) == (303, f"/problems/{WATER}")
    assert client.get(f"/problems/{HOLE}?lang=en").text.count("merged into") == 1


def test_what_cannot_be_done_is_said_and_changes_nothing(fresh_town: Services) -> None:
    client = browser(fresh_town)
    form_token = token(client, f"/problems/{WATER}")
    for path, values in (("merge", {"other": "pnone"}), ("split", {}), ("undo", {"number": 7})):
        answer = client.post(f"/problems/{WATER}/{path}", data={"form_token": form_token, **values})
        assert answer.status_code in (400, 404, 409, 422)
    assert fresh_town.database.problems.decisions() == []


def test_without_our_own_form_nothing_is_decided(fresh_town: Services) -> None:
    client = browser(fresh_town)
    answer = client.post(f"/problems/{WATER}/merge", data={"other": HOLE, "form_token": "x"})
    assert answer.status_code in (400, 403, 422)
    assert fresh_town.database.problems.decisions() == []
