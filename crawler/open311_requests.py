"""Service requests of Open311 (GeoReport v2), JSON or XML, as posts. Pure."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from lxml import etree

from crawler.extraction import read_date, tidy
from crawler.source import Open311Source
from crawler.tally import Quarantined
from records.post import Post, Reply

# All that is read. Address, position, picture and whatever names a person is not, even where it is offered.
READ = (
    "service_request_id",
    "service_name",
    "description",
    "status",
    "status_notes",
    "agency_responsible",
    "requested_datetime",
    "updated_datetime",
)


def read_requests(body: bytes, text: str) -> list[dict[str, str]]:
    """Return the requests of a response, each with the fields of READ that it has.

    Entities are not expanded and nothing is fetched. Raises Quarantined("not_open311") for anything else.
    """
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return _read_xml(body)
    try:
        found = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as err:
        raise Quarantined("not_open311", "neither JSON nor XML") from err
    if not isinstance(found, list):
        raise Quarantined("not_open311", "no list of requests")
    return [{name: _plain(one.get(name)) for name in READ} for one in found if isinstance(one, dict)]


def _read_xml(body: bytes) -> list[dict[str, str]]:
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as err:
        raise Quarantined("not_open311", "broken XML") from err
    if root.tag != "service_requests":
        raise Quarantined("not_open311", "XML without service_requests")
    return [{name: _plain(one.findtext(name)) for name in READ} for one in root.iterfind("request")]


def _plain(value: Any) -> str:
    return tidy(str(value)) if isinstance(value, str | int) else ""


def request_post(request: dict[str, str], *, source: Open311Source, now: datetime) -> Post:
    """Return the request as a post, unmasked; its status notes are the reply.

    Raises Rejected (no_date, bad_date). A request without a description has its kind of service as text.
    """
    return Post(
        source=source.name,
        channel=source.channel,
        native_id=request["service_request_id"],
        url=source.public_url.replace("{id}", request["service_request_id"]) if source.public_url else None,
        title=request["service_name"],
        text=request["description"] or request["service_name"],
        asked_at=read_date(request["requested_datetime"], formats=source.date_formats, zone=source.zone_info),
        fetched_at=now,
        addressed_to=request["agency_responsible"] or source.department,
        place=source.place,
        status=request["status"] or None,
        replies=_replies(request, source),
    )


def _replies(request: dict[str, str], source: Open311Source) -> tuple[Reply, ...]:
    notes, updated = request["status_notes"], request["updated_datetime"]
    if not notes:
        return ()
    zone = source.zone_info
    replied_at = read_date(updated, formats=source.date_formats, zone=zone) if updated else None
    return (Reply(text=notes, department=request["agency_responsible"] or None, replied_at=replied_at),)
