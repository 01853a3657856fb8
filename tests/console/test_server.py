"""The console behind a real server, spoken to over a real socket."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection

import uvicorn

from console.services import Services
from console.web import create_app


def test_pages_come_over_a_real_socket(fresh_town: Services) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(create_app(fresh_town), log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            status, body = _get(port, "/healthz")
            health = json.loads(body)
            assert (status, health["posts"], health["indexed"], health["index_lag"]) == (200, 60, 60, 0)
            assert _get(port, "/posts/board/odd%20id%3Fa%3D1%26b%3D%252F")[0] == 200
            assert _get(port, "/posts/../../etc/passwd")[0] == 404
            assert _get(port, "/static/../web.py")[0] == 404
            status, body = _get(port, "/search/export.jsonl")
            assert (status, len(body.splitlines())) == (200, 60)
        finally:
            server.should_exit = True
            thread.join()


def test_the_first_page_does_not_load_the_charts() -> None:
    code = (
        "import sys, tempfile, pathlib\n"
        "from starlette.testclient import TestClient\n"
        "from console.web import create_app\n"
        "from tests.console.town import build_services\n"
        "services = build_services(pathlib.Path(tempfile.mkdtemp()))\n"
        "page = TestClient(create_app(services), base_url='http://localhost').get('/')\n"
        "assert page.status_code == 200 and 'trend.svg' in page.text\n"
        "assert 'altair' not in sys.modules and 'vl_convert' not in sys.modules\n"
        "services.index.close(); services.database.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _get(port: int, path: str) -> tuple[int, bytes]:
    for _ in range(100):
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except ConnectionRefusedError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise AssertionError("the server did not come up")
