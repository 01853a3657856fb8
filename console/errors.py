"""What is answered when something is wrong: a page, or for the API {"error": {"code", "message", …}}."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from console.security import secure
from console.view import view_of
from records.errors import Rejected, Retryable
from storage.query import QueryError


def _(message: str) -> str:
    return message


# A node that was lost is back or replaced about then.
RETRY_AFTER_S = 30

_HEADINGS = {
    HTTPStatus.BAD_REQUEST: _("这个请求读不懂"),
    HTTPStatus.FORBIDDEN: _("表单已过期，请返回后刷新页面再试"),
    HTTPStatus.NOT_FOUND: _("没有找到这一页"),
    HTTPStatus.METHOD_NOT_ALLOWED: _("这个地址不能这样访问"),
    HTTPStatus.SERVICE_UNAVAILABLE: _("检索引擎或数据库现在没有回答，请稍后再试；不靠检索的页面照常可用"),
    HTTPStatus.INTERNAL_SERVER_ERROR: _("控制台出错了，详情见日志"),
}


async def rejected(request: Request, error: Rejected) -> Response:
    """Answer a Rejected: 404 for what is not stored, 403 for a foreign form, else 400."""
    if isinstance(error, QueryError):
        status = HTTPStatus.BAD_REQUEST
        return await _answer(request, status, error.code, str(error), position=error.position)
    if error.code.startswith("unknown_"):
        return await _answer(request, HTTPStatus.NOT_FOUND, error.code, str(error))
    status = HTTPStatus.FORBIDDEN if error.code == "bad_form" else HTTPStatus.BAD_REQUEST
    return await _answer(request, status, error.code, str(error))


async def invalid(request: Request, error: RequestValidationError) -> Response:
    """Answer a request whose parameters are wrong: 400, naming the first one."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"][1:])
    message = f'parameter "{name}": "{str(first.get("input"))[:80]}": {first["msg"]}'
    return await _answer(request, HTTPStatus.BAD_REQUEST, "bad_parameter", message)


async def refused(request: Request, error: HTTPException) -> Response:
    """Answer what routing refuses: unknown addresses, wrong methods."""
    status = HTTPStatus(error.status_code)
    return await _answer(request, status, status.phrase.lower().replace(" ", "_"), str(error.detail))


async def unavailable(request: Request, error: Retryable) -> Response:
    """Answer what the database or the search engine cannot give now: 503, and when to ask again."""
    status = HTTPStatus.SERVICE_UNAVAILABLE
    response = await _answer(request, status, "unavailable", str(error))
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


async def failed(request: Request, _error: Exception) -> Response:
    """Answer a defect of ours without its innards; the server logs the traceback."""
    response = await _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "")
    # This answer is made outside the middleware that adds the headers.
    secure(response.headers)
    return response


async def _answer(request: Request, status: HTTPStatus, code: str, message: str, **more: Any) -> Response:
    if request.url.path.startswith(("/api/", "/healthz")):
        return JSONResponse({"error": {"code": code, "message": message, **more}}, status_code=status)
    view = await view_of(request)
    detail = "" if message == status.phrase else message
    heading = _HEADINGS.get(status, _HEADINGS[HTTPStatus.BAD_REQUEST])
    return view.page(
        "error.html", status=status, heading=view.gettext(heading), code=int(status), detail=detail
    )
