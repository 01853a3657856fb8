"""Names of which only a part is there (张某某, 张总, 小张), or told by their own form (买买提·吐尔逊)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.masking.lexicon import Places
from crawler.masking.name_shape import ENDINGS, TOP, ends_clearly, is_bounded, is_free, is_given, with_last
from crawler.masking.surnames import BOUNDARY, COMPOUND, ORDINARY, PARTICLES, STRONG, WEAK

_SOME = re.compile("某+")
_SOME_THING = frozenset("领省些个位种年月日天处地公小单村镇乡市县区路栋")
# 江苏某化工厂, 南宁某住宅区: the place before it ends like a surname.
_SOME_OFFICE = re.compile(
    r"(?:(?![在的到与去向和从给被把对是于有曾因为找家说])[\u4e00-\u9fff]){0,3}?(?:公司|厂|酒店|小区|住宅|学校|单位|部队|工地|银行|医院|企业|机关|超市|楼盘|商场|农场|网站)"
)
_CROSS = "xX×*＊○◯〇□█_＿"
_CROSSES = re.compile(rf"[{_CROSS}]{{1,3}}(?![A-Za-z\d{_CROSS}])")
_PERSON = (
    "女士|先生|男子|女子|业主|村民|居民|老板|经理|负责人|工作人员|领导|住户|老人|师傅"
    "|同志|户主|司机|男士|妇女|主任|警官|医生|老师|律师|阿姨|校长|科长|局长|书记|副"
)
_PERSONS = tuple(_PERSON.split("|"))
_SURNAMED = re.compile(rf"姓(?=的?(?:{_PERSON})|.的?(?:{_PERSON}|[，。,、！!\s（(]|$))")
_SURNAME_AND_NAME = re.compile(
    r"姓(?P<surname>[\u4e00-\u9fff]{1,2})[，,、\s]{0,2}(?:单?名叫?|(?:全|大)?名叫?做?|叫做?)我?\s?"
    r"(?P<given>[\u4e00-\u9fff]{1,4}?)(?=[，。、,.；;！!\s（(的]|就行|即可|就好|$)"
)
# 王局, 李总, 张校: only between words that a person may stand between.
_SHORT_TITLE = re.compile("[总局校队处所科院站工董](?<=[{}].)".format("".join(sorted(STRONG))))
_BEFORE_PERSON = frozenset("找是请给和与位叫向对跟由被让的问友居业事人导托员")
_AFTER_PERSON = frozenset("您说答承回表告让叫也就来在的你都把是反去要跟不没")
_NICKNAMED = TOP | frozenset("林郑梁唐许韩冯董蔡蒋杜魏苏吕丁沈姜崔谭陆汪贾邹孟秦邱侯薛尹戴贺龚")
_NICKNAME = re.compile(f"[小老](?=[{''.join(sorted(_NICKNAMED))}])")
_BROTHER = re.compile(r"阿(?!拉伯)(?=[\u4e00-\u9fff](?:哥|姐|叔|婶|伯|妹)(?!妹))")
# The characters that names of Uyghurs, Kazakhs, Tibetans and Mongols are written with.
_SOUNDS = (
    "阿艾热依古丽买提江汗木孜吐尔逊帕娜努克拜扎西卓玛次仁旺久多吉才让央金达瓦平措罗布格桑巴图其日勒乌兰斯钦那"
    "孟和伊力亚库肯别塔迪沙赛麦合合提祖拉姆热希穆罕默德萨迪克哈孜玉山卡德尔奴再吾排则尼牙居马洛"
    "索朗德吉贡嘎顿珠曲丹增白娜苏尔比娅加娃甫"
)
_DOTTED = re.compile(r"[·•‧・](?<=[\u4e00-\u9fff].)(?=[\u4e00-\u9fff]{2})")
_SOUNDED = re.compile(rf"[{_SOUNDS}]+")
_SOUNDED_BACK = re.compile(rf"[{_SOUNDS}]{{2,8}}$")
_SHORTEST_SOUNDED = 2
_SOUND_TITLES = ("同志", "先生", "女士", "老师", "医生", "书记", "主任")
_SOUNDED_TITLED = re.compile(rf"(?<![\u4e00-\u9fff])[{_SOUNDS}]{{3,8}}(?={'|'.join(_SOUND_TITLES)})")


CROSS_SIGNS = tuple(surname + cross for surname in STRONG for cross in _CROSS)
SHORT_TITLE_SIGNS = tuple(surname + title for surname in STRONG for title in "总局校队处所科院站工董")
NICKNAME_SIGNS = ("阿", *(word + surname for word in "小老" for surname in _NICKNAMED))
DOT_SIGNS = (*"·•‧・", *(sound + title for sound in set(_SOUNDS) for title in _SOUND_TITLES))


def surnamed(text: str, _: Places) -> Iterator[tuple[int, int]]:
    """Yield 张姓女士, 姓张的, 姓张名三, 姓张，叫张三."""
    for match in _SURNAME_AND_NAME.finditer(text):
        if match["surname"][0] in STRONG | WEAK:
            yield from (match.span(group) for group in ("surname", "given"))
    for match in _SURNAMED.finditer(text):
        # 张姓女士 has it before, 姓张的 behind.
        at = match.start() - 1 if text.startswith(_PERSONS, match.end()) else match.end()
        if at >= 0 and text[at] in STRONG:
            yield at, at + 1


def somebody(text: str, _: Places) -> Iterator[tuple[int, int]]:
    """Yield 张某某, 李某强."""
    for match in _SOME.finditer(text):
        start, end = match.start() - 1, match.end()
        if start < 0 or text[start] in PARTICLES or text[start] not in STRONG | WEAK:
            continue
        if text[start - 1 : start + 1] in ENDINGS or (
            len(match[0]) == 1 and _is_some_thing(text, start, end)
        ):
            continue
        if start and text[start - 1 : start + 1] in COMPOUND:
            start -= 1
        yield start, with_last(text, end) if len(match[0]) == 1 else end


def _is_some_thing(text: str, start: int, end: int) -> bool:
    """Return whether 某 is said of a thing, the character before it ending a word: 单元某杂物."""
    if text[end : end + 1] in _SOME_THING or _SOME_OFFICE.match(text, end):
        return not is_free(text, start)
    return text[start] in WEAK and text[start - 1 : start + 1] in ORDINARY


def crossed(text: str, _: Places) -> Iterator[tuple[int, int]]:
    """Yield 张XX, 李**, 王○."""
    for match in _CROSSES.finditer(text):
        start, end = match.start() - 1, match.end()
        if start >= 0 and text[start] in STRONG and _stands_free(text, start):
            if len(match[0]) > 1 or ends_clearly(text, end):
                yield start, end
            elif is_given(text, end, end + 1) and ends_clearly(text, end + 1):
                yield start, end + 1


def _stands_free(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] in BOUNDARY or text[at - 1] in _BEFORE_PERSON


def _goes_free(text: str, end: int) -> bool:
    return is_bounded(text, end) or text[end] in _AFTER_PERSON


def short_titled(text: str, _: Places) -> Iterator[tuple[int, int]]:
    """Yield 张总, 王局."""
    for match in _SHORT_TITLE.finditer(text):
        at = match.start() - 1
        if not _goes_free(text, match.end()) or text[at : at + 2] in ORDINARY:
            continue
        if text[max(0, at - 1) : at + 1] in ENDINGS:
            continue
        free = _stands_free(text, at) and not text[at - 1 : at].isdecimal()
        if free or (
            match[0] == "总" and (is_bounded(text, match.end()) or text[match.end()] in "您说答承让")
        ):
            yield at, at + 1


def nicknamed(text: str, _: Places) -> Iterator[tuple[int, int]]:
    """Yield 小张, 老王, 阿强哥."""
    for match in _NICKNAME.finditer(text):
        end = match.end() + 1
        of_house = text[end : end + 1] == "家" and text[end + 1 : end + 2] in ("的", "里", "人")
        if _stands_free(text, match.start()) and (_goes_free(text, end) or of_house):
            yield match.end(), end
    if "阿" in text:
        for match in _BROTHER.finditer(text):
            yield match.end(), match.end() + 1


def dotted(text: str, _: Places) -> Iterator[tuple[int, int]]:
    """Yield 买买提·吐尔逊, and 扎西多吉 before a title; a brand (万科·金域) has other characters."""
    for match in _DOTTED.finditer(text):
        before = _SOUNDED_BACK.search(text, max(0, match.start() - 8), match.start())
        after = _SOUNDED.match(text, match.end())
        if before and after and len(after[0]) >= _SHORTEST_SOUNDED:
            yield before.start(), after.end()
    for match in _SOUNDED_TITLED.finditer(text):
        yield match.span()
