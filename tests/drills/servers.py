"""Handles on servers that are to be hurt, and a way to a server that can be cut."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import ElasticsearchNode, free_port, postgresql

_BUFFER = 1 << 16


class PostgresqlServer:
    """A PostgreSQL of our own at `url`."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self._folder = folder

    def restart(self, mode: str) -> None:
        """Restart it: `fast` in order, `immediate` as after a crash. Returns when it answers again."""
        self._control("restart", mode, "-w", "-l", str(self._folder / "restarted.log"))

    def stop(self) -> None:
        self._control("stop", "fast")

    def _control(self, action: str, mode: str, *options: str) -> None:
        program = max(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
        command = [str(program), action, "-D", str(self._folder / "postgresql"), "-m", mode, *options]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        # Its output is no pipe: the server that it starts would hold it open.
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextmanager
def restartable_postgresql(folder: Path) -> Iterator[PostgresqlServer]:
    with postgresql(folder) as url:
        server = PostgresqlServer(url, folder)
        try:
            yield server
        finally:
            server.stop()


class Node:
    """An Elasticsearch that goes away by kill -9."""

    def __init__(self, node: ElasticsearchNode) -> None:
        self._node = node

    def go_away(self) -> None:
        self._node.kill()

    def come_back(self) -> None:
        self._node.start()
        self._node.wait()


class Gate:
    """A way to a server, at `url`, that is cut and opened again: for the client the server goes away."""

    def __init__(self, target_url: str) -> None:
        host, _, port = target_url.rpartition("/")[2].partition(":")
        self._target = (host, int(port))
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._listening: socket.socket | None = None
        self._through: set[socket.socket] = set()

    def come_back(self) -> None:
        """Let requests through."""
        self._listening = socket.create_server(("127.0.0.1", self._port))
        threading.Thread(target=self._let_in, args=(self._listening,), daemon=True).start()

    def go_away(self) -> None:
        """Refuse connections, and break those that are open."""
        if self._listening is not None:
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
        for one in list(self._through):
            _break(one)

    def _let_in(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                server = socket.create_connection(self._target)
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        self._through.add(one)
        with contextlib.suppress(OSError):
            while data := one.recv(_BUFFER):
                other.sendall(data)
        self._through.discard(one)
        for end in (one, other):
            _break(end)


def _break(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
