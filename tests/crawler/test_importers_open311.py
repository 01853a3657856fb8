"""Request lists of Open311, JSON and XML, without their persons."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from crawler.importers import describe_export
from records.errors import ConfigurationError
from tests.crawler.crawling import ZONE
from tests.crawler.exports import read

REQUEST = {
    "service_request_id": "638344",
    "status": "closed",
    "status_notes": "已修复。",
    "service_name": "路灯",
    "description": "路灯坏了，电话13912345678。",
    "agency_responsible": "城管局",
    "requested_datetime": "2026-11-01T09:30:00+08:00",
    "updated_datetime": "2026-11-03T10:00:00+08:00",
    "address": "滨河路8号3栋2单元501室",
    "lat": "37.76",
    "long": "-122.42",
    "media_url": "https://example.org/a.jpg",
    "first_name": "三丰",
    "last_name": "张",
    "email": "a@example.org",
    "phone": "13912345678",
    "device_id": "dev77",
    "account_id": "acc88",
}


def write_open311(folder: Path, kind: str, requests: Sequence[dict[str, str]]) -> Path:
    path = folder / f"requests.{kind}"
    if kind == "json":
        path.write_text(json.dumps(requests, ensure_ascii=False, indent=1), "utf-8")
        return path
    body = "".join(
        "<request>" + "".join(f"<{key}>{value}</{key}>" for key, value in request.items()) + "</request>"
        for request in requests
    )
    path.write_text(f'<?xml version="1.0"?><service_requests>{body}</service_requests>', "utf-8")
    return path


@pytest.mark.parametrize("kind", ["json", "xml"])
def test_an_open311_list_without_its_persons(tmp_path: Path, kind: str) -> None:
    undated = {**REQUEST, "service_request_id": "2", "requested_datetime": ""}
    path = write_open311(tmp_path, kind, [REQUEST, undated])
    (table,) = describe_export(path).tables
    assert {"address", "lat", "long", "media_url", "first_name", "last_name", "email", "phone"} <= set(
        table.columns.personal
    )
    assert {"device_id", "account_id"} <= set(table.columns.personal)
    (post,), rejected = read(path)
    assert (post.native_id, post.title, post.addressed_to) == ("638344", "路灯", "城管局")
    assert post.asked_at == datetime(2026, 11, 1, 9, 30, tzinfo=ZONE)
    assert post.replies[0].text == "已修复。"
    assert [(row.row, row.code) for row in rejected] == [(2, "no_date")]
    kept = str(post) + str(rejected)
    assert not [word for word in ("139123", "501", "37.76", "三丰", "a@", "dev77", "acc88") if word in kept]
    for header in ("email", "device_id", "lat"):
        with pytest.raises(ConfigurationError, match="names a person and is never read"):
            describe_export(
                path, mapping={"text": "description", "asked_at": "requested_datetime", "place": header}
            )


def test_a_long_json_list_is_read_across_its_pieces(tmp_path: Path) -> None:
    requests = [{**REQUEST, "service_request_id": str(n), "description": "路灯" * 2000} for n in range(600)]
    posts, rejected = read(write_open311(tmp_path, "json", requests))
    assert ([post.native_id for post in posts], rejected) == ([str(n) for n in range(600)], [])


def test_entities_of_xml_are_not_expanded(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("秘密", "utf-8")
    path = tmp_path / "requests.xml"
    path.write_text(
        f'<!DOCTYPE r [<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}">]><r><request>'
        "<description>停水了&x;</description><requested_datetime>2026-11-01</requested_datetime>"
        "</request></r>",
        "utf-8",
    )
    posts, _ = read(path)
    assert [post.text for post in posts] == ["停水了"]
