"""What keeps a page safe: response headers, loopback only, and forms that only our own pages can send."""

from __future__ import annotations

import hmac
import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from records.errors import ConfigurationError, Rejected
from storage.database import Database

# The names a browser on this machine can use. Any other Host header means that a foreign name was
# pointed at this address (DNS rebinding).
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")
CSRF_COOKIE = "huiying_form"
CSRF_FIELD = "form_token"
_KEY_NAME = "console.form_key"
# Making the key takes milliseconds; another console may be at it.
_KEY_WAIT_S = 30.0

# Nothing inline, nothing from elsewhere. A response may bring a policy of its own (briefing documents).
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: browsers then send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


def check_address(host: str, *, proxied_as: str = "") -> None:
    """Raise ConfigurationError where `host` is an address that other machines can reach.

    Allowed where the operator has named the proxy that asks people to sign in and is the only way here.
    """
    if proxied_as:
        return
    try:
        loopback = host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ConfigurationError(
            f'console address "{host}": only loopback is served until sign-in exists (use 127.0.0.1, '
            "or set proxied_as to the name of a proxy that asks people to sign in)"
        )


def secure(headers: MutableHeaders) -> None:
    """Add each security header that `headers` does not bring itself."""
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)


class SecurityHeaders:
    """ASGI middleware that secures every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                secure(MutableHeaders(scope=message))
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def form_key(database: Database) -> bytes:
    """Return the installation's key for its forms, made by the first console that asks.

    Kept in the database: a form shown by one console, or before a restart, can be sent to any other.
    """
    if (kept := database.value(_KEY_NAME)) is None:
        with database.lock(_KEY_NAME, wait_s=_KEY_WAIT_S):
            if (kept := database.value(_KEY_NAME)) is None:
                kept = secrets.token_hex(32)
                database.set_value(_KEY_NAME, kept)
    return bytes.fromhex(kept)


class FormGuard:
    """Signs the token that a form must bring back, with a key that all consoles of an installation share.

    Cookies are shared between all ports of this machine, so the token in the form is an HMAC of the
    cookie: whoever can set our cookie still cannot write our form.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seed(self, request: Request) -> str:
        """Return the browser's own random value, a new one where it has none."""
        return request.cookies.get(CSRF_COOKIE) or secrets.token_urlsafe(24)

    def token(self, seed: str) -> str:
        """Return what a form of the browser with `seed` must bring back."""
        return hmac.digest(self._key, seed.encode(), "sha256").hex()

    def check(self, request: Request, token: str) -> None:
        """Raise Rejected("bad_form") unless our own page, shown to this browser, sent the form."""
        seed = request.cookies.get(CSRF_COOKIE, "")
        genuine = hmac.compare_digest(self.token(seed).encode(), token.encode()) and bool(seed)
        if not genuine or _is_foreign(request.headers):
            raise Rejected(
                "bad_form", "the form is too old or came from elsewhere (reload the page, then try again)"
            )


def _is_foreign(headers: Headers) -> bool:
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        return True
    return headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
