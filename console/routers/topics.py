"""The public register of what is looked for in messages."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from console.view import CurrentView

router = APIRouter(prefix="/topics")


@router.get("")
def register(view: CurrentView) -> Response:
    """The topics, the classes suggested below each, and the installation's own as it defined them."""
    return view.page("topics.html", topics=view.services.topics())
