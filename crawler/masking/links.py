"""Mail addresses, and personal values in links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from crawler.masking.kinds import Finding, Kind
from crawler.masking.lexicon import Places
from crawler.masking.numbers import find_numbers
from crawler.masking.plain_writing import in_plain_writing

_WORD = r"A-Za-z0-9"
_LOCAL = rf"[{_WORD}][{_WORD}._%+＿．\-]{{0,63}}"
_DOT = r"(?:\s?[.．。·]\s?|\s*(?:\[dot\]|\(dot\)|点|\bdot\b)\s*)"
_DOMAIN = rf"[{_WORD}][{_WORD}\-]{{0,62}}(?:{_DOT}[{_WORD}][{_WORD}\-]{{1,62}}){{1,3}}"
_AT = r"(?:@|＠|﹫|艾特|小老鼠|[\[(（【]\s?(?:at|AT|At|a|@|＠)\s?[\])）】]|\sat\s|\sAT\s)"
_MAIL = re.compile(rf"(?<![{_WORD}]){_LOCAL}\s?{_AT}\s?{_DOMAIN}")
_MAIL_HAN = re.compile(
    rf"(?:(?<=邮箱)|(?<=邮件)|(?<=[：:是为，。、 ])|^|(?<![\u4e00-\u9fff]))[\u4e00-\u9fff]{{2,4}}"
    rf"[@＠]{_DOMAIN}"
)
# Written with # instead of @, only at well-known mail services, else "5#2.cn" would be a mail address.
_MAIL_HASH = re.compile(
    rf"(?<![{_WORD}]){_LOCAL}\s?[#＃*]\s?(?:(?:vip\.)?(?:qq|163|126|139|189|sina|sohu|gmail"
    rf"|hotmail|outlook|foxmail|aliyun|yeah|yahoo|tom|21cn)"
    rf"{_DOT}(?:com|cn|net)(?:{_DOT}cn)?)"
)
_SERVICES = [
    "qq",
    "163",
    "126",
    "139",
    "189",
    "sina",
    "sohu",
    "gmail",
    "hotmail",
    "outlook",
    "foxmail",
    "aliyun",
    "yeah",
    "yahoo",
    "tom",
    "21cn",
    "vip",
]
MAIL_SIGNS = (
    *("@", "＠", "﹫", "艾特", "小老鼠", " at ", " AT ", "at)", "at]", "AT)", "at）", "at】", "(a)", "（a）"),
    *(hash_ + space + service for hash_ in "#＃*" for space in ("", " ") for service in _SERVICES),
)
LINK_SIGNS = ("=", "://")

_URL = re.compile(r"(?i:https?|ftp)://[A-Za-z0-9._~:/?#\[\]@!$&'*+;=%\-]+")
# Compared in lower case without "_" and "-". Keys that may name the page (id, code, key, mid) stay out.
_WHO = "(?:user|member|author|sharer?|inviter?|nick|applicant|owner|contact|person|real|true|full|my|from)"
_WHAT = (
    "(?:phone|mobile|tel|telephone|phonenumber|mobilephone|e?mail|mailaddress|idcard|idcardno|idno|cardno"
    "|bankcard|sfz|sfzh|shouji|dianhua|xingming|xm|sjh|dh|name|avatar|address|addr|birth|birthday|birthdate)"
)
_PERSONAL_KEY = re.compile(
    rf"{_WHO}*{_WHAT}|{_WHO}+id|user|member|author|sharer?|nick|inviter?|invitecode|password|passwd|pwd|openid"
    r"|unionid|token|accesstoken|session|sessionid|sid|phpsessid|jsessionid|auth|authcode|authorization|secret"
    r"|sign|signature|cookie|uid|qq|wx|wechat|weixin|lat|lng|lon|long|latitude|longitude"
)
_PARAMETER = re.compile(r"(?P<mark>[?&;#])(?P<key>[^=&;#?]+)=(?P<value>[^&;#]*)")
_PARAMETER_IN_TEXT = re.compile(
    r"[?&;#](?P<key>[A-Za-z_][\w.\-\[\]%]{0,40})=(?P<value>[A-Za-z0-9._~%+\-:@*/!$'()\[\]]+|[\u4e00-\u9fff]{1,8})",
    re.ASCII,
)
# A number in the path is mostly the page's, but not behind one of these.
_PERSONAL_PATH = re.compile(
    r"/(?:u|user|users|member|phone|mobile|tel|profile|people|space)/(?=1[3-9]\d{9}(?!\d))\d+", re.I
)
_USER = re.compile(r"(?P<scheme>\w+://)(?P<user>[^/@?#]+)@")


def find_mail(text: str, _: Places) -> Iterator[Finding]:
    """Yield mail addresses, also with full-width or spelled-out @."""
    for pattern in (_MAIL, _MAIL_HAN, _MAIL_HASH):
        for match in pattern.finditer(text):
            yield Finding(kind=Kind.MAIL, start=match.start(), end=match.end())


def find_link_values(text: str, _: Places) -> Iterator[Finding]:
    """Yield the values of personal query parameters, and user names, in links inside a text."""
    if "=" in text:
        for part in _PARAMETER_IN_TEXT.finditer(text):
            if _is_personal(part["key"], part["value"]):
                yield Finding(kind=Kind.LINK, start=part.start("value"), end=part.end("value"))
    if "://" not in text:
        return
    for link in _URL.finditer(text):
        if user := _USER.match(link[0]):
            start, end = user.span("user")
            yield Finding(kind=Kind.LINK, start=link.start() + start, end=link.start() + end)


def without_personal_values(url: str) -> str:
    """Return the URL without user name and personal query parameters, else byte for byte as it was."""
    bare = _PERSONAL_PATH.sub("", _USER.sub(r"\g<scheme>", url, count=1))
    kept = _PARAMETER.sub(lambda part: "" if _is_personal(part["key"], part["value"]) else part[0], bare)
    # Where the first parameter went, the next one follows the path now.
    return kept.replace("&", "?", 1) if "?" in bare and "?" not in kept else kept


def _is_personal(key: str, value: str) -> bool:
    """Return whether the key says so, or the value is a mail address, or a number that is no page's id."""
    plain = re.sub(r"[_\-.\[\]]|%5[BD]", "", key).lower()
    if _PERSONAL_KEY.fullmatch(plain):
        return True
    written = in_plain_writing(unquote(value)).text
    return any(find_mail(written, [])) or (not plain.endswith("id") and any(find_numbers(written)))
