"""Numbers that need no cue: phones, identity cards and bank cards, in any writing of digits.

A run of digits and separators is cut into groups; from each group on, the longest sequence of whole groups
that is a known kind of number is taken. So "138 0013 8000", "138-00138000" and "一三八零零一三八零零零"
are one case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from crawler.masking.kinds import Finding, Kind
from crawler.masking.lexicon import Places

HAN_DIGITS = "零〇○一幺壹二两贰貳三叁參四肆五伍六陆陸七柒八捌九玖"
_HAN_VALUES = "00011122223334455666778899"
_TO_DIGIT = dict(zip(HAN_DIGITS, _HAN_VALUES, strict=True))

SEPARATOR = r" \t\u00a0\u2000-\u200a\u3000\-－—–‐‑−_.．。·•・/~～()（）+、,，*:：|…【】\[\]“”"
_FEWEST = 10  # 021 and seven digits


# A class of plain ranges is searched for twice as fast as one with \d in it.
_RUN = re.compile(
    rf"[0-9{HAN_DIGITS}](?:[{SEPARATOR}]{{0,3}}+[0-9{HAN_DIGITS}]){{{_FEWEST - 1},}}+"
    rf"(?:[{SEPARATOR}]{{0,2}}[xX])?"
)
_GROUP = re.compile(rf"\d+|[{HAN_DIGITS}]+|[xX]")

_MOBILE = re.compile(r"(?:(?:00)?86)?0?1[3-9]\d{9}")
_MOBILES = re.compile(r"(?:1[3-9]\d{9}){2,3}")
# Administrative division codes, first two digits: GB/T 2260.
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
_MONTH_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_IDENTITY_18 = re.compile(rf"{_PROVINCE}\d{{4}}(?:18|19|20)\d\d{_MONTH_DAY}\d{{3}}[\dX]")
_IDENTITY_15 = re.compile(rf"{_PROVINCE}\d{{4}}\d\d{_MONTH_DAY}\d{{3}}")
# Issuer prefixes of cards met in China: 62, 60 UnionPay, 4 Visa, 5 MasterCard, 35 JCB, 9 old domestic ones.
_CARD = re.compile(r"(?:62|60|4\d|5\d|35|9\d)\d{14,17}")
# Area codes: 010, 02x with 8 digits, 03xx-09xx with 7 or 8 digits (national numbering plan).
_LANDLINE = re.compile(r"(?:(?:00)?86)?(0(?:10|2\d|[3-9]\d\d))[1-9]\d{6,7}")
_LANDLINE_ABROAD = re.compile(r"(?:00)?86((?:10|2\d|[3-9]\d\d))[2-8]\d{6,7}")
_EXTENSION = re.compile(
    r"\s*(?:[，,（(]?\s?(?:转|转接|分机号?|内线|ext\.?)|#|-|－|—)\s*[:：]?\s*\d{1,5}?(?=(?:19|20)\d\d\s?[年.]|\D|$)",
    re.IGNORECASE,
)
# A mobile number right behind other digits: 12013812345678.
_GLUED = re.compile(r"(?<![\d.．·])\d{1,6}(1[3-9]\d{9})(?!\d)")
# After a phone: 13812345678、87654321.
_SECOND_PHONE = re.compile(r"\s?[、,，/或和；;]\s?([2-8]\d{6,7})(?![\d元])")
# Letters that stand for digits: 138OO138OOO, l38….
_LETTERED = re.compile(r"(?<![A-Za-z0-9])[1lI](?:[\s\-]?[3-9])(?:[\s\-]?[\doOlI]){9}(?![A-Za-z0-9])")
_LETTER = re.compile("[A-Za-z]")
_LEAST_DIGITS = 5
LETTER_SIGNS = tuple(
    pair for letter in "oOlI" for digit in "0123456789" for pair in (letter + digit, digit + letter)
)
# Of a pair of brackets or quotation marks the closing one tells.
_OPENING = frozenset("【[“")
_HARMLESS_MARKS = frozenset(" \t\u3000()（）")
# Signs that stand between other figures far oftener: only the usual groups of a phone are one with them.
_SELDOM_BETWEEN = frozenset(",，、。:：|…【】[]“”")
_SURE_GROUPS = ([3, 4, 4], [4, 4, 3], [3, 3, 5])
_GROUPS = ([3, 4, 4], [3, 3, 5], [2, 11], [2, 3, 4, 4], [3, 8], [4, 8], [4, 7])
_QUANTITY = re.compile(r"\s*(?:元|万[元人吨户亩股]|亿|块钱|平方|平米|㎡|吨|股|公里|米|[%％])")

_OFFICE = (
    "局|委|办|厅|[一-龥]室|项目部|管理部|工作组|部门|区里|法官|工作人员|股|处(?<!住处)|科|所(?<!住所)|站|办公室|政府|中心|大厅|窗口|街道|热线|专线|队|院(?<!庭院)|学校|公司|银行|支行|管理部|法院"
    "|(?:我|本)[局办处院校司站所区县市们]|单位|服务台|前台|总机|县|市|区"
)
_SERVICE = (
    "咨询|服务|办公|值班|投诉|举报|监督|报修|客服|维修|抢修|预约|受理|便民|政策|业务|求助"
    "|报警|维权|信访|接待|应急|申诉|公示|来电|查询|订票|订餐|招生|招聘|办事"
)
# What an office says before its number, and no resident: 欢迎来电, 您可致电, 如有疑问请拨打.
_INVITED = (
    "详询|欢迎|咨询[请或]|您可|可以?致电|可以?拨打|可以?电话|可直接|疑问|电话咨询|来电咨询|联系我[们局办院校]|与我[们局办院校]"
    "|我[局办院校]|请用户|到本|其他问题|如需"
)
_OFFICE_LINE = re.compile(
    rf"(?:(?:{_OFFICE})(?:[（(][^（()）]{{1,8}}[)）])?的?用?[，,（(：:]?(?:24小时)?(?:联系|{_SERVICE})*(?:电话|座机|热线|专线)?"
    rf"|(?:{_SERVICE})(?:电话|热线|专线)|热线|(?:{_INVITED})[^。！？!?；;\n我家]{{0,14}})"
    r"(?:号码)?(?:为|是)?[\s:：（(]*$"
)
_OFFICE_BEHIND = re.compile(
    r"\s?这个(?:服务|咨询|办公|值班|客服)电话"
    r"|\s?[）)]?\s?(?:电话|座机|(?:这个|的)(?:服务|咨询|办公|值班)电话)?[，,]?\s?(?:进行|来电|欢迎来电|欢迎)?(?:咨询|查询|向我|与我[局办们中院]"
    r"|联系我局|[向与][^，。我]{2,12}(?:申请|咨询|举报|反映|联系)|[（(]?(?:办公室|征收办|行政办|值班室|传达室))"
)
_CALLED = re.compile(r"(?:拨打|致电|电话|热线|联系)(?:号码)?[\s:：为是]*$")
_RESIDENT = re.compile(
    r"(?:我(?!局|办的|办[电座固]|处|院|校|司|站|所|单位|中心|们)[^，。]{0,4}(?=座机|固)|我的?"
    r"|我家的?|本人的?|家里的?|家中的?|家庭|住宅|宅电|家电|他的?|她的?|联系人[^。，,]{0,8}"
    r"|业主|先生|女士)(?:固定|联系|办公)?"
    r"(?:电话|座机|固话|号码)?(?:号码)?(?:为|是)?[\s:：（(]*$"
)
_OFFICE_REACH = 32
_NO_MOBILE = re.compile(r"[(（]?(?:0\d{2,3}\D|0[2-9]|010|[2-8]\d{6,7}(?!\d))")
# One more line of the list that the line before it begins: 0745-2278452；辰溪县：0745-…
_LINE_BEFORE = re.compile(
    r"(?<!\d)(?P<line>(?:0\d{2,3}[\-－—]{0,2})?[2-8]\d{6,7})[、，,；;/和或）)\s（(][^\d。！？!?我家\n]{0,14}$"
)


@dataclass(frozen=True, slots=True)
class _Run:
    """A run as plain digits. `at[i]` is the text offset of digit i, `starts`/`ends` the group borders."""

    digits: str
    at: list[int]
    starts: list[int]
    ends: frozenset[int]


def find_numbers(text: str) -> Iterator[Finding]:
    """Yield phones, identity cards and bank cards, from left to right."""
    for match in _RUN.finditer(text):
        found = False
        for finding in _numbers_in(text, _read_run(text, match.start(), match.end())):
            found = True
            yield finding
        if not found and (glued := _GLUED.search(match[0])) and not _QUANTITY.match(text, match.end()):
            start, end = (match.start() + at for at in glued.span(1))
            yield Finding(kind=Kind.PHONE, start=start, end=end)


def find_lettered(text: str, _: Places) -> Iterator[Finding]:
    """Yield mobile numbers with letters for some of their digits."""
    for match in _LETTERED.finditer(text):
        if _LETTER.search(match[0]) and len(re.findall(r"\d", match[0])) >= _LEAST_DIGITS:
            yield Finding(kind=Kind.PHONE, start=match.start(), end=match.end())


def is_office_line(text: str, start: int, end: int) -> bool:
    """Return whether the words around text[start:end] say that it is an office's own line "
    "(docs/masking.md)."""
    reach = max(0, start - _OFFICE_REACH)
    if _RESIDENT.search(text, reach, start):
        return False
    if _OFFICE_LINE.search(text, reach, start):
        return True
    # Behind a space the next sentence may begin: 固话 0731-88886666 咨询此事无人理.
    apart = text[end : end + 1].isspace() and not _CALLED.search(text, reach, start)
    if not apart and _OFFICE_BEHIND.match(text, end):
        return True
    before = _LINE_BEFORE.search(text, reach, start)
    return before is not None and is_office_line(text, before.start("line"), before.end("line"))


