"""Mail addresses, and personal values in links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from crawler.masking.kinds import Finding, Kind
from crawler.masking.lexicon import contains_any

_WORD = r"A-Za-z0-9Ａ-Ｚａ-ｚ０-９"
_LOCAL = rf"[{_WORD}][{_WORD}._%+＿．\-]{{0,63}}"
_DOT = r"(?:\s?[.．。·]\s?|\s*(?:\[dot\]|\(dot\)|点|\bdot\b)\s*)"
_DOMAIN = rf"[{_WORD}][{_WORD}\-]{{0,62}}(?:{_DOT}[{_WORD}][{_WORD}\-]{{1,62}}){{1,3}}"
_AT = r"(?:@|＠|﹫|艾特|小老鼠|[\[(（【]\s?(?:at|AT|At|@|＠)\s?[\])）】]|\sat\s|\sAT\s)"
_MAIL = re.compile(rf"(?<![{_WORD}]){_LOCAL}\s?{_AT}\s?{_DOMAIN}")
# Written with # instead of @, only at well-known mail services, else "5#2.cn" would be a mail address.
_MAIL_HASH = re.compile(
    rf"(?<![{_WORD}]){_LOCAL}\s?[#＃*]\s?(?:(?:vip\.)?(?:qq|163|126|139|189|sina|sohu|gmail"
    rf"|hotmail|outlook|foxmail|aliyun|yeah|yahoo|tom|21cn)"
    rf"{_DOT}(?:com|cn|net)(?:{_DOT}cn)?)"
)
_MAIL_SIGNS = ("@", "＠", "﹫", "艾特", "小老鼠", " at ", " AT ", "at)", "at]", "AT)", "at）", "at】")

_URL = re.compile(r"(?i:https?|ftp)://[A-Za-z0-9._~:/?#\[\]@!$&'*+;=%\-]+")
_PERSONAL_KEY = re.compile(
    r"(?i)^(?:.*(?:phone|mobile|tel|mail|idcard|id_card|idno|id_no|card_?no|sfz|shouji"
    r"|dianhua|xingming|realname|real_name|nick|passwd|password"
    r"|openid|unionid|token|session|ticket|auth|secret|signature|birth|wechat|weixin|user"
    r"|author|avatar|address|invite|share).*"
    r"|name|xm|sjh|uid|qq|wx|mid|member|memberid|member_id|sid|sign|key|code|from_uid"
    r"|sharer|cookie|lat|lng|lon|long|latitude|longitude|phpsessid|jsessionid)$"
)


def find_mail(text: str) -> Iterator[Finding]:
    """Yield mail addresses, also with full-width or spelled-out @."""
    if contains_any(text, _MAIL_SIGNS):
        for match in _MAIL.finditer(text):
            yield Finding(kind=Kind.MAIL, start=match.start(), end=match.end())
    if "#" in text or "＃" in text or "*" in text:
        for match in _MAIL_HASH.finditer(text):
            yield Finding(kind=Kind.MAIL, start=match.start(), end=match.end())


def find_link_values(text: str) -> Iterator[Finding]:
    """Yield the values of personal query parameters, and user names, in links inside a text."""
    if "://" not in text:
        return
    for link in _URL.finditer(text):
        for part in re.finditer(r"[?&;#]([^=&;#?]+)=([^&;#]+)", link[0]):
            if _PERSONAL_KEY.match(part[1]):
                yield Finding(
                    kind=Kind.LINK, start=link.start() + part.start(2), end=link.start() + part.end(2)
                )
        if user := re.match(r"\w+://([^/@?#]+)@", link[0]):
            yield Finding(kind=Kind.LINK, start=link.start() + user.start(1), end=link.start() + user.end(1))


def without_personal_values(url: str) -> str:
    """Return the URL without user name and personal query parameters. The page it leads to stays the same."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    if not parts.query and netloc == parts.netloc:
        return url
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(key, value) for key, value in pairs if not _PERSONAL_KEY.match(key)]
    query = parts.query if len(kept) == len(pairs) else urlencode(kept)
    return urlunsplit((parts.scheme, netloc, parts.path, query, parts.fragment))
