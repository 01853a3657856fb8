"""Which column of an export is what. Columns that hold persons are known only to be passed over."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crawler.lined_yaml import read_lined_yaml
from records.errors import ConfigurationError, nearest

# Header names by field, as exports of Chinese hotlines and message boards, Open311 and the real messages
# write them. The first that a file has wins.
NAMES: Mapping[str, tuple[str, ...]] = {
    field: tuple(names.split())
    for field, names in {
        "id": (
            "编号 工单编号 留言编号 信件编号 诉求编号 事件编号 受理编号 工单号 流水号 "
            "来信编号 id native_id service_request_id"
        ),
        "title": ("主题 标题 留言主题 诉求标题 工单标题 信件标题 来信标题 title subject service_name"),
        "text": (
            "内容 诉求内容 留言详情 留言内容 信件内容 来信内容 工单内容 问题描述 诉求描述 "
            "事件描述 反映内容 正文 text content body description message"
        ),
        "asked_at": (
            "时间 受理时间 留言时间 来电时间 来信时间 提交时间 登记时间 创建时间 诉求时间 "
            "反映时间 受理日期 日期 asked_at date created_at requested_datetime"
        ),
        "place": (
            "区域 地点 所属区域 事发地点 事发地址 事发区域 诉求区域 区县 所属区县 所在地区 "
            "行政区划 街道 place district"
        ),
        "status": "状态 办理状态 工单状态 处理状态 留言状态 status",
        "department": (
            "承办单位 办理单位 责任单位 主办单位 处理单位 受理单位 承办部门 责任部门 部门 "
            "addressed_to department agency_responsible"
        ),
        "reply": ("答复 答复意见 答复内容 回复 回复内容 办理结果 处理结果 办理情况 reply status_notes"),
        "replied_at": ("答复时间 回复时间 办结时间 反馈时间 答复日期 回复日期 replied_at updated_datetime"),
        "reply_department": "答复单位 回复单位 答复部门 回复部门 reply_department",
        "votes_up": "点赞数 点赞 支持数 likes votes_up",
        "votes_down": "反对数 反对 点踩数 dislikes votes_down",
        "rating": "满意度 评价 评分 满意度评价 rating",
        "url": "链接 网址 url",
    }.items()
}
REQUIRED = ("text", "asked_at")

# Never read: who wrote, called, or handled the case as a person.
_PERSONAL = re.compile(
    r"姓名|姓氏|电话|手机|号码|联系人|联系方式|身份证|证件|住址|家庭|户籍|籍贯|通讯地址|联系地址|^地址$"
    r"|用户|网友|昵称|头像|账号|帐号|邮箱|邮件|电邮|微信|qq|作者|性别|年龄|出生|民族|职业|车牌|银行|市民$"
    r"|(?:来电|来信|诉求|反映|投诉|举报|写信|留言|当事|申请|经办|承办|受理|登记|处理|办理)人|话务员|坐席|接线员"
    r"|经度|纬度|坐标"
    r"|(?:^|_)(?:name|author|user|username|userid|nick|nickname|avatar|uid|openid|phone|tel|telephone|mobile"
    r"|email|mail|contact|address|gender|sex|age|birthday|account|device|lat|long|lng|longitude|latitude|media"
    r")(?:_|$)"
)
# Open311's word for what a request is about.
_NO_PERSONS = frozenset({"service_name"})
_FIELD_OF = {name: field for field, names in NAMES.items() for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of one file. `by_field` maps our field to the file's header, in the file's own spelling."""

    by_field: Mapping[str, str]
    personal: tuple[str, ...]
    unused: tuple[str, ...]


def plain_header(header: str) -> str:
    """Return a header without width, case, blanks, brackets and marks: "受理时间（年月日）" → "受理时间"."""
    text = unicodedata.normalize("NFKC", header).lower()
    text = re.sub(r"\(.*?\)|\[.*?\]|【.*?】", "", text)
    return re.sub(r"[\s:*·]+", "", text)


def is_personal(header: str) -> bool:
    """Return whether a header names something about a person."""
    plain = plain_header(header)
    return plain not in _NO_PERSONS and _PERSONAL.search(plain) is not None


def count_known(headers: Iterable[str]) -> int:
    """Return how many different fields the headers name, by which a header row is found."""
    return len({_FIELD_OF[plain] for header in headers if (plain := plain_header(header)) in _FIELD_OF})


def guess_columns(headers: Sequence[str]) -> Columns:
    """Return the columns of `headers` by their names; of two for one field, the first in NAMES wins."""
    by_field: dict[str, str] = {}
    plain = {plain_header(header): header for header in reversed(headers) if header}
    for field, names in NAMES.items():
        header = next((plain[name] for name in names if name in plain), None)
        if header is not None and not is_personal(header):
            by_field[field] = header
    return _columns(headers, by_field)


def map_columns(headers: Sequence[str], mapping: Mapping[str, str], *, file: str) -> Columns:
    """Return the columns that `mapping` (our field → the file's header) names, and no guesses.

    Raises ConfigurationError: an unknown field, a header that the file has not, a header that names a person.
    """
    by_field: dict[str, str] = {}
    plain = {plain_header(header): header for header in headers if header}
    for field, wanted in mapping.items():
        if field not in NAMES:
            hint = nearest(field, NAMES) or f" (one of {', '.join(NAMES)})"
            raise ConfigurationError(f'mapping: field "{field}" is unknown{hint}')
        if is_personal(wanted):
            raise ConfigurationError(
                f'mapping: column "{wanted}" names a person and is never read (remove it)'
            )
        header = plain.get(plain_header(wanted))
        if header is None:
            hint = nearest(wanted, plain.values()) or f" (it has: {', '.join(plain.values())})"
            raise ConfigurationError(f'mapping: file "{file}" has no column "{wanted}" for {field}{hint}')
        by_field[field] = header
    return _columns(headers, by_field)


def require_columns(columns: Columns, headers: Sequence[str], *, file: str) -> None:
    """Raise ConfigurationError where a field that every post needs has no column."""
    for field in REQUIRED:
        if field not in columns.by_field:
            has = ", ".join(header for header in headers if header and not is_personal(header)) or "none"
            raise ConfigurationError(
                f'file "{file}": no column for {field} (for example "{NAMES[field][1]}"); '
                f"it has: {has} (name the right one in a mapping)"
            )


def load_mapping(path: Path) -> dict[str, str]:
    """Return the mapping of a YAML file, "field: header" a line. Raises ConfigurationError."""
    lined = read_lined_yaml(path)
    if not isinstance(lined.data, dict) or not all(isinstance(value, str) for value in lined.data.values()):
        raise ConfigurationError(
            f'mapping "{path}": write one "field: column" a line (for example "text: 诉求内容")'
        )
    return {str(field): header for field, header in lined.data.items()}


def _columns(headers: Sequence[str], by_field: Mapping[str, str]) -> Columns:
    used = set(by_field.values())
    personal = tuple(header for header in headers if header and is_personal(header))
    unused = tuple(header for header in headers if header and header not in used and header not in personal)
    return Columns(by_field=by_field, personal=personal, unused=unused)