def is_landline_of_office(text: str, finding: Finding) -> bool:
    """Return whether a phone found in an office's own words is its landline: not said to be a resident's."""
    if finding.kind is not Kind.PHONE or not _NO_MOBILE.match(
        plain_digits(text[finding.start : finding.end])
    ):
        return False
    return not _RESIDENT.search(text, max(0, finding.start - _OFFICE_REACH), finding.start)


def plain_digits(written: str) -> str:
    """Return `written` with every way of writing a digit as 0-9 and X in upper case."""
    return "".join(_plain(char) for char in written)


def _plain(char: str) -> str:
    if char.isdecimal():
        return str(int(char))
    return _TO_DIGIT.get(char, "X" if char in "xX" else char)


def _read_run(text: str, start: int, end: int) -> _Run:
    digits: list[str] = []
    at: list[int] = []
    starts: list[int] = []
    ends: set[int] = set()
    for group in _GROUP.finditer(text, start, end):
        if group[0] not in "xX":
            starts.append(len(digits))
        digits.extend(_plain(char) for char in group[0])
        at.extend(range(group.start(), group.end()))
        ends.add(len(digits))
    return _Run("".join(digits), at, starts, frozenset(ends))


def _numbers_in(text: str, run: _Run) -> Iterator[Finding]:
    taken = 0
    for start in run.starts:
        if start < taken:
            continue
        found = _number_at(text, run, start)
        if found is not None:
            kind, taken = found
            end = run.at[taken - 1] + 1
            if kind is Kind.PHONE and (extension := _EXTENSION.match(text, end)):
                end = extension.end()
            yield Finding(kind=kind, start=_with_bracket(text, run.at[start], end), end=end)
            if kind is Kind.PHONE and (second := _SECOND_PHONE.match(text, end)):
                yield Finding(kind=kind, start=second.start(1), end=second.end(1))


