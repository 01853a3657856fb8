"""User handles: what boards call the person who wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.masking.kinds import Finding, Kind
from crawler.masking.lexicon import Places

_OPEN, _CLOSE = "“\"「『‘'<《【\\[", "”\"」』’'>》】\\]"
_NAMED = re.compile(
    r"(?:网友|网民|用户|楼主|网名|昵称|ID|问政者)名?(?:为|是)?\s?[:：]?\s?"
    rf"(?:[{_OPEN}](?P<quoted>[^{_CLOSE}\n，。〔〕]{{1,16}})[{_CLOSE}]"
    r"|(?P<bare>(?=\d*[A-Za-z_])[A-Za-z0-9_\-]{3,24}))"
)
_NAMED_HAN = re.compile(
    r"(?:网友|网民|楼主)[:：]?(?P<name>[\u4e00-\u9fff]{2,6}\d{2,8})(?![\d年月日号路栋个元.])"
)
_GREETED = re.compile(r"网友(?P<name>[\u4e00-\u9fff]{2,8})\s?[：:]\s*[您你]们?好")
_SERIAL = re.compile(r"[UA][U0](?<![A-Za-z0-9]..)\d{4,12}")
_MENTION = re.compile(r"@(?<![A-Za-z0-9.]@)[A-Za-z0-9_\-]{3,20}(?=[\s:：，,]|$)")
HANDLE_SIGNS = ("网友", "网民", "网名", "昵称", "UU", "A00", "@", "ID", "用户", "楼主", "问政者")
# In quotes after 网友 there may stand a title instead, and after @ an office.
_NO_HANDLE = re.compile(r"关于|反映|问题|投诉|咨询|建议|[？?！!]|[府局委办政布]$")


def find_handles(text: str, _: Places) -> Iterator[Finding]:
    """Yield user handles: 网友“…”, 网友 abc123, the serial user numbers of boards, @mentions."""
    for match in _NAMED.finditer(text):
        group = "quoted" if match["quoted"] else "bare"
        if not _NO_HANDLE.search(match[group]):
            yield Finding(kind=Kind.HANDLE, start=match.start(group), end=match.end(group))
    for match in _NAMED_HAN.finditer(text):
        if not _NO_HANDLE.search(match["name"]):
            yield Finding(kind=Kind.HANDLE, start=match.start("name"), end=match.end("name"))
    for match in _GREETED.finditer(text):
        if not _NO_HANDLE.search(match["name"]) and match["name"] not in ("同志", "朋友", "朋友们"):
            yield Finding(kind=Kind.HANDLE, start=match.start("name"), end=match.end("name"))
    for match in _SERIAL.finditer(text):
        yield Finding(kind=Kind.HANDLE, start=match.start(), end=match.end())
    for match in _MENTION.finditer(text):
        yield Finding(kind=Kind.HANDLE, start=match.start(), end=match.end())
