"""What a text on a page is by its look alone: a date, a status, an office."""

from __future__ import annotations

import re

from crawler.extraction import DATE_IN_TEXT

# A shorter text is a heading or a fact, no letter.
MIN_TEXT = 8
# A date with what stands around it ("发布于 2024-03-01 10:00 浏览 12") is no longer than this.
_MAX_DATE = 40
_STATUS = re.compile(
    r"^[【\[]?(?:已|未|待|正在)?(?:办理|办结|回复|答复|处理|受理|转办|采纳|审核|解决)(?:中|完毕|完成)?[】\]]?$"
)
_OFFICE = re.compile(
    r"^[\u4e00-\u9fff]{2,20}(?:局|委|委员会|办|办公室|处|中心|街道|镇|乡|公司|政府|院|大队|支队|所|站|部|厅|学校|信访室)$"
)


def is_date(text: str) -> bool:
    """Return whether the text tells one whole date and little else."""
    return len(text) <= _MAX_DATE and len(set(DATE_IN_TEXT.findall(text))) == 1


def is_status(text: str) -> bool:
    """Return whether the text is how far a message has come: 已回复, 办理中."""
    return _STATUS.match(text) is not None


def is_office(text: str) -> bool:
    """Return whether the text is the name of an office and nothing else."""
    return _OFFICE.match(text) is not None