def _with_bracket(text: str, start: int, end: int) -> int:
    """Return `start`, or one less where the number opens with the bracket it closes: (0731) 8888 6666."""
    closes = ")" in text[start:end] or "）" in text[start:end]
    return start - 1 if closes and text[start - 1 : start] in ("(", "（", "+") else start


def _number_at(text: str, run: _Run, start: int) -> tuple[Kind, int] | None:
    """Return the kind and the end of the number whose first digit is `start`, or None."""
    digits = run.digits
    long_end = next(
        (end for end in range(min(start + 19, len(digits)), start, -1) if _is_one(text, run, start, end)),
        start,
    )
    if (match := _IDENTITY_18.match(digits, start, long_end)) and _ends_at(text, run, match.end()):
        return Kind.IDENTITY, match.end()
    for end in range(long_end, start + 15, -1):
        if (
            _ends_at(text, run, end)
            and _CARD.fullmatch(digits, start, end)
            and passes_luhn(digits[start:end])
        ):
            return Kind.BANK_CARD, end
    for pattern in (_MOBILES, _MOBILE):
        if (match := pattern.match(digits, start)) and _ends_at(text, run, match.end()):
            return (Kind.PHONE, match.end()) if _is_written_as_phone(text, run, start, match.end()) else None
    if (match := _IDENTITY_15.match(digits, start, long_end)) and _ends_at(text, run, match.end()):
        return Kind.IDENTITY, match.end()
    return _landline_at(text, run, start)


