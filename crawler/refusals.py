"""What is never gathered: places where people speak to each other, and markup that shows such a place.

There is no flag that lets one through. The list is platforms.txt; decision 001 says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from parsel import Selector

from records.errors import Rejected

KINDS = {
    "social": "a social network",
    "video": "a video platform",
    "forum": "a forum",
    "qa": "a question-and-answer site",
    "chat": "a chat",
    "comments": "a comment system",
}
# Two or more list entries with both an avatar and a profile link: one may be the site's own logo and a
# log-in link. Checked on invented boards and forum pages in tests/crawler/test_refusals.py.
FORUM_ENTRIES = 2

_AVATAR = re.compile(r"avatar|touxiang|headimg|userpic|user[-_]?face|head[-_]?portrait|/face/", re.IGNORECASE)
_PROFILE = re.compile(
    r"/(?:u|user|users|member|members|profile|people|space)/[^/?#]+|home\.php\?mod=space|space-uid-|[?&]uid=\d",
    re.IGNORECASE,
)
_FORUM_SOFTWARE = re.compile(
    r"discuz|phpwind|phpbb|vbulletin|discourse|flarum|mybb|xenforo|nodebb", re.IGNORECASE
)
# A page that only asks for a log-in or a captcha says little else; with its site's menus and footer.
CHALLENGE_CHARS = 400
_CHALLENGE = re.compile(
    r"captcha|geetest|yidun|slider-?verif|challenge-platform|验证码|安全验证|人机验证|滑动验证|请登录|用户登录",
    re.IGNORECASE,
)
_LOGIN_PATH = re.compile(r"/(?:log|sign)[-_]?in\b|/passport\b|/sso\b|/captcha\b|/cas/login", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an address is refused: the platform's name, its kind (a key of KINDS) and the rule that met."""

    platform: str
    kind: str
    rule: str

    def __str__(self) -> str:
        return (
            f"{self.rule} is {KINDS[self.kind]} ({self.platform}); huiying measures services, never speakers"
        )


class Platforms:
    """The refused platforms by domain, host label and path."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._domains: dict[str, Refusal] = {}
        self._labels: dict[str, Refusal] = {}
        self._paths: list[tuple[str, str, Refusal]] = []
        for line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            shape, rule, kind, name = line.split()
            refusal = Refusal(platform=name, kind=kind, rule=rule)
            if shape == "path":
                domain, _, start = rule.partition("/")
                self._paths.append((domain, f"/{start}", refusal))
            else:
                (self._domains if shape == "domain" else self._labels)[rule] = refusal

    def find(self, url: str) -> Refusal | None:
        """Return why `url` is refused, or None. Sub-domains, ports, case and trailing dots do not hide."""
        parts = urlsplit(url)
        host = plain_host(url)
        labels = host.split(".")
        for start in range(len(labels) - 1):
            met = self._domains.get(".".join(labels[start:]))
            if met is not None:
                return met
        # The last label is the top-level domain: .chat and .club are no forums by themselves.
        for label in labels[:-1]:
            if label in self._labels:
                return self._labels[label]
        for domain, path, refusal in self._paths:
            if (host == domain or host.endswith(f".{domain}")) and parts.path.lower().startswith(path):
                return refusal
        return None


@cache
def shipped_platforms() -> Platforms:
    """Return the platforms of platforms.txt."""
    return Platforms(files("crawler").joinpath("platforms.txt").read_text("utf-8").splitlines())


def plain_host(url: str) -> str:
    """Return the host of `url`, lower case, ASCII, without port and trailing dot; '' where there is none."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
        return host.encode("idna").decode("ascii").lower()
    except (ValueError, UnicodeError):
        return ""


def refuse_url(url: str) -> None:
    """Raise Rejected("refused_platform") where `url` is on a refused platform."""
    refusal = shipped_platforms().find(url)
    if refusal is not None:
        raise Rejected("refused_platform", f'address "{url}" is refused: {refusal}')


def refuse_source(name: str, urls: Iterable[str]) -> None:
    """Raise Rejected("refused_platform"), naming source `name`, where a URL is on a refused platform."""
    for url in urls:
        try:
            refuse_url(url)
        except Rejected as err:
            raise Rejected(err.code, f'source "{name}": {err} (remove the source)') from err


def looks_like_forum(entries: Iterable[Selector]) -> bool:
    """Return whether `entries` carry avatars and profile links, as the posts of a forum do."""
    met = 0
    for entry in entries:
        images, links = _marks(entry)
        if any(map(_AVATAR.search, images)) and any(map(_PROFILE.search, links)):
            met += 1
            if met >= FORUM_ENTRIES:
                return True
    return False


def _marks(entry: Selector) -> tuple[list[str], list[str]]:
    """Return what may show an avatar, and what may show a profile link; of JSON each string with its key."""
    if entry.type == "html":
        return entry.xpath(".//img/@*").getall(), entry.xpath(".//a/@href").getall()
    strings: list[str] = []
    parts: list[Any] = [entry.root]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            strings += [f"{key}={value}" for key, value in part.items() if value and isinstance(value, str)]
            parts.extend(part.values())
        elif isinstance(part, list):
            parts.extend(part)
    return strings, strings


def is_forum_software(page: Selector) -> bool:
    """Return whether the page says that forum software made it."""
    generators = page.xpath("//meta[translate(@name,'GENRATO','genrato')='generator']/@content").getall()
    return any(map(_FORUM_SOFTWARE.search, generators))


def is_challenge(page: Selector) -> bool:
    """Return whether the page is there to ask for a password or a captcha. A log-in box elsewhere is none."""
    if _CHALLENGE.search(page.xpath("string(//title)").get() or ""):
        return True
    shown = "".join(page.xpath("//body//text()[not(parent::script or parent::style)]").getall())
    if len("".join(shown.split())) > CHALLENGE_CHARS:
        return False
    marks = page.xpath("//@id | //@class | //script/@src | //iframe/@src").getall()
    return bool(page.xpath("//input[@type='password']")) or any(map(_CHALLENGE.search, marks))


def is_login_address(url: str) -> bool:
    """Return whether `url` leads to a log-in or captcha page."""
    return _LOGIN_PATH.search(urlsplit(url).path) is not None
