"""Signing in to a real server over TLS: users with rights and without, passwords, certificates, API keys."""

from __future__ import annotations

import hashlib
import http.server
import os
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nlp.segment import words
from records.errors import ConfigurationError
from records.times import DEFAULT_ZONE
from storage.search import SearchIndex
from storage.search_engines import open_index
from tests.servers import elasticsearch_cluster
from tests.shared_servers import server_or_skip
from tests.storage.certificates import Certificates, certificates_for_loopback
from tests.storage.clusters import unused_name
from tests.storage.indexed import document

PASSWORD = "p@ss:wörd"
# What `huiying` needs, and an account that may only look.
ROLES = """
writer:
  cluster: [monitor, manage_index_templates]
  indices: [{names: ["test-*"], privileges: [all]}]
reader:
  cluster: [monitor]
  indices: [{names: ["test-*"], privileges: [read, view_index_metadata]}]
"""


@pytest.fixture(scope="module")
def certificates() -> Certificates:
    return certificates_for_loopback()


@pytest.fixture(scope="module")
def secured(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The host and port of a server that wants users and speaks TLS."""

    @contextmanager
    def start(folder: Path) -> Iterator[str]:
        settings = {
            "xpack.security.enabled": True,
            "xpack.security.http.ssl.enabled": True,
            "xpack.security.http.ssl.certificate": "server.pem",
            "xpack.security.http.ssl.key": "server.key",
        }
        files = {
            "server.pem": certificates.server,
            "server.key": certificates.server_key,
            "roles.yml": ROLES,
            "users": "".join(f"{user}:{_hashed(PASSWORD)}\n" for user in ("writer", "reader")),
            "users_roles": "writer:writer\nreader:reader\n",
        }
        with elasticsearch_cluster(folder, nodes=1, settings=settings, files=files) as cluster:
            yield cluster.urls[0].removeprefix("https://")

    with server_or_skip("secured_elasticsearch", start, tmp_path_factory) as host:
        yield host


def _hashed(password: str) -> str:
    salt, rounds = os.urandom(32), 10_000
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds, 32)
    return f"{{PBKDF2}}{rounds}${b64encode(salt).decode()}${b64encode(key).decode()}"


@pytest.fixture
def ca_file(certificates: Certificates, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    path.write_text(certificates.authority)
    return path


def opened(host: str, user: str, password: str, name: str, ca_file: Path | None) -> SearchIndex:
    return open_index(
        f"https://{user}:{password}@{host}/{name}", segment=words, zone=DEFAULT_ZONE, ca_file=ca_file
    )


def told(index: SearchIndex) -> str:
    """Return what a use of the index tells, which is what its faults tell, in one line without a password."""
    with pytest.raises(ConfigurationError) as raised:
        index.count()
    line = str(raised.value)
    assert index.faults()[-1] == line
    assert "\n" not in line
    assert "rd@" not in line
    index.close()
    return line


def test_a_user_with_all_rights_writes_and_reads(secured: str, ca_file: Path) -> None:
    index = opened(secured, "writer", "p%40ss%3Aw%C3%B6rd", unused_name(), ca_file)
    index.add([document(1)])
    index.refresh(watermark=1)
    assert (index.count(), index.watermark(), index.faults()) == (1, 1, [])
    index.close()


@pytest.mark.parametrize(("user", "password"), [("writer", "wrong"), ("nobody", "p%40ss%3Aw%C3%B6rd")])
def test_a_wrong_password_or_user_is_told(secured: str, ca_file: Path, user: str, password: str) -> None:
    line = told(opened(secured, user, password, unused_name(), ca_file))
    assert "user, password or API key is not accepted (check them)" in line


def test_a_user_who_may_only_read_is_told_what_is_missing(secured: str, ca_file: Path) -> None:
    name = unused_name()
    writer = opened(secured, "writer", "p%40ss%3Aw%C3%B6rd", name, ca_file)
    writer.add([document(1)])
    writer.refresh()
    writer.close()
    reader = opened(secured, "reader", "p%40ss%3Aw%C3%B6rd", name, ca_file)
    assert reader.count() == 1
    with pytest.raises(ConfigurationError, match=r"may not do that .*unauthorized"):
        reader.add([document(2)])
    (missing,) = reader.faults()
    assert "lacks rights (give it manage_index_templates, create_index on" in missing
    reader.close()


def test_a_certificate_of_another_authority_is_not_trusted(secured: str, ca_file: Path) -> None:
    password = "p%40ss%3Aw%C3%B6rd"
    ca_file.write_text(certificates_for_loopback().authority)
    for given in (ca_file, None):
        line = told(opened(secured, "writer", password, unused_name(), given))
        assert "no trust in its certificate (name the CA file that signed it)" in line
    ca_file.write_text("no certificate")
    with pytest.raises(ConfigurationError, match=r'"[^"]*ca\.pem" is no CA file'):
        opened(secured, "writer", password, unused_name(), ca_file)


def test_a_ca_file_needs_a_url_of_https(ca_file: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"a CA file is given, but the URL is not https"):
        open_index("http://localhost", segment=words, zone=DEFAULT_ZONE, ca_file=ca_file)


def test_a_server_that_speaks_tls_is_not_asked_without(secured: str) -> None:
    index = open_index(f"http://{secured}/{unused_name()}", segment=words, zone=DEFAULT_ZONE)
    (line,) = index.faults()
    assert "\n" not in line
    index.close()


def test_an_api_key_is_sent_as_it_is() -> None:
    sent: list[str | None] = []

    class Listens(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.append(self.headers["Authorization"])
            self.send_error(401)

        def log_message(self, *values: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listens) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        index = open_index(url, segment=words, zone=DEFAULT_ZONE, api_key="a2V5OnZhbHVl")
        assert "API key is not accepted" in told(index)
        server.shutdown()
        thread.join()
    assert set(sent) == {"ApiKey a2V5OnZhbHVl"}