# The next sentence may begin with a figure and no space: "…13800138000" + "2、" or + "2019年".
_LISTED = re.compile(r"[、,，。/~～()（）+*:：|…【】\[\]“”]|[-－—][^-－—]*[.．·]|[.．·][^.．·]*[-－—]")
_NEXT_SENTENCE = re.compile(
    r"(?:\d{1,2}(?![.．]\d)[、.．,，)）:：日月/栋号楼座名个\s]|(?:19|20)\d\d\s?[年.\-/—])"
)


def _ends_at(text: str, run: _Run, end: int) -> bool:
    """Return whether a number may end before digit `end`: where a group ends, or the next "
    "sentence begins."""
    return end in run.ends or (end < len(run.at) and _NEXT_SENTENCE.match(text, run.at[end]) is not None)


def _is_one(text: str, run: _Run, start: int, end: int) -> bool:
    """Return whether the digits are written as one long number, not as a list of room numbers or sums."""
    marks = text[run.at[start] : run.at[end - 1] + 1]
    groups = sum(start <= border < end for border in run.starts)
    return _LISTED.search(marks) is None and (groups <= 9 or groups == end - start)


def _landline_at(text: str, run: _Run, start: int) -> tuple[Kind, int] | None:
    for pattern in (_LANDLINE, _LANDLINE_ABROAD):
        for length in (8, 7):
            match = pattern.match(run.digits, start)
            if match is None:
                break
            area_end = match.end(1)
            end = area_end + length
            split_area = any(match.start(1) < border < area_end for border in run.ends)
            if _ends_at(text, run, end) and not split_area and _is_written_as_phone(text, run, start, end):
                return None if is_office_line(text, run.at[start], run.at[end - 1] + 1) else (Kind.PHONE, end)
    return None


def _is_written_as_phone(text: str, run: _Run, start: int, end: int) -> bool:
    """Tell a phone from an amount, a decimal or a list of small numbers that happen to have its digits."""
    first, last = run.at[start], run.at[end - 1] + 1
    if _QUANTITY.match(text, last) or text[max(0, first - 1) : first] in ("¥", "￥", "$"):
        return False
    if first >= 2 and text[first - 1] in ".．" and text[first - 2].isdecimal():
        return False
    between = [text[run.at[i - 1] + 1 : run.at[i]] for i in range(start + 1, end)]
    marks = "".join(between)
    sizes = [len(group[0]) for group in _GROUP.finditer(text, first, last)]
    if len(set(marks) - _HARMLESS_MARKS - _OPENING) > 1:
        return False
    if last < len(text) and text[last].isdecimal() and len(sizes) > 1 and sizes not in _GROUPS:
        return False
    if not _SELDOM_BETWEEN.isdisjoint(marks):
        return sizes in _SURE_GROUPS
    if marks in (".", "．"):
        return sizes in ([3, 8], [4, 8], [4, 7], [7, 4])
    return True


def passes_luhn(digits: str) -> bool:
    """Return whether the check digit is right (ISO/IEC 7812-1)."""
    total = 0
    for index, char in enumerate(reversed(digits)):
        value = int(char) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def passes_identity_check(digits: str) -> bool:
    """Return whether an 18-digit identity number ends in its right check character (GB 11643-1999)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(char) * weight for char, weight in zip(digits, weights, strict=False))
    return digits[17] == "10X98765432"[total % 11]
