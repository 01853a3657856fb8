"""An HTTP proxy in front of Elasticsearch that counts what is asked of it. Not a benchmark.

It answers `GET /` itself, which ElastAlert2 asks for the version and the server build that tests run has not.
It is a process of its own, so that its work is nobody's processor time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Queue, get_context
from urllib.parse import urlsplit
from urllib.request import urlopen

# Last parts of the paths that look for something.
SEARCHES = ("_search", "_msearch", "_count", "scroll")
_ASKED = "/asked"


class CountingProxy:
    """The proxy at `url`, as who measures sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def asked(self) -> Counter[str]:
        """Return the last part of the path → how many requests, since this was called last."""
        with urlopen(self.url + _ASKED) as answer:
            return Counter(json.load(answer))


@contextmanager
def counting_proxy(server_url: str, *, version: str) -> Iterator[CountingProxy]:
    """Give a proxy in front of the server meanwhile, which says that it is of this version."""
    context = get_context("spawn")
    ports: Queue[int] = context.Queue()
    process = context.Process(target=_serve, args=(server_url, version, ports), daemon=True)
    process.start()
    try:
        yield CountingProxy(f"http://127.0.0.1:{ports.get(timeout=60)}")
    finally:
        process.terminate()
        process.join()


def _serve(server_url: str, version: str, ports: Queue[int]) -> None:
    asked: Counter[str] = Counter()

    class Handler(_Handler):
        pass

    Handler.upstream_host = str(urlsplit(server_url).netloc)
    Handler.banner = json.dumps({"version": {"number": version}}).encode()
    Handler.asked = asked
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    ports.put(server.server_port)
    server.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave together, at once.
    wbufsize = -1
    disable_nagle_algorithm = True
    upstream_host: str
    banner: bytes
    asked: Counter[str]

    def setup(self) -> None:
        super().setup()
        self._upstream = HTTPConnection(self.upstream_host)

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if path == "/":
            self._answer(200, self.banner)
        elif path == _ASKED:
            self._answer(200, json.dumps(self.asked).encode())
            self.asked.clear()
        else:
            self.asked[path.rpartition("/")[2]] += 1
            headers = {name: self.headers[name] for name in ("Content-Type", "Accept") if self.headers[name]}
            self._upstream.request(self.command, self.path, body=body or None, headers=headers)
            answer = self._upstream.getresponse()
            self._answer(answer.status, answer.read(), answer.getheader("Content-Type"))

    def _answer(self, status: int, body: bytes, kind: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-elastic-product", "Elasticsearch")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass_on  # noqa: N815  # named by the protocol

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of single requests."""
