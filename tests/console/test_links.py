"""Every link, form and picture inside the console leads somewhere."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qsl, urlsplit

from starlette.testclient import TestClient

from console.services import Services
from tests.console.conftest import browser
from tests.console.reading import read_page

# Days, pages and combinations of facets are endless: so many links of one shape are followed.
MOST_OF_A_SHAPE = 3


def test_every_internal_link_answers_200(town: Services) -> None:
    client = browser(town)
    waiting, seen = ["/"], {"/"}
    shapes: Counter[tuple[str, int]] = Counter()
    while waiting:
        address = waiting.pop()
        page = client.get(address)
        assert page.status_code == 200, address
        if "text/html" not in page.headers["content-type"] or address.endswith("/document"):
            continue
        found = read_page(page.text)
        assert found.blocked == [], address
        assert found.fragments <= found.ids, address
        for link in found.addresses:
            assert link.startswith("/"), f"{address} links to {link}"
            shape = _shape(link)
            if link not in seen and shapes[shape] < MOST_OF_A_SHAPE:
                shapes[shape] += 1
                seen.add(link)
                waiting.append(link)
    for kind in (
        "/posts/",
        "/problems/",
        "/alerts/",
        "/sources/",
        "/briefings/",
        "/charts/",
        "/static/",
        "/search/export",
    ):
        assert any(address.startswith(kind) for address in seen), kind


def _shape(link: str) -> tuple[str, int]:
    """Return the first step of the path and how many parameters there are."""
    parts = urlsplit(link)
    return parts.path.split("/")[1], len({name for name, _ in parse_qsl(parts.query)})


def test_the_links_of_a_briefing_document_lead_somewhere(client: TestClient) -> None:
    found = read_page(client.get("/briefings/1/document").text)
    for link in found.addresses:
        assert link.startswith(("/", "data:")), link
        if link.startswith("/"):
            assert client.get(link).status_code == 200, link
