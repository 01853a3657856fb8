"""The connection to an Elasticsearch cluster: its address, signing in, and errors told in one line."""

from __future__ import annotations

import logging
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from elastic_transport import ConnectionError as NoAnswerError
from elastic_transport import ConnectionTimeout, SerializationError, TlsError, TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError

from records.errors import ConfigurationError, Retryable

DEFAULT_NAME = "huiying"
KNOWN_VERSIONS = ("8", "9")
# What changes an index waits for the cluster to agree; people wait for a page.
REQUEST_TIMEOUT_S = 30
ANSWER_TIMEOUT_S = 10
# Each further try goes to another node where there is one.
MAX_RETRIES = 5
# The server or its proxy is busy or away: what comes with these may succeed later.
BUSY = (429, 502, 503, 504)
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the index is. `shown` is what errors call it; it holds no password."""

    hosts: tuple[str, ...]
    name: str
    user: tuple[str, str] | None
    shown: str


def read_address(url: str) -> Address:
    """Return the address in `https://user:password@host:9200/name`; further hosts follow after commas.

    Without a path the index is called "huiying". Raises ConfigurationError for what is no such URL.
    """
    first, *others = url.split(",")
    # The name stands behind the last host.
    parts = [urlsplit(part) for part in (first, *others)]
    hosts = tuple(_host(part) for part in parts)
    name = parts[-1].path.strip("/") or DEFAULT_NAME
    shown = f'search index "{name}" at {hosts[0]}'
    if name != name.lower() or not name.replace("-", "").replace("_", "").isalnum() or name[0] in "-_":
        raise ConfigurationError(f"{shown}: not a name of an index (lower-case letters, digits, - and _)")
    user = parts[0].username
    signing = (unquote(user), unquote(parts[0].password or "")) if user else None
    return Address(hosts=hosts, name=name, user=signing, shown=shown)


def _host(part: SplitResult) -> str:
    try:
        port = part.port or 9200
    except ValueError:
        port = 0
    if part.scheme not in ("http", "https") or not part.hostname or not port:
        where = part.hostname or part.path or part.scheme
        raise ConfigurationError(
            f'search index at "{where}": not a URL of Elasticsearch (try https://host:9200)'
        )
    host = f"[{part.hostname}]" if ":" in part.hostname else part.hostname
    return f"{part.scheme}://{host}:{port}"


def connect(address: Address, *, api_key: str | None, ca_file: Path | None) -> Elasticsearch:
    """Return a client, which has not asked anything yet.

    Raises ConfigurationError where the CA file cannot be read, or both a user and an API key are given.
    """
    if api_key and address.user:
        raise ConfigurationError(
            f"{address.shown}: both an API key and a user are given (take one of them away)"
        )
    options: dict[str, Any] = {}
    if address.user:
        # Encoded here: the client takes a password of ASCII only.
        options["basic_auth"] = b64encode(":".join(address.user).encode()).decode()
    if api_key:
        options["api_key"] = api_key
    if ca_file is not None:
        if any(host.startswith("http:") for host in address.hosts):
            raise ConfigurationError(f"{address.shown}: a CA file is given, but the URL is not https")
        if not ca_file.is_file():
            raise ConfigurationError(f'{address.shown}: the CA file "{ca_file}" does not exist')
        try:
            options["ssl_context"] = ssl.create_default_context(cafile=str(ca_file))
        except (ssl.SSLError, OSError) as err:
            raise ConfigurationError(
                f'{address.shown}: "{ca_file}" is no CA file (it has to be certificates in PEM)'
            ) from err
    # It would log every try of its own with a traceback, hundreds a minute while the server is away. What
    # comes of them all is told in one line by `telling`.
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)
    return Elasticsearch(
        list(address.hosts),
        request_timeout=REQUEST_TIMEOUT_S,
        max_retries=MAX_RETRIES,
        retry_on_status=BUSY,
        **options,
    )


@contextmanager
def telling(address: Address) -> Iterator[None]:
    """Turn the client's errors into Retryable where the server is away or busy, else ConfigurationError."""
    try:
        yield
    except UnsupportedProductError as err:
        raise ConfigurationError(
            f"{address.shown}: the server is not Elasticsearch (give the URL of one, version 8 or 9)"
        ) from err
    except ApiError as err:
        status = err.meta.status
        if status in BUSY:
            raise Retryable(f"{address.shown}: the server is busy, {status} (try again later)") from err
        raise ConfigurationError(f"{address.shown}: {_refusal(status, err)}") from err
    except TlsError as err:
        raise ConfigurationError(
            f"{address.shown}: no trust in its certificate (name the CA file that signed it)"
        ) from err
    except ConnectionTimeout as err:
        raise Retryable(f"{address.shown}: no answer in time (see how busy the server is)") from err
    except NoAnswerError as err:
        raise Retryable(f"{address.shown}: no answer (check the URL and that the server runs)") from err
    except SerializationError as err:
        raise ConfigurationError(
            f"{address.shown}: the answer is not Elasticsearch's (check the URL)"
        ) from err
    except TransportError as err:
        raise Retryable(f"{address.shown}: {one_line(err)} (try again later)") from err


def check_server(client: Elasticsearch, address: Address) -> None:
    """Raise ConfigurationError unless this is Elasticsearch of a version that is known."""
    try:
        found = client.nodes.info(node_id="_local", filter_path="nodes.*.version")
    except ApiError as err:
        if err.meta.status == 403:
            return  # an account that may not look at nodes may still search
        if err.meta.status in (400, 404, 405, 406):
            raise ConfigurationError(
                f"{address.shown}: the server is not Elasticsearch 8 or 9 (check the URL, or upgrade it)"
            ) from err
        raise
    versions = {node["version"] for node in found.get("nodes", {}).values()}
    for version in versions:
        if version.split(".")[0] not in KNOWN_VERSIONS:
            raise ConfigurationError(f"{address.shown}: version {version} is not known (use 8.19 or 9)")


def _refusal(status: int, err: ApiError) -> str:
    if status == 401:
        return "user, password or API key is not accepted (check them)"
    if status == 403:
        return f"this account may not do that (give it all rights on the index): {_reason(err)}"
    if status == 413:
        return "the request is too large for what stands before the server (let it take 10 MB)"
    return _reason(err)


def _reason(err: ApiError) -> str:
    error = err.body.get("error") if isinstance(err.body, dict) else None
    return one_line(error["reason"] if isinstance(error, dict) and "reason" in error else err)


def is_passing(err: ApiError | TransportError) -> bool:
    """Return whether the same request may succeed later: the server is busy, or this node does not answer."""
    if isinstance(err, ApiError):
        return err.meta.status in BUSY
    return isinstance(err, NoAnswerError | ConnectionTimeout) and not isinstance(err, TlsError)


def one_line(reason: object) -> str:
    """Return the reason in one line that is not too long to be read."""
    return " ".join(str(reason).split())[:_LONGEST_REASON]
