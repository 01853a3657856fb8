"""Real servers on loopback, in a scratch folder: PostgreSQL from Debian, Elasticsearch from Maven Central.

`python -m tests.servers` starts both, prints their URLs and stops them at Ctrl-C. Neither is needed for the
embedded default. Started by root, each runs as a system user of its own, which both servers insist on.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

# Another, such as 9.2.4, needs a JDK of 21 or later that has the module jdk.incubator.vector.
ELASTICSEARCH_VERSION = os.environ.get("HUIYING_TEST_ELASTICSEARCH_VERSION", "8.19.14")
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{ELASTICSEARCH_VERSION}:zip"
COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
# The first answer comes after 8-12 s on two cores; one busy with seven others took above 180 s.
START_TIMEOUT_S = 600
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
    with elasticsearch_cluster(folder, nodes=1) as cluster:
        yield cluster.urls[0]


@contextmanager
def elasticsearch_cluster(
    folder: Path,
    *,
    nodes: int = 3,
    heap: str = HEAP,
    settings: Mapping[str, object] | None = None,
    files: Mapping[str, str] | None = None,
) -> Iterator[ElasticsearchCluster]:
    """Run nodes that have found each other, all below `folder`; they are stopped at the end.

    Three of them take about 40 s and 2.5 GB on two cores. `settings` are put into every elasticsearch.yml,
    `files` beside it.
    """
    with zipfile.ZipFile(elasticsearch_zip()) as archive:
        archive.extractall(folder)
    home = folder / f"elasticsearch-{ELASTICSEARCH_VERSION}"
    for program in (home / "bin").iterdir():
        program.chmod(0o755)
    transports = {f"node-{number}": free_port() for number in range(nodes)}
    together = (
        {
            "discovery.seed_hosts": [f"127.0.0.1:{port}" for port in transports.values()],
            "cluster.initial_master_nodes": list(transports),
        }
        if nodes > 1
        else {"discovery.type": "single-node"}
    )
    user = _system_user("nobody")
    members = tuple(
        ElasticsearchNode(
            name,
            home=home,
            folder=folder / name,
            settings={"cluster.name": folder.name, "transport.port": port, **together, **(settings or {})},
            files=files or {},
            heap=heap,
            user=user,
        )
        for name, port in transports.items()
    )
    _hand_over(folder, user)
    cluster = ElasticsearchCluster(members)
    try:
        for node in members:
            node.start()
        cluster.wait()
        yield cluster
    finally:
        for node in members:
            node.stop()


class ElasticsearchNode:
    """One node and its processes. Killed or stopped, `start` brings it back with its data and its URL."""

    def __init__(
        self,
        name: str,
        *,
        home: Path,
        folder: Path,
        settings: Mapping[str, object],
        files: Mapping[str, str],
        heap: str,
        user: str | None,
    ) -> None:
        self.name = name
        scheme = "https" if settings.get("xpack.security.http.ssl.enabled") else "http"
        self.url = f"{scheme}://127.0.0.1:{free_port()}"
        self._program = home / "bin" / "elasticsearch"
        self._folder = folder
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        shutil.copytree(home / "config", folder / "config")
        (folder / "tmp").mkdir()
        own: dict[str, object] = {
            "node.name": name,
            "network.host": "127.0.0.1",
            "http.port": int(self.url.rpartition(":")[2]),
            "path.data": str(folder / "data"),
            "path.logs": str(folder / "logs"),
            "xpack.security.enabled": False,
            "cluster.routing.allocation.disk.threshold_enabled": False,
        }
        for file, content in files.items():
            (folder / "config" / file).write_text(content, encoding="utf-8")
        # JSON is YAML.
        (folder / "config" / "elasticsearch.yml").write_text(
            json.dumps({**own, **settings}), encoding="utf-8"
        )
        self._environment = {
            "ES_JAVA_HOME": java_home(),
            "ES_JAVA_OPTS": f"-Xms{heap} -Xmx{heap}",
            "ES_PATH_CONF": str(folder / "config"),
            "ES_TMPDIR": str(folder / "tmp"),
        }

    def start(self) -> None:
        """Start the node; `wait` returns when it answers."""
        command = [self._program, "-p", self._folder / "pid"]
        self._process = _start(command, self._user, self.log, self._environment)

    def wait(self) -> None:
        """Return when the node is in a cluster that has a master."""
        if self._process is None:
            raise ServerError(f"{self.name} was not started")
        _wait_for_answer(f"{self.url}/_cluster/health?wait_for_status=yellow", self._process, self.log)

    @property
    def log(self) -> Path:
        return self._folder / "output.log"

    @property
    def pid(self) -> int:
        """The process of the server itself; the one that was started only looks after it."""
        return int((self._folder / "pid").read_text())

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Kill it -9, with the process that looks after it."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """Let it end in order. Does nothing where it does not run."""
        if self._process is not None:
            _stop(self._process, signal.SIGTERM)


class ElasticsearchCluster:
    """The nodes that run together."""

    def __init__(self, nodes: Sequence[ElasticsearchNode]) -> None:
        self.nodes = tuple(nodes)

    @property
    def urls(self) -> tuple[str, ...]:
        return tuple(node.url for node in self.nodes)

    def master(self) -> ElasticsearchNode:
        """Return the elected master, as a node that runs tells it. Raises ServerError while there is none."""
        for node in self.nodes:
            if not node.is_running:
                continue
            try:
                with urllib.request.urlopen(f"{node.url}/_cat/master?h=node", timeout=10) as answer:
                    elected = answer.read().decode().strip()
            except OSError:
                continue
            for other in self.nodes:
                if other.name == elected and other.is_running:
                    return other
        raise ServerError("the cluster has no master now")

    def wait(self, *, copied: bool = False) -> None:
        """Return when all running nodes are in one cluster; `copied`: and have each other's documents."""
        running = [node for node in self.nodes if node.is_running]
        for node in running:
            node.wait()
        if len(running) == 1:
            return
        together = f"/_cluster/health?wait_for_nodes=>={len(running)}&timeout={START_TIMEOUT_S}s"
        together += "&wait_for_status=green" if copied else ""
        with urllib.request.urlopen(running[0].url + together, timeout=START_TIMEOUT_S):
            pass


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
    """Return where the JDK is that runs the server: 17 or later for 8.19, 21 or later for 9."""
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
    command: Sequence[object], user: str | None, log: Path, stop: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    server = _start(command, user, log, {})
    try:
        yield server
    finally:
        _stop(server, stop)


def _start(
    command: Sequence[object], user: str | None, log: Path, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            _as(user, command),
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )


def _stop(server: subprocess.Popen[bytes], how: signal.Signals) -> None:
    server.send_signal(how)
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
    # Whether a client trusts it is what tests are about.
    context = ssl._create_unverified_context() if url.startswith("https:") else None
    for _ in _patience(server, log):
        try:
            with urllib.request.urlopen(url, timeout=5, context=context):
                return
        except urllib.error.HTTPError as err:
            if err.code == 401:
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
    raise ServerError(f"{server.args!r}: did not start: {log.read_text(errors='replace')[-1000:]}")


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
