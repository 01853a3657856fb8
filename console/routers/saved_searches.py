"""Kept searches: the list, a feed of each, and one step from a search to a rule."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from alerts.new_rules import SearchRuleType
from console.feeds import feed_response, feed_version
from console.saved_searches import keep_search, newest_posts
from console.security import CSRF_FIELD
from console.view import CurrentView, link
from records.query import SortOrder
from storage.saved_searches import SavedSearch

router = APIRouter(prefix="/searches")

Token = Annotated[str, Form(alias=CSRF_FIELD)]


@router.get("")
def listing(view: CurrentView, kept: str = "") -> Response:
    """The kept searches, newest first; `kept` names what was just made."""
    return view.page(
        "searches.html",
        searches=view.services.database.saved_searches.list(),
        rule_types=list(SearchRuleType),
        kept=kept,
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


@router.get("/{name}/feed.rss")
def feed(view: CurrentView, name: str) -> Response:
    """The newest hits as an RSS feed: title, date and the page here; 304 where the reader has them."""
    search = view.services.database.saved_searches.get(name)
    posts = newest_posts(view.services, search)
    base = str(view.request.base_url).rstrip("/")
    body = view.render("feed.rss", search=search, posts=posts, base=base)
    # A post asked long ago may come in today: its time is when it was fetched.
    version = feed_version(body, [search.created_at, *(post.fetched_at for post in posts)])
    response = feed_response(body, version, view.request.headers)
    if response.status_code == 200:
        view.note("read_feed", search.name, f"{len(posts)} posts")
    return response
