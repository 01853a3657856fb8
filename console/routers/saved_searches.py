"""Kept searches: the list, a feed of each, and one step from a search to a rule."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from alerts.durations import parse_duration
from alerts.new_rules import SearchRule, SearchRuleType, add_search_rule
from console.saved_searches import feed_version, keep_search, newest_posts
from console.security import CSRF_FIELD
from console.view import CurrentView, link
from records.errors import Rejected
from records.query import SortOrder
from storage.saved_searches import SavedSearch

router = APIRouter(prefix="/searches")

Token = Annotated[str, Form(alias=CSRF_FIELD)]


@router.get("")
def listing(view: CurrentView, kept: str = "", rule: str = "") -> Response:
    """The kept searches, newest first; `kept` or `rule` names what was just made."""
    return view.page(
        "searches.html",
        searches=view.services.database.saved_searches.list(),
        rule_types=list(SearchRuleType),
        kept=kept,
        rule=rule,
    )


@router.post("")
def keep(
    view: CurrentView,
    name: Annotated[str, Form()],
    query: Annotated[str, Form()] = "",
    sort: Annotated[SortOrder, Form()] = SortOrder.NEWEST,
    form_token: Token = "",
) -> Response:
    """Keep a search under a name."""
    view.frame.guard.check(view.request, form_token)
    services = view.services
    search = SavedSearch(name=name.strip(), query=query.strip(), sort=sort, created_at=view.now)
    keep_search(services.database, search, zone=services.zone, segment=services.segment)
    view.note("keep_search", search.name, search.query)
    return RedirectResponse(link("/searches", kept=search.name), status_code=303)


@router.post("/{name}/forget")
def forget(view: CurrentView, name: str, form_token: Token = "") -> Response:
    """Forget a kept search; rules made of it stay."""
    view.frame.guard.check(view.request, form_token)
    view.services.database.saved_searches.delete(name)
    view.note("delete_search", name)
    return RedirectResponse("/searches", status_code=303)


@router.post("/{name}/rule")
def make_rule(
    view: CurrentView,
    name: str,
    type: Annotated[SearchRuleType, Form()] = SearchRuleType.ANY,
    timeframe: Annotated[str, Form()] = "24h",
    num_events: Annotated[int, Form(ge=1)] = 3,
    form_token: Token = "",
) -> Response:
    """Write a rule of the search's name; the next round of the rules runs it."""
    view.frame.guard.check(view.request, form_token)
    search = view.services.database.saved_searches.get(name)
    try:
        length = parse_duration(timeframe)
    except ValueError as err:
        raise Rejected("bad_parameter", f"timeframe: {err}") from err
    rule = SearchRule(
        name=search.name, query=search.query, type=type, timeframe=length, num_events=num_events
    )
    path = add_search_rule(view.services.rules_dir, rule)
    view.note("make_rule", search.name, path.name)
    return RedirectResponse(link("/searches", rule=search.name), status_code=303)


@router.get("/{name}/feed.rss")
def feed(view: CurrentView, name: str) -> Response:
    """The newest hits as an RSS feed: title, date and the page here; 304 where the reader has them."""
    search = view.services.database.saved_searches.get(name)
    posts = newest_posts(view.services, search)
    base = str(view.request.base_url).rstrip("/")
    body = view.render("feed.rss", search=search, posts=posts, base=base)
    version = feed_version(body, search, posts)
    if version.is_known(view.request.headers):
        return Response(status_code=304, headers=version.headers)
    view.note("read_feed", search.name, f"{len(posts)} posts")
    return Response(body, media_type="application/rss+xml; charset=utf-8", headers=version.headers)
