"""What can be found, and the words that stand for it afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """A kind of personal detail; the value is what stands inside the placeholder."""

    PHONE = "电话"
    IDENTITY = "身份证"
    BANK_CARD = "银行卡"
    MAIL = "邮箱"
    QQ = "QQ"
    WECHAT = "微信"
    HANDLE = "账号"
    PLATE = "车牌"
    NAME = "姓名"
    ADDRESS = "门牌"
    DOCUMENT = "证件"
    NUMBER = "编号"
    BIRTH = "出生日期"
    POSITION = "坐标"
    LINK = "链接参数"

    @property
    def placeholder(self) -> str:
        """Return what is put in its place, for example 〔电话〕."""
        return f"〔{self.value}〕"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One personal detail: text[start:end] is of `kind`."""

    kind: Kind
    start: int
    end: int


PLACEHOLDER = re.compile("〔(?:" + "|".join(kind.value for kind in Kind) + ")〕")
