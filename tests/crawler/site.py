"""A local web site that behaves as awkwardly as real ones: each path has a page or a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Page:
    """One answer. `etag` and `modified` are honoured: a request that names them gets 304."""

    body: bytes = b""
    status: int = 200
    content_type: str = HTML
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    modified: str | None = None


Answer = Page | Callable[["Handler"], Page | None]


def html(text: str, *, encoding: str = "utf-8", **options: object) -> Page:
    """Return a page of `text`, in `encoding`."""
    return Page(body=text.encode(encoding), **options)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.requests.append((self.path, dict(self.headers)))
        answer = self.server.pages.get(self.path) or self.server.pages.get(self.path.split("?")[0])
        page = answer(self) if callable(answer) else answer
        if answer is not None and page is None:
            return  # the function has answered, or broken off, by itself
        self.send(page or Page(status=404, body="没有此页".encode()))

    def send(self, page: Page) -> None:
        known = (page.etag and self.headers["If-None-Match"] == page.etag) or (
            page.modified and self.headers["If-Modified-Since"] == page.modified
        )
        body = b"" if known else page.body
        self.send_response(304 if known else page.status)
        validators = {"ETag": page.etag, "Last-Modified": page.modified}
        for name, value in {**page.headers, **validators, "Content-Type": page.content_type}.items():
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Quiet: `requests` has them."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), Handler)
        self.pages: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """A crawler that hangs up on a huge or slow page is what these tests are about."""


class Site:
    """`with Site() as site: site.pages["/list"] = html("…")`; `site.url` has no slash at its end.

    At the address 0.0.0.0 it is every host from 127.0.0.1 to 127.255.255.254.
    """

    def __init__(self, address: str = "127.0.0.1") -> None:
        self._server = _Server(address)
        self.pages = self._server.pages
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def requests(self) -> list[tuple[str, dict[str, str]]]:
        """(path, headers) of the requests so far, without robots.txt."""
        return [request for request in self._server.requests if request[0] != "/robots.txt"]

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def forget_requests(self) -> None:
        self._server.requests.clear()

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
