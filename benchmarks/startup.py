"""How long a person waits: for the sample town's console, for the first page after a crash, for the help.

Beside them a bare FastAPI page served by the same uvicorn.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

BARE = """
import sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
app.get("/")(lambda: "ready")
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""
PATIENCE_S = 300


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HUIYING_DATA_DIR": str(Path(folder) / "data")}
        port, town_port = _free_port(), _free_port()
        demo = [
            sys.executable,
            "-m",
            "app",
            "demo",
            "--no-browser",
            "--port",
            str(port),
            "--town-port",
            str(town_port),
        ]
        first_s = _until_it_answers(demo, port, environment)
        again_s = _until_it_answers(demo, port, environment)
        restart = [sys.executable, "-m", "app", "up", "--port", str(port)]
        restart_s = _until_it_answers(restart, port, environment)
    bare_port = _free_port()
    bare_s = _until_it_answers([sys.executable, "-c", BARE, str(bare_port)], bare_port, os.environ)
    start = time.monotonic()
    subprocess.run([sys.executable, "-m", "app", "--help"], check=True, stdout=subprocess.DEVNULL)
    help_s = time.monotonic() - start
    for what, seconds in (
        ("sample town, first time", first_s),
        ("sample town, killed and again", again_s),
        ("up, after kill -9", restart_s),
        ("a bare page of the same server", bare_s),
        ("--help", help_s),
    ):
        print(f"{what:32} {seconds:6.1f} s   ratio {seconds / bare_s:5.1f}")


def _until_it_answers(command: Sequence[str], port: int, environment: Mapping[str, str]) -> float:
    """Return the seconds from start to the first page; then kill -9 the process and what it started."""
    start = time.monotonic()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while time.monotonic() - start < PATIENCE_S:
            assert process.poll() is None, f"{command} ended with code {process.returncode}"
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
                    assert page.status == 200
                return time.monotonic() - start
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise TimeoutError(f"{command} did not answer in {PATIENCE_S} s")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
