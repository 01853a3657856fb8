"""The sample town's web site: a real HTTP server on this machine's own address, in a thread."""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self, cast

from app.sample_town.pages import Page, Pages
from app.sample_town.town import Town

HOST = "127.0.0.1"


class TownSite:
    """Serves `town` as it stands at `as_of`, which may be moved while it runs.

    A context manager; the address is there from the start. `port` 0 takes a free one.
    Raises OSError where the port is in use.
    """

    def __init__(self, town: Town, as_of: datetime, port: int = 0) -> None:
        self.town = town
        self.as_of = as_of
        self._server = _Server((HOST, port), _Handler)
        self.base_url = f"http://{HOST}:{self._server.server_port}"
        self._pages = Pages(town, base_url=self.base_url)
        self._server.site = self
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving and let go of the port. May be called twice."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def page(self, address: str) -> Page:
        """Return what the site gives for a path and query now."""
        return self._pages.page(address, self.as_of)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    site: TownSite


class _Handler(BaseHTTPRequestHandler):
    server_version = "QingxiSample"
    sys_version = ""
    timeout = 10

    def do_GET(self) -> None:
        page = cast(_Server, self.server).site.page(self.path)
        if page.status == HTTPStatus.OK and self._is_known(page):
            self._send_head(page, HTTPStatus.NOT_MODIFIED)
            return
        self._send_head(page, page.status)
        if self.command != "HEAD":
            self.wfile.write(page.body)

    do_HEAD = do_GET  # noqa: N815  # the name that http.server looks for

    def _is_known(self, page: Page) -> bool:
        """Return whether the client has this very page: by ETag, else by time, as RFC 9110 13.2.2 says."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            return etag(page) in [tag.strip() for tag in tags.split(",")]
        since = self.headers.get("If-Modified-Since")
        if since is None:
            return False
        try:
            known_at = parsedate_to_datetime(since)
        except ValueError:
            return False
        return page.changed_at.replace(microsecond=0) <= known_at

    def _send_head(self, page: Page, status: int) -> None:
        self.send_response(status)
        if status == HTTPStatus.OK:
            self.send_header("ETag", etag(page))
            self.send_header("Last-Modified", format_datetime(page.changed_at.astimezone(UTC), usegmt=True))
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the demo's terminal belongs to the product."""


def etag(page: Page) -> str:
    """Return the page's entity tag."""
    return f'"{hashlib.sha256(page.body).hexdigest()[:20]}"'
