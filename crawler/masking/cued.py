"""Details told by the word before them: QQ, WeChat and other handles, certificates, case numbers, local
phones; and plates and court case numbers, whose own form is cue enough."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass

from crawler.masking.kinds import Finding, Kind
from crawler.masking.lexicon import Places, longest
from crawler.masking.numbers import HAN_DIGITS, is_office_line

_OPEN = r"[（(“”\"'‘【\[「『]"
_NOTE = r"(?:\s*[（(][^（）()\d]{0,8}[)）])?"
_LINK = r"(?:\s*(?:就?是|为|叫|即|有))?[\s:：=＝∶﹕,，—-]{0,4}"
_NUMBERED = r"\s*(?:号码|帐号|账号|编号|编码|卡号|证号|单号|群号|[Ii][Dd]|号|码|尾号)"
# A loose gap may be empty ("护照E12345678"), a strict one says that a number follows ("受理编号：…").
_LOOSE = rf"(?:群|同|证件|证|卡|本|件)?(?:{_NUMBERED})?{_NOTE}{_LINK}{_OPEN}?\s*"
_STRICT = (
    rf"(?:证|卡|单|表|案|受理|查询|事项|记录|单据)?(?:{_NUMBERED}{_NOTE}{_LINK}|\s*[:：]\s*)[（(“\"]?\s*"
)

_SPACED = r"[\s\-－—.·]{0,2}"
_DIGITS = rf"[\d{HAN_DIGITS}]"
_ALNUM = "A-Za-z0-9"


@dataclass(frozen=True, slots=True)
class _Cue:
    kind: Kind
    gap: str
    value: str
    words: str


_CUES = (
    _Cue(
        Kind.IDENTITY,
        _LOOSE,
        rf"{_DIGITS}(?:[\s\-－—.·/，,]{{0,2}}[*×X█]*{_DIGITS}){{13,18}}(?:{_SPACED}[xX])?"
        r"|\d{3,10}[*×xX█]{4,12}\d{2,4}[xX]?",
        "身份证 身份证件 居民身份证 公民身份 公民身份证 身份号码 身份证明",
    ),
    _Cue(
        Kind.DOCUMENT,
        _LOOSE,
        rf"(?:[\u4e00-\u9fff]{{1,3}}字?第)?(?=[^\s]{{0,12}}\d|[A-Za-z]{{1,2}} \d)"
        rf"[{_ALNUM}\u4e00-\u9fff]?第?[{_ALNUM}]"
        rf"(?:{_SPACED}[{_ALNUM}]){{5,24}}(?![{_ALNUM}%％元])",
        "护照 通行证 回乡证 台胞证 港澳证 军官证 士兵证 警官证 驾驶证 驾照 居住证 暂住证"
        " 残疾证 残疾人证 准考证 学生证"
        " 社保卡 医保卡 社会保障卡 退休证 退伍证 毕业证 毕业证书 资格证 结婚证 离婚证 出生证"
        " 出生医学证明 户口本 户口簿 房产证"
        " 房权证 土地证 不动产权证 不动产证 老年证 优待证 工作证 证件 低保证 记者证 教师证 "
        "护士证 居留证 居留许可 执业证 营运证 从业资格证 从业证 行驶证 健康证 上岗证 律师证 户籍证 签证",
    ),
    _Cue(
        Kind.DOCUMENT,
        _STRICT,
        rf"[A-Za-z]{{0,4}}\d(?:{_SPACED}\d){{3,19}}",
        "社保 医保 学籍 考生 工号 警号 学号 胸牌 职工 员工 社会保障 参保 养老保险 准考 证书 执法证 教工 档案",
    ),
    _Cue(
        Kind.BANK_CARD,
        _LOOSE,
        rf"\d(?:{_SPACED}\d){{10,22}}",
        "银行卡 储蓄卡 信用卡 借记卡 工资卡 卡号 账号 帐号 账户 帐户 存折 收款账号 收款账户"
        " 开户行 银行账号 银行账户 工行 农行 建行"
        " 中行 邮政卡 招行 交行",
    ),
    _Cue(
        Kind.NUMBER,
        _STRICT,
        rf"(?=[^\s]{{0,8}}\d)[{_ALNUM}](?:[\s\-－—/]?[{_ALNUM}]){{4,29}}(?![{_ALNUM}%％元])",
        "病历 病案 住院 门诊 就诊 就诊卡 诊疗卡 诊疗 挂号 检查 体检 样本 条码 床位 病例 处方"
        " 案件 工单 信访 信访件 受理 回执 查询 投诉 举报 立案 报警 接警 警情 订单 快递 运单"
        " 快递单 物流 合同 保单 流水 报名 用户"
        " 客户 宽带 水表 电表 燃气 燃气表 用电 用水 公积金 缴费 业务 登记 序列 交易 预约 "
        "办件 诉求 来件 留言"
        "  会员 会员卡 社会保险",
    ),
)

_HANDLE_CUES = (
    _Cue(
        Kind.NUMBER,
        rf"(?:单|件|证|卡)?{_NOTE}{_LINK}",
        r"[A-Za-z]{0,4}\d{7,20}(?![\d%％元年])",
        "回执 病历 门诊 住院 病案 就诊 工单 信访 受理 立案 警情 订单 快递 运单 保单 流水 户号",
    ),
    _Cue(
        Kind.IDENTITY,
        r"(?:数字|号码|数|为|是)?[\s:：]{0,2}",
        r"\d{3,8}[xX]?(?!\d)",
        "前六位 后四位 后六位 末四位 末六位 前6位 后4位 后6位 末4位",
    ),
    _Cue(Kind.IDENTITY, r"(?:号|为|是)?[\s:：]{0,2}", r"\d{3}[\dxX](?!\d)", "尾号 身份证尾数 最后四位"),
    _Cue(
        Kind.HANDLE,
        _LOOSE,
        rf"(?=[-_.{_ALNUM}]{{0,20}}\d)[-_.{_ALNUM}]{{6,32}}(?![年月元%])",
        "抖音 快手 微博 钉钉 支付宝 陌陌 旺旺 淘宝 闲鱼 小红书 飞信 贴吧 B站 b站 知乎",
    ),
    _Cue(
        Kind.HANDLE,
        r"(?:账号|帐号|号|名|昵称|ID|id)?\s*(?:(?:[:：]|@|＠)\s*[“\"]?|[“\"])",
        r"[^\s，,。；;！!？?、：:“”\"（）()〔〕]{2,16}(?<![府局委办政布网报台院校会])",
        "抖音 快手 微博 钉钉 陌陌 小红书 B站 b站 知乎 贴吧",
    ),
    _Cue(
        Kind.HANDLE,
        "叫?",
        r"(?![的称者])[\u4e00-\u9fff]{2,6}(?=[，,。；;！!\s]|$)(?<![号称的了名制册查询])",
        "网名 昵称 微信名 抖音名",
    ),
    _Cue(
        Kind.PLATE,
        r"(?:号码?)?(?:为|是)?[\s:：]{0,3}",
        r"[A-Za-z]{1,2}[·\s\-]?(?=[A-Za-z]{0,5}\d)[A-Za-z0-9]{4,6}(?![A-Za-z0-9])",
        "车牌 牌照 车号 车牌尾号",
    ),
    _Cue(Kind.DOCUMENT, _LOOSE, r"[A-Za-z]{0,4}\d{5,20}(?![\d年月元])", "学号 工号 警号 考号 学籍号"),
    _Cue(
        Kind.ADDRESS,
        _LOOSE,
        r"[A-Za-z]?\d{2,4}(?:[\-－—]\d{1,4}){0,2}(?:号附\d+号?)?(?![\d年月%栋幢楼期～~至])",
        "房号 房间号 门牌号 室号 门牌号码",
    ),
    _Cue(
        Kind.BANK_CARD,
        _LOOSE,
        rf"\d(?:{_SPACED}\d){{15,18}}",
        "工商银行 建设银行 农业银行 中国银行 招商银行 交通银行 邮储银行 储蓄银行 农商银行",
    ),
    _Cue(Kind.NUMBER, _LOOSE, rf"[A-Za-z]{{0,6}}\d(?:[\-－—]?[{_ALNUM}]){{4,29}}", "户号 表号 单号 案号"),
    _Cue(
        Kind.QQ,
        _LOOSE,
        rf"[1-9](?:{_SPACED}\d){{4,11}}(?![%％元])",
        "QQ Qq qQ qq 扣扣 企鹅 加Q 加q 加扣 扣： 扣: 球球 球球号 我Q 我q Q群 q群 Q号 q号 群号 Q: q: Q： q：",
    ),
    _Cue(
        Kind.WECHAT,
        _LOOSE,
        rf"(?:[A-Za-z][-_{_ALNUM}]{{5,24}}|\d(?:{_SPACED}\d){{5,12}}|"
        rf"(?=[-_{_ALNUM}]{{0,20}}[\d_])[-_{_ALNUM}]{{5,24}})(?!班|年级)",
        "微信 薇信 威信 徽信 V信 v信 VX vx Vx vX WX wx Wx wX 加V 加v 加我V 加我v V： "
        "v： 微❤ 微❤️ 薇❤ 威❤ V❤ v❤ 卫星号 卫星 绿泡泡 加微 微x 微X wei信 薇： 薇: 威： 威: "
        "微： 微: ➕V ➕v +V +v Weixin weixin WeChat wechat Wechat WECHAT",
    ),
    _Cue(
        Kind.HANDLE,
        _STRICT,
        rf"@?[-_.{_ALNUM}]{{4,32}}",
        "抖音 快手 微博 钉钉 支付宝 陌陌 旺旺 淘宝 闲鱼 小红书 飞信 贴吧 论坛 飞书 推特"
        " Facebook facebook Instagram WhatsApp Telegram telegram Skype skype Line LINE 百家 知乎",
    ),
    _Cue(
        Kind.HANDLE,
        r"\s*[:：是为]\s*[“\"]?",
        r"[^\s，,。；;！!？?、：:“”\"（）()〔〕]{1,16}",
        "微信名 微信昵称 微博名 微博ID QQ昵称 QQ名 昵称 网名 用户名 抖音名 网友名",
    ),
    _Cue(
        Kind.PHONE,
        rf"(?:{_NUMBERED})?{_NOTE}{_LINK}{_OPEN}?\s*",
        rf"(?<!\d)(?:{_DIGITS}(?:{_SPACED}{_DIGITS}){{10}}|[2-8二三四五六七八](?:{_SPACED}{_DIGITS}){{6,7}})(?:\s*"
        rf"(?:转|[-－—])\s*\d{{1,5}})?(?!\d|\s*[年元万])",
        "电话 座机 固话 手机 宅电 家电 号码 联系方式 来电 致电 拨打 联系 电联 Tel tel TEL"
        " Phone phone 手机号 联系电话",
    ),
)
_ALL_CUES = _CUES + _HANDLE_CUES
_RULES: dict[str, list[tuple[Kind, re.Pattern[str]]]] = {}
for _cue in _ALL_CUES:
    _pattern = re.compile(f"{_cue.gap}(?P<value>{_cue.value})")
    for _word in _cue.words.split():
        _RULES.setdefault(_word, []).append((_cue.kind, _pattern))
# Whose values are written right behind them, in any characters.
FREE_CUES = frozenset(["网名", "昵称", "微信名", "抖音名", "房权证", "军官证", "士兵证", "警官证"])
CUES = frozenset(_RULES) - FREE_CUES
# Where a gap or a value can begin; a cue followed by anything else tells nothing.
MAY_FOLLOW = frozenset(
    "群同证卡本件号码帐账编尾单表案受理查询事记就是为叫即有数字名昵第 "
    "\t\n\u3000\xa0:：=＝∶﹕,，—-@＠_（(“\"'‘【[「『" + string.ascii_letters + string.digits + HAN_DIGITS
)
_PUBLIC_ACCOUNT = re.compile(r"公众(?:平台|账?号)?\s?[（(]?$")
_NOTHING = frozenset("0 -－—")

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼楚军"
# Provinces' and forces' characters, then a letter without I and O: GA 36-2018.
_PLATE = re.compile(
    r"[A-HJ-Za-hj-z]"
    rf"(?:(?<=[{_PROVINCES}].)"
    rf"|(?<=[{_PROVINCES}]\s.))"
    r"(?![A-Za-z]{5})[\s·•・.．。\-－—_]{0,2}"
    r"(?=[A-Za-z0-9 ]{0,5}[0-9])[A-Za-z0-9](?:[ ·\-]?[A-Za-z0-9]){3}"
    r"[ ·\-]?(?:[A-Za-z0-9]{1,2}|[挂学警港澳领使试超])"
)
PLATE_SIGNS = (
    "WJ",
    *(
        province + space + letter
        for province in _PROVINCES
        for space in ("", " ", "\u3000")
        for letter in string.ascii_letters
    ),
)
COURT_SIGNS = tuple(
    mark + space + year for mark in "（(〔[【" for space in ("", " ") for year in ("19", "20")
)
# 长劳人仲案字〔2019〕第123号, 岳公(观)受案字[2019]1234号; 长政发〔2019〕12号 is a document of the office.
_YEAR_AND_NUMBER = re.compile(r"[（(〔\[【]\s*20\d\d\s*[)）〕\]】]第?\s*\d{1,6}(?:-\d+)?\s*号")
_CASE_OFFICE = re.compile(
    r"(?:[\u4e00-\u9fff]{1,2}[（(][\u4e00-\u9fff]{1,3}[)）])?[\u4e00-\u9fff]{0,5}(?:仲裁?|案)案?字?$"
)
_OFFICE_REACH = 16
# 湘(2019)长沙市不动产权第0012345号
_DEED = re.compile(r"[（(]20\d\d[)）][\u4e00-\u9fff]{2,8}不动产权第?\s?\d{5,9}号")
_COURT_CASE = re.compile(
    r"[（(〔\[【]\s*(?:19|20)\d\d\s*[)）〕\]】]\s*[\u4e00-\u9fff]{1,2}\d{0,4}[\u4e00-\u9fff]{0,6}?"
    r"(?:民|刑|行|执|破|赔|商|知|仲|劳|诉|裁|财保|特|督|催"
    r"|认)[\u4e00-\u9fff]{0,5}\d{0,2}第?\s*\d{1,6}(?:-\d+)?\s*号"
)


def find_cued(text: str, places: Places) -> Iterator[Finding]:
    """Yield details that a word before them tells; the word stays."""
    for start, end in longest(places):
        if _PUBLIC_ACCOUNT.search(text, max(0, start - 12), start):
            continue
        for kind, pattern in _RULES[text[start:end]]:
            match = pattern.match(text, end)
            if match is None or set(match["value"]) <= _NOTHING:
                continue
            if kind is not Kind.PHONE or not is_office_line(text, *match.span("value")):
                yield Finding(kind=kind, start=match.start("value"), end=match.end("value"))


def find_plates(text: str, _: Places) -> Iterator[Finding]:
    """Yield number plates, of electric and special vehicles too; without province only after a cue."""
    for match in _PLATE.finditer(text):
        start = match.start() - (2 if text[match.start() - 1].isspace() else 1)
        start -= 2 if text[max(0, start - 2) : start] in ("WJ",) else 0
        yield Finding(kind=Kind.PLATE, start=start, end=match.end())
    if "WJ" in text:
        for match in _ARMED_POLICE.finditer(text):
            yield Finding(kind=Kind.PLATE, start=match.start(), end=match.end())


_ARMED_POLICE = re.compile(
    r"WJ[\s·]?[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]?[\s·]?\d{4}[\dA-Z]"
)


def find_court_cases(text: str, places: Places) -> Iterator[Finding]:
    """Yield case numbers of courts and arbitration, like （2019）湘0102民初123号. Document numbers stay."""
    for place, _ in places:
        if case := _COURT_CASE.match(text, place):
            yield Finding(kind=Kind.NUMBER, start=place, end=case.end())
        elif deed := _DEED.match(text, place):
            yield Finding(kind=Kind.NUMBER, start=max(0, place - 1), end=deed.end())
        else:
            office = _CASE_OFFICE.search(text, max(0, place - _OFFICE_REACH), place)
            number = _YEAR_AND_NUMBER.match(text, place) if office else None
            if office and number:
                yield Finding(kind=Kind.NUMBER, start=office.start(), end=number.end())
