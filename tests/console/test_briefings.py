"""Briefings: framed safely, downloaded, approved once."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from base64 import b64encode

from starlette.testclient import TestClient

from console.embedding import document_policy
from console.security import CSRF_FIELD
from console.services import Services
from tests.console.conftest import browser


def test_the_document_may_only_use_its_own_style_sheet(client: TestClient) -> None:
    page = client.get("/briefings/1/document")
    policy = page.headers["content-security-policy"]
    style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)
    assert style is not None
    digest = b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert " style=" not in page.text
    assert "清河市民诉求" in page.text


def test_a_document_without_styles_may_use_none() -> None:
    assert "style-src 'none'" in document_policy("<p>no style</p>")


def test_the_download_is_a_word_document(client: TestClient) -> None:
    answer = client.get("/briefings/1/document.docx")
    assert 'filename="huiying-daily-2026-03-19.docx"' in answer.headers["content-disposition"]
    assert "word/document.xml" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()


def test_approving_is_noted_and_shown(fresh_town: Services) -> None:
    client = browser(fresh_town)
    found = re.search(rf'name="{CSRF_FIELD}" value="(\w+)"', client.get("/briefings/1").text)
    assert found is not None
    page = client.post("/briefings/1/approve", data={CSRF_FIELD: found[1]})
    assert page.status_code == 200
    assert "已审定" in page.text
    assert 'action="/briefings/1/approve"' not in page.text
    assert "approve_briefing" in [row.action for row in fresh_town.database.audit.list()]
