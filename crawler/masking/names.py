"""Names of persons, by what stands before or after them, and user handles.

Nothing here knows words: a name is a surname and one or two further characters, believed the more readily the
clearer the cue. Where its end is in doubt one character too many is masked rather than one too few.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum

from crawler.masking.kinds import Finding, Kind
from crawler.masking.lexicon import Lexicon
from crawler.masking.surnames import BOUNDARY, COMPOUND, FOLLOWS, NEVER_GIVEN, ORDINARY, PUBLIC, STRONG, WEAK


class _Trust(IntEnum):
    """How surely the cue before it announces a name."""

    LOOSE = 1  # 本人, 我儿子: often followed by anything
    CUED = 2  # 村民, 主任: often followed by a name
    EXPLICIT = 3  # 我叫, 姓名: a name follows


_LABELS = (
    "姓名 联系人 申请人 投诉人 举报人 反映人 报案人 当事人 受害人 被害人 求助人 诉求人 来信人 来电人 信访人 上访人 报料人 爆料人 咨询人 建议人"
    " 法定代表人 法人代表 法人 负责人 经办人 承办人 签名 署名 落款 户主 产权人 收件人 收款人 户名 开户名 开户人 持卡人 监护人 被告人 被告 原告 委托人"
    " 代理人 被投诉人 被举报人 留言人 发件人 寄件人 写信人 实名举报人 举报者 投诉者 反映者 车主 房主 业主姓名 学生姓名 患者姓名 本人姓名 真实姓名 联络人"
    " 申诉人 申请者 报告人 呈报人 具名 实名 承租人 出租人 购房人 买受人 借款人 担保人 债务人 债权人 嫌疑人 肇事者 肇事司机 证明人 介绍人 见证人 死者 伤者"
    " 逝者 受伤者 患者 病人 参保人 被保险人 投保人 考生姓名 代表人 讨薪人 讨薪人代表 包工头 承包人 实际控制人 股东 校对 记者 通讯员 作者 编辑 责编"
).split()
_INTRODUCTIONS = "我叫 本人叫 我名叫 名叫 名字叫 名字是 叫做 我姓名 我名 本人名 本人姓名 真名 原名 曾用名 化名 姓名为 姓名是".split()
_ROLES = (
    "村民 居民 业主 住户 农民工 民工 工人 职工 员工 老板 学生 司机 房东 租客 店主 老人 残疾人 退休职工 退休教师 退休工人 同学 军人 战士 烈士"
    " 农民 市民 商户 摊主 个体户 消费者 乘客 家长 伤员 职员 同事 朋友 邻居 亲戚 战友 会计 出纳 包工头 工头 带班 监理 保安 保洁 协警 辅警 民警 警官"
    " 警察 法官 检察官 律师 医生 医师 护士 教师 老师 教授 教练 班主任 辅导员 公民 群众 党员 老党员 低保户 贫困户 五保户 党支部书记 支书 村支书 村主任 村长"
    " 专干 干部 工作人员 办事员 承办人员 法人 老赖 女士 先生 女子 男子 妇女 少年 幼童 男孩 女孩 原告 被告 恶霸 村霸 经纪人 中介 置业顾问 销售员 业务员 客服"
).split()
_OFFICES = (
    "书记 主任 局长 镇长 县长 市长 区长 乡长 省长 州长 村长 组长 队长 所长 院长 校长 园长 处长 科长 股长 厅长 部长 站长 社长 会长 秘书长 董事长 总经理"
    " 经理 总监 委员 主席 总工 工程师 厂长 行长 台长 馆长 店长 政委 教导员 指导员 调研员 支队长 大队长 中队长 院士 庭长 秘书 常务 专员 主管 领队 班长 关长 司令"
    " 巡视员 督学 检察长 审判长 审判员 书记员 执行员 法警 楼长 街长 河长 片长 路长 湖长"
).split()
_PRIVATE = (
    "先生 女士 小姐 师傅 阿姨 大爷 大妈 大叔 大姐 大哥 大娘 奶奶 爷爷 叔叔 婶婶 伯伯 嫂子 老板 老师 医生 护士 律师 教授 教练 同学 同志 老汉 婆婆 老太 太太"
    " 夫人 娭毑 嗲嗲 伯母 伯父 姑娘 大嫂 老人 老头 警官 法官 检察官 干警 会计 医师 博士 司机 某某 包工头 工头 大夫 校友 女生 男士 保安 娭驰 阿婆 阿公 老兄 老弟 老伯 老太太 老爷爷 老奶奶"
).split()
_KIN = (
    "其女 其子 其妻 其夫 其父 其母 其兄 其弟 其姐 其妹 其女儿 其儿子 其妻子 其丈夫 其父亲 其母亲 其孙 其孙子 其孙女 其婿 其媳 之子 之女 之妻 之夫 之父 之母"
    " 女儿 儿子 妻子 丈夫 老公 老婆 父亲 母亲 爸爸 妈妈 爷爷 奶奶 外公 外婆 公公 婆婆 岳父 岳母 孙子 孙女 外孙 外孙女 哥哥 弟弟 姐姐 妹妹 叔叔 伯伯"
    " 舅舅 姑姑 阿姨 舅妈 侄子 侄女 外甥 外甥女 女婿 儿媳 媳妇 爱人 老伴 配偶 小孩 孩子 大儿子 小儿子 大女儿 小女儿 长子 次子 长女 次女 小女 小儿 犬子 我爸 我妈 我哥 我弟 我姐 我妹"
    " 堂兄 堂弟 表哥 表弟 表姐 表妹 嫂子 弟媳 姐夫 妹夫 亲家 养父 养母 继父 继母 前妻 前夫 未婚妻 男友 女友 男朋友 女朋友 双胞胎"
).split()
_SELVES = "本人 我是 鄙人 在下 我系 我乃 我为 我们是 这是 我本人 作者".split()
_CLOSINGS = "敬礼 此致 致礼 敬上 致敬".split()
_SIGNS = "敬上 拜上 叩首 叩谢 叩上 谨上 谨呈 敬呈 呈上 泣血 跪求 跪拜 亲笔 亲启 携全家 及全家".split()

_TRUST = (
    dict.fromkeys(_SELVES, _Trust.LOOSE)
    | dict.fromkeys(_KIN, _Trust.LOOSE)
    | dict.fromkeys(_OFFICES, _Trust.CUED)
    | dict.fromkeys(_ROLES, _Trust.CUED)
    | dict.fromkeys(_LABELS, _Trust.CUED)
    | dict.fromkeys(_CLOSINGS, _Trust.CUED)
    | dict.fromkeys(_INTRODUCTIONS, _Trust.EXPLICIT)
)
_BEFORE = Lexicon(_TRUST)
_COLON_TELLS = (
    frozenset(_LABELS) | frozenset(_ROLES) | frozenset(_KIN) | frozenset(_SELVES) | frozenset(_INTRODUCTIONS)
)
_TITLES = frozenset(_OFFICES) | frozenset(_PRIVATE) | frozenset(_SIGNS)
_PRIVATE_TITLES = frozenset(_PRIVATE)
_AFTER = Lexicon(_TITLES)
_ANY_VALUE = frozenset(
    "姓名 联系人 签名 署名 户名 开户名 收件人 收款人 真实姓名 本人姓名 学生姓名 患者姓名 联络人".split()
)
_NO_NAME = frozenset(
    "同上 本人 匿名 保密 不详 未知 如下 见下 隐藏 暂无 电话 手机 先生 女士 同前 留言 网友 市民 不便 不公开 某某".split()
)

_GAP = re.compile(r"(?:名?叫做?|名字叫|是|为)?\s{0,3}(?P<colon>[:：∶﹕]?)[\s　]{0,4}[（(“\"‘【\[《]?\s?")
_LIST = re.compile(r"\s?[、/和与及]\s?")
_MASKED_GIVEN = re.compile(r"某{1,3}|[xXＸ×*＊○〇█]{1,3}")
_ETHNIC = re.compile(r"[\u4e00-\u9fff]{1,8}[·•‧・][\u4e00-\u9fff]{1,10}")
_HAN = re.compile(r"[\u4e00-\u9fff㐀-䶿]+")
_LATIN = re.compile(r"[A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+){0,2}")

# After a name, these make it a place or a company.
_PLACE_TAILS = frozenset("湾冲坪坝坡岭塘桥垅垸屋咀洲洞渡坳圩埠")
_PLACE_NEXT = frozenset("村镇乡路街巷湾岭桥冲塘坪苑庄垸坝府")
_PLACE_WORDS = frozenset(
    "公司 集团 小区 超市 酒店 饭店 医院 学校 中学 小学 社区 大道 大桥 广场 商店 商行 药店 诊所 花园 水库 路口 大厦 餐馆 酒楼 烧烤 粉店 米粉 家村 家园".split()
)
_LONG = frozenset("期久远效度大达高时途沙江廊线短城")
# Everyday prepositions and adverbs that are surnames too: believed before a title only in an address ("于书记：您好").
_PARTICLES = frozenset(
    "于和向从时都全有何应解连后单任由经原该总副正新老小女男班请令文计水支官党公家农帅国干房车司商安空别"
)
_ENDINGS = frozenset(
    "森林 园林 沙龙 长江 湘江 浏阳 衡阳 岳阳 贵阳 沈阳 邵阳 益阳 咸阳 洛阳 南阳 耒阳 麻阳 任何 官方 基金 资金 奖金 现金 不管 主管 监管 城管 交管 物管 高管 课程 工程 流程 施工 时段 地段 路段 苏州 许多 教练 陪练 训练 申请 免费 收费 学费 小康 健康 面颜 江西 浙江 黑龙 周周 上周 下周 一周 每周".split()
)
_TOP = frozenset("王李张刘陈杨黄赵吴周徐孙胡朱郭何罗宋谢邓曹彭曾肖")


def find_names(text: str) -> Iterator[Finding]:
    """Yield names after cues, before titles, in signatures; a surname alone before a title."""
    spans = [
        *_after_cues(text),
        *_before_titles(text),
        *_before_particulars(text),
        *_half_named(text),
        *_signature(text),
    ]
    for start, end in spans:
        if not text.startswith(PUBLIC, start) and text[start : start + 1] not in ("习",):
            yield Finding(kind=Kind.NAME, start=start, end=end)


def names_in(text: str) -> frozenset[str]:
    """Return the full names that `find_names` finds, for masking them elsewhere too."""
    return frozenset(text[finding.start : finding.end] for finding in find_names(text))


def find_known(text: str, names: Iterable[str]) -> Iterator[Finding]:
    """Yield further places of names already found. A two-character name is passed over where it starts a place."""
    for name in names:
        if len(name) < 2 or "某" in name or not _HAN.fullmatch(name):
            continue
        start = text.find(name)
        while start >= 0:
            end = start + len(name)
            if not _is_place(text, start, end):
                yield Finding(kind=Kind.NAME, start=start, end=end)
            start = text.find(name, end)


def _after_cues(text: str) -> Iterator[tuple[int, int]]:
    for start, end in _BEFORE.find(text):
        word = text[start:end]
        gap = _GAP.match(text, end)
        if gap is None:
            continue
        trust = _TRUST[word]
        if gap["colon"] and word in _COLON_TELLS:
            trust = _Trust.EXPLICIT
        at = gap.end()
        if gap.end() > end and not gap["colon"] and text[end] in "是为" and trust is not _Trust.EXPLICIT:
            trust = _Trust.LOOSE
        name_end = _name_end(text, at, trust)
        if not name_end and gap["colon"] and word in _ANY_VALUE:
            name_end = _any_value_end(text, at)
        if name_end:
            yield at, name_end
            yield from _listed(text, name_end, trust)


def _listed(text: str, end: int, trust: _Trust) -> Iterator[tuple[int, int]]:
    """Yield the names that go on a list: 张三、李四和王五."""
    while (mark := _LIST.match(text, end)) and (
        next_end := _name_end(text, mark.end(), min(trust, _Trust.CUED))
    ):
        if text[mark.start() : mark.end()].strip() not in "、/" and not _ends_clearly(text, next_end):
            return
        yield mark.end(), next_end
        end = next_end


def _surname_length(text: str, at: int) -> int:
    if text[at : at + 2] in COMPOUND:
        return 2
    char = text[at : at + 1]
    return 1 if char in STRONG or char in WEAK else 0


def _name_end(text: str, at: int, trust: _Trust) -> int:
    """Return the end of the name that starts at `at`, 0 if there is none to be believed."""
    if trust > _Trust.LOOSE and (ethnic := _ETHNIC.match(text, at)) and _is_bounded(text, ethnic.end()):
        return ethnic.end()
    head = _surname_length(text, at)
    if not head:
        return 0
    given = at + head
    if (masked := _MASKED_GIVEN.match(text, given)) and text[at] not in _PARTICLES:
        return masked.end()
    if (
        trust is _Trust.EXPLICIT
        and text[given : given + 1] in (" ", "　")
        and (spaced := _spaced_end(text, given))
    ):
        return spaced
    for length in (2, 1):
        end = given + length
        if _is_given(text, given, end) and _is_believable(
            text, at, end, trust, sure=head == 2 or text[at] in STRONG
        ):
            return end
    return 0


def _spaced_end(text: str, at: int) -> int:
    """Return the end of a one-character given name set apart by spaces (张  三), or 0."""
    end = at
    while text[end : end + 1] in (" ", "　") and end - at < 4:
        end += 1
    good = _is_given(text, end, end + 1) and _is_bounded(text, end + 1)
    return end + 1 if good else 0


def _is_given(text: str, start: int, end: int) -> bool:
    given = text[start:end]
    if not _HAN.fullmatch(given) or len(given) != end - start or not NEVER_GIVEN.isdisjoint(given):
        return False
    return not any(text[i : i + 2] in FOLLOWS for i in range(start, end))


def _is_believable(text: str, start: int, end: int, trust: _Trust, *, sure: bool) -> bool:
    bounded = _is_bounded(text, end)
    if trust is _Trust.EXPLICIT and bounded:
        return True
    if text[start : start + 2] in ORDINARY or _is_place(text, start, end):
        return False
    if not sure:
        return bounded and end - start >= 3 and trust > _Trust.LOOSE
    return trust > _Trust.LOOSE or _ends_clearly(text, end)


def _is_bounded(text: str, end: int) -> bool:
    return end >= len(text) or text[end] in BOUNDARY


def _ends_clearly(text: str, end: int) -> bool:
    return _is_bounded(text, end) or text[end] in NEVER_GIVEN or text[end : end + 2] in FOLLOWS


def _is_place(text: str, start: int, end: int) -> bool:
    if (
        text[end - 1] in _PLACE_TAILS
        or text[end : end + 1] in _PLACE_NEXT
        or text[end : end + 2] in _PLACE_WORDS
    ):
        return True
    return text[start + 1 : end] == "家" or (
        text[start + 1] == "家" and text[end - 1 : end + 1] in _PLACE_WORDS
    )


def _any_value_end(text: str, at: int) -> int:
    """Return the end of a value that can only be a name (姓名：阿依古丽), or 0."""
    if latin := _LATIN.match(text, at):
        return latin.end()
    han = _HAN.match(text, at)
    if han is None or not 2 <= len(han[0]) <= 4 or han[0] in _NO_NAME or not _is_bounded(text, han.end()):
        return 0
    return han.end() if NEVER_GIVEN.isdisjoint(han[0]) else 0


def _before_titles(text: str) -> Iterator[tuple[int, int]]:
    for start, end in _AFTER.find(text):
        word = text[start:end]
        if word[-1] == "长" and text[end : end + 1] in _LONG:
            continue
        at = _name_start(text, start, alone=word not in _SIGNS, private=word in _PRIVATE_TITLES)
        if at is not None:
            yield at, start


def _name_start(text: str, end: int, *, alone: bool, private: bool) -> int | None:
    """Return where the name that ends at `end` starts, None if there is none. `alone`: a surname will do."""
    if end == 0 or text[end - 1] in NEVER_GIVEN and text[end - 1] not in STRONG | WEAK:
        return None
    last = text[end - 1]
    if text[max(0, end - 2) : end] in COMPOUND and alone:
        return end - 2
    if not (alone and last in _TOP):
        for length in (4, 3, 2):
            at = end - length
            if at >= 0 and _is_full_name(text, at, end, compound=length == 4):
                return at
    if not alone:
        return None
    before = text[end - 2 : end - 1] if end > 1 else ""
    if before + last in _ENDINGS or before + last in ORDINARY:
        return None
    clear = not before or before in BOUNDARY or before in "的位致请叫"
    if last in _PARTICLES:
        return (
            end - 1
            if clear
            and re.match(
                r"[^，。\n]{2,3}(?:[:：，,]\s*)?[您你]们?好|[^，。\n]{2,3}[:：]", text[end : end + 8]
            )
            else None
        )
    if last in STRONG:
        return end - 1
    return end - 1 if last in WEAK and (clear or private and before not in ORDINARY) and clear else None


def _is_full_name(text: str, start: int, end: int, *, compound: bool) -> bool:
    head = 2 if text[start : start + 2] in COMPOUND else 1
    if compound and head == 1 or text[start] not in STRONG and head == 1:
        return False
    if text[start : start + 2] in ORDINARY or end - start <= head:
        return False
    return _is_given(text, start + head, end) and text[end - 1] not in _PLACE_TAILS


_PARTICULAR = re.compile(
    r"\s?(?:[（(，,、]\s?(?:性别[:：]?)?[男女](?=[，,、）)；;。\s性])|[（(]\s?(?:身份证|电话|手机|联系电话|联系方式|户主|\d{1,3}岁|已故|已亡|化名|曾用名|微信|QQ)"
    r"|[，,]?\s?(?:身份证|联系电话|手机号|电话号码|手机|电话|联系方式)号?码?[:：是为\s（(]{0,3}(?=[\d〔*]))"
)
_PARTICULAR_SIGN = re.compile(
    r"[（(，,、\s](?:性别[:：]?)?[男女][，,、）)；;。\s性]|身份证|电话|手机|联系方式|[（(](?:户主|\d{1,3}岁|已故|化名|曾用名|微信|QQ)"
)


def _before_particulars(text: str) -> Iterator[tuple[int, int]]:
    """Yield names told by what follows: 张三，男， / 张三（身份证… / 张三 电话138…"""
    if not _PARTICULAR_SIGN.search(text):
        return
    for match in _PARTICULAR.finditer(text):
        end = match.start()
        for length in (4, 3, 2):
            at = end - length
            if at >= 0 and _is_full_name(text, at, end, compound=length == 4) and _starts_clearly(text, at):
                yield at, end
                break


def _starts_clearly(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] in BOUNDARY or text[at - 1] in "是叫人主民员长记为由子女夫妻和与及"


_SURE = "".join(sorted(STRONG))
_PERSON = "女士|先生|男子|女子|业主|村民|居民|老板|经理|负责人|工作人员|领导|住户|老人|师傅|同志|户主|司机|男士|妇女|主任|警官|医生|老师|律师|阿姨"
_HALF_NAMED = re.compile(
    rf"(?P<some>[{_SURE}高方石万金白安马严何汪左文章于单]某(?:某{{1,2}}|[\u4e00-\u9fff](?=[，。、,.：:；;\s（(的是在]|$))?(?![些个种年月日天处地公小单村镇市县区路栋]))"
    rf"|(?P<named>[{_SURE}高方石万金白马严何])姓(?={_PERSON})"
    rf"|姓(?P<called>[{_SURE}高方石万金白马严何])的?(?={_PERSON}|[，。,（(])"
    rf"|(?P<boss>[{_SURE}])总(?=[，。、,.：:；;！!？?\s（(）)”]|您|说|承诺|答复|$)"
)


def _half_named(text: str) -> Iterator[tuple[int, int]]:
    """Yield 张某某, 张姓女士, 姓张的, 张总: what little of the name is there."""
    if "某" not in text and "姓" not in text and "总" not in text:
        return
    for match in _HALF_NAMED.finditer(text):
        group = match.lastgroup
        if group == "boss" and text[max(0, match.start() - 1) : match.start() + 1] in _ENDINGS:
            continue
        if group is not None:
            yield match.span(group)


_TAIL = re.compile(
    r"(?:(?<=[。！!？?~～…\n\s）)])|(?<=敬礼)|(?<=此致)|(?<=谢谢)|(?<=感谢)|(?<=——)|^)(?P<name>[\u4e00-\u9fff]{1,2}[ 　]{0,2}[\u4e00-\u9fff]{1,2})"
    r"[\s　，,]*(?:敬上|拜上|上|呈|启|亲笔)?[\s　]*(?:[（(]?〔[^〕]{1,4}〕[)）]?|[\d*]{7,})?[\s　]*(?:(?:19|20)\d\d\s?[年.\-/—]\s?\d{1,2}\s?[月.\-/—]?\s?(?:\d{1,2}\s?[日号]?)?)?[\s　]*$"
)
_TAIL_REACH = 48


def _signature(text: str) -> Iterator[tuple[int, int]]:
    """Yield the name that a text ends with: ……谢谢！张三 2019年3月1日."""
    match = _TAIL.search(text, max(0, len(text) - _TAIL_REACH))
    if match is None or match.start("name") == 0:
        return
    start, end = match.span("name")
    name = re.sub(r"\s", "", match["name"])
    head = 2 if name[:2] in COMPOUND else 1
    known = head == 2 or name[0] in STRONG
    good = _is_given(name, head, len(name)) and name[:2] not in ORDINARY and len(name) <= head + 2
    if known and good and not _is_place(name, 0, len(name)):
        yield start, end


_HANDLE = re.compile(
    r"(?:网友|网民|用户|楼主|市民|网名|昵称|ID|问政者)[名]?\s?[:：]?\s?[“\"「『‘'<《【\[](?P<quoted>[^”\"」』’'>》】\]\n，。〔〕]{1,16})[”\"」』’'>》】\]]"
    r"|(?:网友|网民|用户名|楼主)\s?[:：]?\s?(?P<bare>[A-Za-z0-9_\-]{3,24})"
    r"|(?<![A-Za-z])(?P<serial>UU\d{4,12}|A0{2,}\d{3,9})(?!\d)"
    r"|(?<![A-Za-z0-9.])@(?P<at>[A-Za-z0-9_\-\u4e00-\u9fff]{2,20})(?=[\s:：，,]|$)"
)
_HANDLE_SIGN = re.compile(r"网[友民名]|用户|楼主|昵称|市民[“\"]|UU\d|A00|@|ID|问政者")
_ABOUT = re.compile(r"关于|反映|问题|投诉|咨询|建议|[？?！!]|[府局委办政布]$")


def find_handles(text: str) -> Iterator[Finding]:
    """Yield user handles: 网友“…”, 网友 abc123, the serial user numbers of boards, @mentions."""
    if not _HANDLE_SIGN.search(text):
        return
    for match in _HANDLE.finditer(text):
        group = match.lastgroup
        if group is not None and not _ABOUT.search(match[group]):
            yield Finding(kind=Kind.HANDLE, start=match.start(group), end=match.end(group))
