"""Why a page could not be fetched: Scrapy's many exceptions as our reason codes."""

from __future__ import annotations

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.internet import error as twisted_error

# After one of these the whole crawl stops: the site does not want us, and that is never worked around.
STOPPING = frozenset({"access_denied", "too_many_requests"})

EXPLANATIONS = {
    "access_denied": "the site denies access or asks for a log-in (ask its operator, or remove the source)",
    "too_many_requests": "the site asks to slow down (raise delay_s)",
    "robots_denied": "robots.txt forbids it (ask the site's operator, or remove the source)",
    "redirect_loop": "it redirects too often (check the address)",
    "too_large": "the page is larger than a page may be (check the address)",
    "timeout": "no answer in time (try again later)",
    "unknown_host": "its host is not found, or no public address (correct it; local: true for your own)",
    "connection_refused": "the connection is refused (try again later)",
    "connection_lost": "the connection broke off (try again later)",
    "download_failed": "the download failed (try again later)",
}


class RequestRefused(IgnoreRequest):
    """A request that we do not make. `code` is counted; the message names the address and the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def failure_code(err: BaseException) -> str:
    """Return the reason code of what a download ended with."""
    match err:
        case RequestRefused():
            return err.code
        case HttpError():
            return status_code(err.response.status)
        case IgnoreRequest():
            return _ignored(str(err))
        case DownloadTimeoutError() | twisted_error.TimeoutError():
            return "timeout"
        case CannotResolveHostError() | twisted_error.DNSLookupError():
            return "unknown_host"
        case DownloadConnectionRefusedError() | twisted_error.ConnectionRefusedError():
            return "connection_refused"
        case DownloadCancelledError():
            return "too_large"
        case ResponseDataLossError() | twisted_error.ConnectionLost() | twisted_error.ConnectionDone():
            return "connection_lost"
    return "download_failed"


def status_code(status: int) -> str:
    """Return the reason code of an HTTP status that is no success."""
    if status in (401, 403, 407, 451):
        return "access_denied"
    return "too_many_requests" if status == 429 else f"http_{status}"


def explain(code: str, err: BaseException) -> str:
    """Return what a person reads about a download that ended with `err`."""
    if isinstance(err, RequestRefused):
        return str(err)
    status = f"the site answers {code.removeprefix('http_')} (try again later, or check the address)"
    return EXPLANATIONS.get(code, status)


def _ignored(message: str) -> str:
    # Scrapy's middlewares raise bare IgnoreRequest with nothing but its text.
    if "robots.txt" in message:
        return "robots_denied"
    if "redirections" in message:
        return "redirect_loop"
    return "too_large" if "DOWNLOAD_MAXSIZE" in message else "download_failed"
