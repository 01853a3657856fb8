"""What a label on a board's page announces: 来信时间 → asked_at. Persons are skipped."""

from __future__ import annotations

import re
from collections.abc import Mapping

from crawler.importing.columns import NAMES, is_personal, plain_header

# The board's selectors by the field names that exports use, as far as the two are the same thing.
_AS_IN_EXPORTS = {
    "title": "title",
    "text": "body",
    "asked_at": "asked_at",
    "place": "place",
    "status": "status",
    "department": "department",
    "reply": "reply_text",
    "replied_at": "reply_date",
    "reply_department": "reply_department",
}
# What pages write and exports do not.
_ON_PAGES = {
    "title": "来信主题 信件主题 留言标题 标 题",
    "body": "来信正文 咨询内容 提问内容 投诉内容 问题内容 诉求 问题 网友提问 群众来信",
    "asked_at": (
        "来信日期 留言日期 提问时间 提问日期 咨询时间 写信时间 发信时间 提交日期 投诉时间 发布时间 发布日期 "
        "发表时间"
    ),
    "status": "信件状态 受理状态 回复状态 答复状态 当前状态 办理进度",
    "department": "受理部门 办理部门 处理部门 收信单位 收信部门 受信单位 咨询部门 主办部门 来信对象",
    "reply_text": "官方回复 单位回复 部门回复 单位答复 办理答复 回复意见 反馈内容 办理意见 处理意见 受理结果",
    "reply_department": "回复机构 答复机构 回复人单位",
    "reply_date": "反馈日期 办理时间 回复于 答复于",
}
FIELD_OF: Mapping[str, str] = {
    **{
        name: _AS_IN_EXPORTS[field]
        for field, names in NAMES.items()
        if field in _AS_IN_EXPORTS
        for name in names
        if not name.isascii()
    },
    **{name: field for field, names in _ON_PAGES.items() for name in names.split()},
}
_IP = re.compile(r"^ip(?:地址|属地)?$")
_WRITER = re.compile(r"网名|^(?:来信者|写信者|咨询者|提问者|咨询人|提问人|提交人|发信人|发件人)$")
_LETTER_WRITER = re.compile(r"^(?:来信|留言|写信|提问|咨询|投诉|反映|诉求|发信)(?:人|者)|网友|昵称|网名")
# A label within running text: "来信时间：". Longer ones are sentences.
LABEL_IN_TEXT = re.compile(
    r"([\u4e00-\u9fff][ \u3000]+[\u4e00-\u9fff]|[\u4e00-\u9fffA-Za-z]{1,10})\s*(?:：|:(?!\d|//))"
)


def field_of(label: str) -> str | None:
    """Return the board selector that a label announces, or None."""
    return FIELD_OF.get(plain_header(label))


def is_of_letter(label: str) -> bool:
    """Return whether only a letter has this label of a person: a notice has 联系人 and 联系电话, too."""
    return _LETTER_WRITER.search(plain_header(label)) is not None


def is_writers(label: str) -> bool:
    """Return whether what stands beside the label is the writer's, and must not be looked at."""
    plain = plain_header(label)
    return is_personal(label) or _IP.search(plain) is not None or _WRITER.search(plain) is not None
