"""A real HTTP receiver that behaves as chat services do on bad days."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Sooner than the senders give up.
LATE_S = 0.1


class Receiver(ThreadingHTTPServer):
    """`mood`: ok | late | error (500) | refused (200 with an error body) | hang | drop (takes it, hangs up).

    Where there are `moods`, each request meets the next of them; `met` are those met.
    `got` are the bodies that came, as JSON; `signed` the headers and bodies as they came.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mood = "ok"
        self.moods: Iterator[str] | None = None
        self.met: list[str] = []
        self._turns = threading.Lock()
        self.got: list[dict[str, Any]] = []
        self.signed: list[tuple[dict[str, str], bytes]] = []
        self.release = threading.Event()

    def meet(self, headers: dict[str, str], body: bytes) -> str:
        """Take the request down; return the mood it met."""
        with self._turns:
            self.got.append(json.loads(body))
            self.signed.append((headers, body))
            self.met.append(next(self.moods) if self.moods is not None else self.mood)
            return self.met[-1]

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_address[1]}/hook/tokensecret42?cto=1&rto=0.4"

    @property
    def webhook(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook/tokensecret42"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        mood = self.server.meet(dict(self.headers), body)
        if mood == "late":
            time.sleep(LATE_S)
        if mood == "hang":
            self.server.release.wait(20)
        if mood in ("hang", "drop"):
            self.close_connection = True
            return
        answer = b'{"errcode": 310000, "errmsg": "keywords not in content"}' if mood == "refused" else b"{}"
        self.send_response(500 if mood == "error" else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
