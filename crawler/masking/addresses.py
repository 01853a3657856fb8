"""Exact addresses, coordinates and dates of birth. The estate, the road and the building alone stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from string import ascii_letters, digits

from crawler.masking.kinds import Finding, Kind
from crawler.masking.lexicon import Places

_HAN = "零〇○一二三四五六七八九十百壹贰叁肆伍陆柒捌玖拾"
_DASHES = "-－—–~之"
_DASH = r"\-－—–~之"
_BUILDING = (
    rf"(?<![A-Za-z0-9])(?:[A-Za-z]?\d{{1,4}}[A-Za-z]?|[{_HAN}]{{1,5}}"
    rf"|[A-Za-z]{{1,2}}|[东西南北中甲乙丙丁])"
    rf"\s?(?:号栋|号楼|栋楼|[#＃]栋|[#＃]楼|栋|幢|座|[#＃]|号院|号)"
)
_UNIT = (
    rf"\s?[,，、{_DASH}]?\s?第?(?:\d{{1,2}}|[{_HAN}]{{1,3}}"
    rf"|[甲乙丙丁东西南北中左右A-Fa-f])\s?(?:单元|门栋|门洞|门|号门|梯|号梯|座)"
)
_FLOOR = rf"\s?[,，、{_DASH}]?\s?[第负]?(?:\d{{1,2}}|[{_HAN}]{{1,3}})\s?(?:楼|层|F)"
# A room is 3-4 digits; what follows must not make it a count, a size, a price or a year.
_NEXT_SENTENCE = r"(?:19|20)\d\d\s?[年.\-/]|\d{1,2}[、，：:]"
_COUNTED = (
    r"\d|人|[\d.．]*(?:天|月(?!亮))|[\d.．]*\s?(?:平|㎡|m|M|米|元|户(?!主)|套|年|个|间|多|余|万|亿|名|栋|幢|单元"
    r"|吨|升|斤|公斤|伏|千伏|瓦|级|条|只|头|棵|株|块|层|次|辆|台|期|公里|千|百|%|％"
    r"|[-/.．]\d{1,2}[-/.．月])"
)
_NOT_ROOM = rf"(?:(?={_NEXT_SENTENCE})|(?!{_COUNTED}))"
# 1栋110f is a building of a height.
_LETTER_BEHIND = "(?![Ff])[A-Za-z]?(?![Ff])"
_ROOM = (
    rf"(?!\s?[,，、{_DASH}]{{1,2}}\s?0)\s?[,，、{_DASH}]{{0,2}}\s?"
    rf"(?:\d{{1,2}}[{_DASH}])?[A-Za-z]?\d{{3,4}}{_LETTER_BEHIND}{_NOT_ROOM}\s?(?:号房|号室|室|房间"
    rf"|房|号|户)?"
)
_ROOM_SURE = (
    rf"\s?[,，、{_DASH}]{{0,2}}\s?第?[A-Za-z]?\d{{3,4}}+[A-Za-z]?(?!\s?[多余个年])"
    r"\s?(?:号房|号室|室|房间|房|号|户)?"
)
_ROOM_HAN = rf"\s?[,，]?\s?[零〇○一二三四五六七八九]{{3,4}}(?:号房|号室|室|房|号|户)?(?![{_HAN}楼层])"
_ROOM_SMALL = (
    rf"\s?[,，、{_DASH}]?\s?第?(?:[A-Za-z]?\d{{1,4}}|[{_HAN}]{{1,4}})\s?(?:号房|号室|室|号"
    rf"(?![电梯楼栋门车线井地库商]))"
)
_SIDE = r"\s?(?:[东西南北中左右][边侧手]?[户室]|[左右](?:[边侧手]|(?=[，。,、；;\s]|$)))"
_ROOMS = rf"(?:{_ROOM}|{_ROOM_HAN})"
_ROOM_DASHED = (
    rf"\s?\d{{1,2}}[{_DASH}]\d{{1,2}}(?![\d{_DASH}.套户层栋人个米元万年月])(?:号房|号室|室|房间|房|号)?"
)
_INSIDE = rf"(?:{_ROOMS}|{_ROOM_SMALL}|{_ROOM_DASHED}|{_SIDE})"
_MORE = r"(?:\s?[,，、和及/]\s?\d{3,4}(?:室|房|号)(?!\d))*"

_EXACT = re.compile(
    rf"{_BUILDING}(?:{_UNIT}(?:{_FLOOR}{_INSIDE}?|{_ROOM_SURE}|{_INSIDE})|{_FLOOR}{_INSIDE}"
    rf"|(?<!号){_ROOMS})(?:{_SIDE})?{_MORE}"
)
_UNIT_ROOM = re.compile(rf"(?:\d{{1,2}}|[{_HAN}]{{1,2}})单元(?:{_FLOOR})?(?:{_INSIDE})")
_TRIPLE = (
    rf"(?<![\dA-Za-z.{_DASH}/])[A-Za-z]?\d{{1,3}}\s?[{_DASH}]\s?\d{{1,2}}\s?[{_DASH}]\s?\d"
    rf"{{3,4}}(?:室|房|号|户)?(?![\d.]|\s?[{_DASH}/年]\s?\d|\s?(?:年|米|元|平|m))"
)
_ESTATE_ROOM = (
    rf"(?<=[苑园城府庭区湾墅郡座里居庄寓邸阁轩楼院舍期])\s?[A-Za-z]?\d{{1,3}}\s?[{_DASH}]\s"
    rf"?(?:\d{{1,2}}\s?[{_DASH}]\s?\d{{2,4}}|\d{{3,4}})(?:室|房|号|户)?"
    rf"(?![\d.]|\s?(?:户|栋|号栋|期|年|米|元|平|㎡|m|人|[{_DASH}/]\s?\d|[、，,]\s?\d{{1,3}}[{_DASH}]))"
)
_DASHED = re.compile(f"{_TRIPLE}|{_ESTATE_ROOM}")
_ROOM_ALONE = re.compile(
    rf"(?<![\d.A-Za-z{_DASH}〔])[A-Za-z]?\d{{3,4}}[A-Za-z]?(?:号房|号室|房间|房号|室|房)"
    r"(?!产|[间子型价款东租源屋补改]|[）)]?(?:开庭|办公|报名|领取|办理|进行|参加|咨询|窗口|会议))"
)
_OFFICE_ROOM = re.compile(
    r"(?:局|委|厅|政府|中心|大厅|机关|办公室|办公楼|办公大楼|院(?<![庭大小]院)|学校|大学"
    r"|教学楼|派出所|银行|酒店|宾馆|信访|窗口|保险|科|处|站|村委会|会议|教)"
    r"[^，。；！？\n]{0,12}$"
)
_LANE = re.compile(r"\d{1,4}弄\s?\d{1,4}号\s?(?:\d{1,2}号?楼)?\s?\d{3,4}(?:室|房|号)?(?!\d)")
_RURAL = re.compile(
    rf"(?:(?<=[组队屯])\s?(?:\d{{1,4}}|[{_HAN}]{{1,4}})|(?<=村)(?<!新村)\d{{1,4}})号(?:附\d+号)?(?![线车文楼栋路地桥机井公令标门台])"
)

_LATITUDE = r"(?:[1-4]?\d|5[0-4])(?:\.|．)\d{3,}"
_LONGITUDE = r"(?:7[3-9]|[89]\d|1[0-2]\d|13[0-6])(?:\.|．)\d{3,}"
_COMPASS = r"\s?[°度]?\s?[NEne]?"
_BETWEEN = r"\s?[,，、;；/\s|]\s?"
_POSITION = re.compile(
    rf"(?<![\d.])(?:[NEne]\s?)?(?:{_LONGITUDE}{_COMPASS}(?:{_BETWEEN}|(?=[NEne]))(?:[NEne]\s?)?{_LATITUDE}"
    rf"|{_LATITUDE}{_COMPASS}(?:{_BETWEEN}|(?=[NEne]))(?:[NEne]\s?)?{_LONGITUDE}){_COMPASS}(?!\d)"
)
_DEGREES = (
    r"\d{1,3}(?:[.．]\d+)?(?:\s?[°度º]\s?(?:\d{1,2}(?:\.\d+)?\s?[′'’分]\s?(?:\d{1,2}"
    r"(?:\.\d+)?\s?[″\"”’'秒])?)?)?\s?[NEne]?"
)
_POSITION_CUED = re.compile(
    rf"(?:东经|北纬|经度|纬度|(?i:longitude|latitude|lng|lat|lon))(?:为|是)?[\s:：=\"']{{0,4}}"
    rf"(?P<value>(?=\d+\s?[°度º.．])(?>{_DEGREES}))(?!\d|\s?[~～至到\-－—])"
)
_DMS = r"\d{1,3}\s?[°º]\s?\d{1,2}(?:\.\d+)?\s?[′'’](?:\s?\d{1,2}(?:\.\d+)?\s?(?:[″\"”]|''|’’)?)?"
_POSITION_DMS = re.compile(rf"[NEne]?\s?{_DMS}\s?[NEne]?[\s,，、;；/]{{0,2}}[NEne]?\s?{_DMS}\s?[NEne]?")
# 坐标（112.98，28.11）: too coarse to be told without the word.
_POSITION_COARSE = re.compile(
    r"(?:坐标|GPS|定位|经纬度)[是为：:\s（(]{0,3}(?P<value>\d{2,3}\.\d+\s?[,，、;；/\s]\s?\d{2,3}\.\d+)"
)
POSITION_SIGNS = (
    *("坐标", "GPS", "定位", "º"),
    *("经度", "纬度", "东经", "北纬", "°", "lng", "lat", "lon", "Lng", "Lat", "Lon"),
    *(point + "".join(three) for point in ".．" for three in product(digits, repeat=3)),
)
_POSITION_SIGN = re.compile(r"[.．]\d{3}|[经纬]度?[为是]?[\s:：=]{0,3}\d|[°º]|[标位度S][是为：:\s（(]{1,3}\d")


_YEAR = r"(?:19|20)?\d\d"
_DATE = (
    rf"(?>(?:农历|阴历|公历|阳历)?\s?{_YEAR}\s?(?:年|[-－—./．、])\s?\d{{1,2}}(?:\s?"
    rf"(?:月份?|[-－—./．、])(?:\s?\d{{1,2}}(?:\s?[日号])?)?)?"
    rf"|(?:19|20)\d{{2}}(?:0[1-9]|1[0-2])(?:[0-3]\d)?(?!\d)"
    rf"|[一二]?[零〇○一二三四五六七八九]{{2,3}}年[一二三四五六七八九十元正冬腊]{{1,2}}月"
    rf"(?:[初廿]?[一二三四五六七八九十]{{1,3}}日?)?"
    rf"|(?:农历|阴历)?(?:\d{{1,2}}|[一二三四五六七八九十正冬腊]{{1,2}})月(?:\d{{1,2}}"
    rf"|[初廿]?[一二三四五六七八九十]{{1,3}})[日号]?)"
)
_RANGE_AFTER = (
    r"(?!(?:以?前(?![期几面来去天])|以?后(?![来续面期])|之前|之后|至(?![今此])|到(?!了)|起"
    r"|（含|\(含|及以|~|—))"
)
_BIRTH_PREFIX = re.compile(
    rf"(?:出生日期|出生年月日|出生年月|出生时间|出生于|出生在|生辰|"
    rf"生于(?<![先学医考新发产业诞毕]生于)|生日|出生|birthday|Birthday|DOB|dob)(?:为|是|在"
    rf"|于)?[\s:：=]{{0,3}}(?P<value>{_DATE}){_RANGE_AFTER}"
)
_BIRTH_YEAR = re.compile(
    rf"(?:出生日期|出生年月|出生年份|出生于|生于(?<![先学医考新发产业诞毕]生于))(?:为"
    rf"|是)?[\s:：]{{0,3}}(?P<value>(?:19|20)\d\d年?){_RANGE_AFTER}"
)
_BORN = re.compile(
    r"生日|出生(?!证|率|的?(?:适龄|儿童|幼儿|孩子|小孩|人口|新生儿|人员|可以|可享)|日期|前|后|或|持有|至今)|生人|生"
    r"(?<=[年月日号]生)(?=[，,。；;（()）\s的]|$)|生(?<=\d生)(?=[，,。；;]|$)"
)
_DATE_BEFORE = re.compile(rf"(?P<value>{_DATE})\s?$")
_DATE_REACH = 24
_RANGE_MARKS = ("至", "到", "-", "－", "—", "–", "~", "～")
# A year alone is a person's only beside a person: 1985年出生的人员 is policy.
_BIRTH_OF_SOMEBODY = re.compile(
    r"(?:我|本人|他|她|孩子|儿子|女儿|小孩|宝宝)(?:是|于|在|系)?\s?(?P<value>(?:19|20)?\d\d年)(?:出生|生人|生(?=[，,。；;的]|$))"
)
_BIRTH_SEX = re.compile(
    rf"(?<=[男女])[性]?\s?[，,、；; ]\s?(?P<value>{_DATE})(?=\s?(?:[，,。；;）)\s]|出?生))"
)


# 楼上1803, 302业主; but 2019业主大会 and 近500业主.
_NEIGHBOUR = re.compile(
    r"(?:(?<=楼上)|(?<=楼下)|(?<=隔壁)|(?<=我住)|(?<=家住)|(?<=住在))(?!(?:19|20)\d\d)\d{3,4}(?=[室房号户业住的，。,、\s]|$)"
    r"|(?<![\d.\-共近约有余超全达等名的第])(?!20)[1-9]\d?(?:0[1-9]|1[0-2])(?=(?:业主|住户|租户|户主)(?![代委]))"
)
_HOUSES = "栋幢座楼号#＃院"
_MARKS = "、，, \t\n\u3000" + _DASHES
_AFTER_HOUSE = ascii_letters + digits + _HAN + "东西南北甲乙丙丁左右第"
# Each pattern with the signs of which one must be there: it starts with too many characters to be tried
# everywhere.
FORMS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (
        _EXACT,
        (
            *(house + after for house in _HOUSES for after in _AFTER_HOUSE),
            *(
                house + mark + after
                for house in _HOUSES
                for mark in _MARKS
                for after in _AFTER_HOUSE + _MARKS
            ),
        ),
    ),
    (_UNIT_ROOM, ("单元",)),
    (
        _DASHED,
        tuple(
            dash + space + "".join(two)
            for dash in _DASHES
            for space in ("", " ")
            for two in product(digits, repeat=2)
        ),
    ),
    (
        _RURAL,
        (
            *(group + after for group in "组队屯" for after in digits + _HAN + " "),
            *("村" + after for after in digits),
        ),
    ),
    (_LANE, tuple("弄" + after for after in digits)),
    (
        _NEIGHBOUR,
        (
            *(word + digit for word in ("楼上", "楼下", "隔壁", "我住", "家住", "住在") for digit in digits),
            *(digit + word for digit in digits for word in ("业主", "住户", "租户", "户主")),
        ),
    ),
)
ROOM_SIGNS = tuple(before + room for before in ascii_letters + digits + "号" for room in "房室")


# Room for what a sign stands in: the building before it, the unit, floor and room behind it.
_BEFORE_SIGN, _BEHIND_SIGN = 12, 48


def _windows(text: str, places: Places) -> Iterator[tuple[int, int]]:
    """Yield the stretches around the places, those that touch as one."""
    start = end = -1
    for place, _ in sorted(places):
        if place - _BEFORE_SIGN > end:
            if end >= 0:
                yield start, end
            start = max(0, place - _BEFORE_SIGN)
        end = place + _BEHIND_SIGN
    yield start, end


def find_form(pattern: re.Pattern[str], text: str, places: Places) -> Iterator[Finding]:
    """Yield the addresses of one of the FORMS."""
    for start, end in _windows(text, places):
        for match in pattern.finditer(text, start, end):
            yield Finding(kind=Kind.ADDRESS, start=match.start(), end=match.end())


def find_lone_rooms(text: str, places: Places) -> Iterator[Finding]:
    """Yield rooms without their building, outside offices."""
    for start, end in _windows(text, places):
        for match in _ROOM_ALONE.finditer(text, start, end):
            if not _OFFICE_ROOM.search(text, max(0, match.start() - 24), match.start()):
                yield Finding(kind=Kind.ADDRESS, start=match.start(), end=match.end())


def find_positions(text: str, places: Places) -> Iterator[Finding]:
    """Yield pairs of coordinates inside China, and single ones after a cue."""
    for start, end in _windows(text, places):
        if not _POSITION_SIGN.search(text, start, end):
            continue
        for match in _POSITION.finditer(text, start, end):
            yield Finding(kind=Kind.POSITION, start=match.start(), end=match.end())
        for match in _POSITION_DMS.finditer(text, start, end):
            yield Finding(kind=Kind.POSITION, start=match.start(), end=match.end())
        for match in _POSITION_COARSE.finditer(text, start, end):
            yield Finding(kind=Kind.POSITION, start=match.start("value"), end=match.end("value"))
        for match in _POSITION_CUED.finditer(text, start, end):
            yield Finding(kind=Kind.POSITION, start=match.start("value"), end=match.end("value"))


_WITH_YEAR = re.compile(r"年|^\d\d[\d.\-/]")
_BORN_SIGNS = (
    "出生",
    "生日",
    "生辰",
    "生于",
    "生人",
    "日生",
    "月生",
    "年生",
    "号生",
    "irth",
    "DOB",
    "dob",
    *(d + "生" for d in digits),
)
BIRTH_SIGNS = (*_BORN_SIGNS, *(sex + mark for sex in ("男", "女", "男性", "女性") for mark in "，,、；; "))
_SEX_SIGN = re.compile(rf"[男女]性?\s?[，,、；; ]\s?[\d{_HAN}农阴公阳]")


def find_births(text: str, places: Places) -> Iterator[Finding]:
    """Yield dates of birth. Cut-off dates ("8月31日以前出生") are policy, not persons: they stay."""
    if any(text.startswith(_BORN_SIGNS, start) for start, _ in places):
        for pattern in (_BIRTH_PREFIX, _BIRTH_YEAR, _BIRTH_OF_SOMEBODY):
            for match in pattern.finditer(text):
                yield Finding(kind=Kind.BIRTH, start=match.start("value"), end=match.end("value"))
        for born in _BORN.finditer(text):
            date = _DATE_BEFORE.search(text, max(0, born.start() - _DATE_REACH), born.start())
            # A day without a year is a cut-off date: 8月31日出生 may enrol.
            if (
                date
                and text[date.start("value") - 1 : date.start("value")] not in _RANGE_MARKS
                and (_WITH_YEAR.search(date["value"]) or date["value"][:2] in ("农历", "阴历"))
            ):
                yield Finding(kind=Kind.BIRTH, start=date.start("value"), end=date.end("value"))
    if ("男" not in text and "女" not in text) or not _SEX_SIGN.search(text):
        return
    for match in _BIRTH_SEX.finditer(text):
        yield Finding(kind=Kind.BIRTH, start=match.start("value"), end=match.end("value"))
