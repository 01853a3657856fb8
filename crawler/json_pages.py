"""Pages that are JSON, or carry it in a script, as what selectors of JSON look into."""

from __future__ import annotations

import json
import re

from parsel import Selector
from scrapy.http import TextResponse

from crawler.extraction import html_page, select
from crawler.tally import Quarantined

_OPENING = re.compile(r"[\[{]")


def json_page(response: TextResponse, state: str | None) -> Selector:
    """Return the JSON that the response is, or that the script which `state` selects holds.

    What stands before and after it (an assignment, a callback) is left out.
    Raises Quarantined("no_json") where there is none.
    """
    text = response.text if state is None else "".join(select(html_page(response), state).getall())
    opening = _OPENING.search(text)
    if opening is None:
        raise Quarantined("no_json", f'"{response.url}" has no JSON{_where(state)}')
    try:
        value, _ = json.JSONDecoder().raw_decode(text, opening.start())
    except (ValueError, RecursionError) as err:
        raise Quarantined("no_json", f'"{response.url}" has broken JSON{_where(state)}') from err
    return Selector(root=value, type="json")


def _where(state: str | None) -> str:
    return f' in what selectors.state "{state}" matches' if state else ""
