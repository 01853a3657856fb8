"""User handles: what boards call the person who wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.masking.kinds import Finding, Kind
from crawler.masking.lexicon import Places

_OPEN, _CLOSE = "“\"「『‘'<《【\\[", "”\"」』’'>》】\\]"
_CUES = ("网友", "网民", "用户", "楼主", "网名", "昵称", "ID", "问政者")
# NVIDIA, IDE
_WORDS = "|".join("(?<![A-Za-z])ID(?![A-Z])" if cue == "ID" else cue for cue in _CUES)
_AFTER_CUE = (
    re.compile(
        rf"(?:{_WORDS})名?(?:为|是)?\s?[:：]?\s?"
        rf"(?:[{_OPEN}](?P<quoted>[^{_CLOSE}\n，。〔〕]{{1,16}})[{_CLOSE}]"
        r"|(?P<bare>(?!_x000D_)(?=\d*[A-Za-z_])[A-Za-z0-9_\-]{3,24}(?![A-Za-z0-9_\-市县区镇乡村])))"
    ),
    re.compile(r"(?:网友|网民|楼主)[:：]?(?P<han>[\u4e00-\u9fff]{2,6}\d{2,8})(?![\d年月日号路栋个元.])"),
    re.compile(r"网友(?P<greeted>(?!同志|朋友)[\u4e00-\u9fff]{2,8})\s?[：:]\s*[您你]们?好"),
)
_SERIAL = (re.compile(r"(?P<serial>[UA][U0](?<![A-Za-z0-9]..)\d{4,12})"),)
_MENTION = (re.compile(r"(?P<mention>@(?<![A-Za-z0-9.]@)[A-Za-z0-9_\-]{3,20})(?=[\s:：，,]|$)"),)
_OF_SIGN = {"U": _SERIAL, "A": _SERIAL, "@": _MENTION}
HANDLE_SIGNS = (*_CUES, "UU", "U0", "AU", "A0", "@")
# In quotes after 网友 there may stand a title instead, and after @ an office.
_NO_HANDLE = re.compile(r"关于|反映|问题|投诉|咨询|建议|[？?！!]|[府局委办政布]$")


def find_handles(text: str, places: Places) -> Iterator[Finding]:
    """Yield user handles: 网友“…”, 网友 abc123, the serial user numbers of boards, @mentions."""
    for place, _ in places:
        for pattern in _OF_SIGN.get(text[place], _AFTER_CUE):
            match = pattern.match(text, place)
            if match and match.lastgroup and not _NO_HANDLE.search(match[match.lastgroup]):
                start, end = match.span(match.lastgroup)
                yield Finding(kind=Kind.HANDLE, start=start, end=end)
