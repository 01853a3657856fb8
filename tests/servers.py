"""Real servers on loopback, in a scratch folder: PostgreSQL from Debian, Elasticsearch from Maven Central.

`python -m tests.servers` starts both, prints their URLs and stops them at Ctrl-C. Neither is needed for the
embedded default. Started by root, each runs as a system user of its own, which both servers insist on.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ELASTICSEARCH_VERSION = "8.19.14"
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{ELASTICSEARCH_VERSION}:zip"
COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
# The first answer comes after 8-12 s on two cores; a busy machine takes several times that.
START_TIMEOUT_S = 180
HEAP = "512m"


class ServerError(RuntimeError):
    """A server cannot be had on this machine; the message says what is missing."""


def free_port() -> int:
    """Return a port of the loopback address that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL with an empty cluster below `folder`; give its SQLAlchemy URL."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not programs:
        raise ServerError("PostgreSQL is not installed (apt-get install postgresql)")
    initdb, postgres = programs[-1] / "initdb", programs[-1] / "postgres"
    cluster, port = folder / "postgresql", free_port()
    user = _system_user("postgres")
    _hand_over(folder, user)
    _run(
        [initdb, "-D", cluster, "-U", "huiying", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"], user
    )
    command = [postgres, "-D", cluster, "-h", "127.0.0.1", "-p", port, "-k", folder, "-c", "fsync=on"]
    with _running(command, user, folder / "postgresql.log", signal.SIGINT) as server:
        _wait_for_port(port, server, folder / "postgresql.log")
        yield f"postgresql+psycopg://huiying@127.0.0.1:{port}/postgres"


@contextmanager
def elasticsearch(folder: Path) -> Iterator[str]:
    """Run a single Elasticsearch node below `folder`; give its URL."""
    with zipfile.ZipFile(elasticsearch_zip()) as archive:
        archive.extractall(folder)
    home, port = folder / f"elasticsearch-{ELASTICSEARCH_VERSION}", free_port()
    for program in (home / "bin").iterdir():
        program.chmod(0o755)
    (home / "config" / "elasticsearch.yml").write_text(
        f"discovery.type: single-node\nnetwork.host: 127.0.0.1\nhttp.port: {port}\n"
        f"transport.port: {free_port()}\nxpack.security.enabled: false\n"
        "cluster.routing.allocation.disk.threshold_enabled: false\n",
        encoding="utf-8",
    )
    (folder / "tmp").mkdir()
    user = _system_user("nobody")
    _hand_over(folder, user)
    environment = {
        "ES_JAVA_HOME": java_home(),
        "ES_JAVA_OPTS": f"-Xms{HEAP} -Xmx{HEAP}",
        "ES_TMPDIR": str(folder / "tmp"),
    }
    log = folder / "elasticsearch.log"
    with _running([home / "bin" / "elasticsearch"], user, log, signal.SIGTERM, environment) as server:
        _wait_for_answer(f"http://127.0.0.1:{port}/_cluster/health", server, log)
        yield f"http://127.0.0.1:{port}"


def elasticsearch_zip() -> Path:
    """Return the server's archive, fetched once through Maven into the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "huiying-servers"
    archive = cache / f"elasticsearch-{ELASTICSEARCH_VERSION}.zip"
    if not archive.exists():
        if shutil.which("mvn") is None:
            raise ServerError("Elasticsearch is fetched by Maven (apt-get install maven)")
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as fresh:
            _run(["mvn", "-q", "-B", COPY_GOAL, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={fresh}"], None)
            (Path(fresh) / archive.name).replace(archive)
    return archive


def java_home() -> str:
    """Return where the JDK is that runs the server (17 or later)."""
    java = os.environ.get("ES_JAVA_HOME") or os.environ.get("JAVA_HOME")
    found = shutil.which("java")
    if java is None and found is None:
        raise ServerError("Elasticsearch needs a JDK, 17 or later (apt-get install openjdk-17-jre-headless)")
    return java or str(Path(str(found)).resolve().parents[1])


def _system_user(name: str) -> str | None:
    """Return the user to run as, or None where we are an ordinary user already."""
    return pwd.getpwnam(name).pw_name if os.geteuid() == 0 else None


def _hand_over(folder: Path, user: str | None) -> None:
    if user is not None:
        _run(["chown", "-R", user, folder], None)
        for parent in folder.parents:
            if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)


def _as(user: str | None, command: Sequence[object]) -> list[str]:
    prefix = (
        ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]
        if user
        else []
    )
    return prefix + [str(part) for part in command]


def _run(command: Sequence[object], user: str | None) -> None:
    done = subprocess.run(_as(user, command), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerError(f"{command[0]}: {(done.stderr or done.stdout).strip()[-500:]}")


@contextmanager
def _running(
    command: Sequence[object],
    user: str | None,
    log: Path,
    stop: signal.Signals,
    environment: dict[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        server = subprocess.Popen(
            _as(user, command),
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    try:
        yield server
    finally:
        server.send_signal(stop)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait_for_port(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in _patience(server, log):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return


def _wait_for_answer(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in _patience(server, log):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            continue


def _patience(server: subprocess.Popen[bytes], log: Path) -> Iterator[None]:
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        yield
        time.sleep(0.2)
    raise ServerError(f"{server.args}: did not start: {log.read_text(errors='replace')[-1000:]}")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="huiying-servers-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("pg", "es"):
            (folder / part).mkdir()
        with postgresql(folder / "pg") as database, elasticsearch(folder / "es") as index:
            for variable, url in (("DATABASE", database), ("ELASTICSEARCH", index)):
                sys.stdout.write(f"export HUIYING_TEST_{variable}_URL={url}\n")
            sys.stdout.flush()
            try:
                signal.pause()
            except KeyboardInterrupt:
                sys.stdout.write("stopping\n")


if __name__ == "__main__":
    main()
