"""Invented personal details in many writings, for planting into messages; deterministic."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from crawler.masking import Kind

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜"
    "叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金贾夏韦付方邹熊白孟秦邱侯江尹薛"
)
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛超霞平刚桂辉玲健燕鹏华红飞鑫波斌莉宇浩凯秀丹萍梅兰凤洁"
    "琳颖婷慧莹雪晶欣佳怡倩云峰志建国文明海春光荣生德福贵良元栋月男科和之"
    "轩涵梓宸诗萱然雨桐琪博泽睿嘉懿俊熙思语晨昊宁"
)
_COMPOUND = ("欧阳", "上官", "司马", "诸葛")
_PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_HAN = "零一二三四五六七八九"
_FULL = str.maketrans("0123456789@", "０１２３４５６７８９＠")


def digits(random: Random, count: int) -> str:
    return "".join(random.choice("0123456789") for _ in range(count))


def name(random: Random) -> str:
    surname = random.choice(_COMPOUND) if random.random() < 0.03 else random.choice(_SURNAMES)
    return surname + "".join(random.choice(_GIVEN) for _ in range(random.choice((1, 2, 2))))


def full_name(random: Random) -> str:
    """Return a name of three characters with an unmistakable surname, as lists are found by."""
    return random.choice("王李张刘陈黄赵吴周徐孙胡郭罗郑谢宋冯邓曹彭肖董潘袁蔡蒋杜") + "".join(
        random.choice("伟芳敏静丽强磊洋勇艳娟涛超霞刚辉玲健燕鹏斌莉浩琳颖婷慧莹") for _ in range(2)
    )


def mobile(random: Random) -> str:
    return random.choice(("13", "15", "17", "18", "19")) + digits(random, 9)


def identity(random: Random) -> str:
    body = (
        f"4301{random.randint(1, 81):02d}{random.randint(1940, 2012)}"
        f"{random.randint(1, 12):02d}{random.randint(1, 28):02d}{digits(random, 3)}"
    )
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def card(random: Random) -> str:
    body = "622" + digits(random, random.choice((12, 15)))
    total = 0
    for index, char in enumerate(reversed(body)):
        value = int(char) * (2 - index % 2)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def _grouped(number: str, sizes: tuple[int, ...], mark: str) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    return mark.join([*parts, number[at:]] if at < len(number) else parts)


def phone_case(random: Random) -> tuple[str, str]:
    number = mobile(random)
    written = random.choice(
        (
            number,
            _grouped(number, (3, 4), random.choice((" ", "-", ".", "－", "　", "—", "·"))),
            _grouped(number, (3, 3, 3), " "),
            number.translate(_FULL),
            f"+86 {number}",
            f"+86{_grouped(number, (3, 4), '-')}",
            f"（+86）{number}",
            f"0086{number}",
            "".join(_HAN[int(d)] for d in number),
            "".join("幺" if d == "1" else _HAN[int(d)] for d in number),
            number[:3] + "".join(_HAN[int(d)] for d in number[3:7]) + number[7:],
            " ".join(number),
            "\u200b".join((number[:3], number[3:7], number[7:])),
            "".join("⓪①②③④⑤⑥⑦⑧⑨"[int(d)] for d in number),
            _grouped(number, (3, 4), "|"),
        )
    )
    return random.choice(
        ("电话{}", "電話{}", "手机号:{}", "我的号码是{}", "{}", "请打{}找我", "tel：{}", "联系方式：{}。")
    ), written


def landline_case(random: Random) -> tuple[str, str]:
    area, local = random.choice((("0731", 8), ("010", 8), ("021", 8), ("0745", 7)))
    number = random.choice("2345678") + digits(random, local - 1)
    written = random.choice(
        (
            f"{area}-{number}",
            f"{area}{number}",
            f"({area}){number}",
            f"（{area}） {number}",
            f"{area} {number[:4]} {number[4:]}",
            f"{area}-{number}转{digits(random, 3)}",
            f"{area}-{number}-{digits(random, 4)}",
            f"{area}—{number}",
            f"{area}-{number} 分机{digits(random, 3)}",
        )
    )
    return random.choice(("家里电话{}", "座机：{}", "固话 {}", "我家{}", "{}")), written


def mail_case(random: Random) -> tuple[str, str]:
    user = random.choice(("zhang_san", "li.si88", "hn-wang", digits(random, 9), "a1" + digits(random, 4)))
    at = random.choice(("@", "＠", "(at)", " at ", "[at]", " @ "))
    return random.choice(
        ("邮箱{}", "E-mail: {}", "{}")
    ), f"{user}{at}{random.choice(('qq.com', '163.com', 'foxmail.com', 'mail.csu.edu.cn'))}"


def identity_case(random: Random) -> tuple[str, str]:
    number = identity(random)
    if random.random() < 0.2:
        number = number[:6] + number[8:17]
    elif random.random() < 0.3:
        number = random.choice(
            (
                _grouped(number, (6, 8), " "),
                _grouped(number, (6, 4, 4), "-"),
                _grouped(number, (4, 4, 4, 4), " "),
            )
        )
    elif random.random() < 0.2:
        number = number.lower().translate(_FULL)
    return random.choice(("身份证{}", "身份证号码：{}", "身份证号为{}", "{}", "（身份证{}）")), number


def wrong_identity_case(random: Random) -> tuple[str, str]:
    number = identity(random)
    wrong = number[:17] + ("1" if number[17] != "1" else "2")
    return random.choice(("身份证{}", "身份证号码：{}", "身份证号：{}")), wrong


def card_case(random: Random) -> tuple[str, str]:
    number = card(random)
    if random.random() < 0.4:
        number = _grouped(number, (4, 4, 4, 4), random.choice((" ", "-")))
    return random.choice(("卡号{}", "银行卡号：{}", "{}", "账号 {}")), number


def plate_case(random: Random) -> tuple[str, str]:
    tail = "".join(random.choice(_PLATE_LETTERS + "0123456789") for _ in range(4)) + random.choice(
        "0123456789"
    )
    if random.random() < 0.3:
        tail = random.choice("DF") + digits(random, 5)
    mark = random.choice(("", "", "·", " ", "-"))
    plate = (
        f"{random.choice('京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼')}"
        f"{random.choice(_PLATE_LETTERS)}{mark}{tail}"
    )
    return random.choice(("车牌{}", "车牌号：{}", "{}的小车", "一辆{}")), plate


def handle_case(random: Random) -> tuple[str, str]:
    word = random.choice(("zhangsan", "xiao_mei", "wxid", "lhb")) + digits(random, 5)
    number = random.choice("123456789") + digits(random, random.randint(5, 9))
    return random.choice(
        (
            ("微信号：{}", word),
            ("微信 {}", word),
            ("加我微信{}", number),
            ("VX:{}", word),
            ("wx：{}", word),
            ("加v {}", number),
            ("QQ：{}", number),
            ("QQ号{}", number),
            ("qq {}", number),
            ("扣扣{}", number),
            ("QQ群：{}", number),
            ("抖音号：{}", word),
        )
    )


def name_case(random: Random) -> tuple[str, str]:
    return random.choice(
        (
            "我叫{}，",
            "我叫{}。",
            "联系人：{}，",
            "联系人:{} ",
            "姓名：{}，",
            "姓名:{} ",
            "本人{}，",
            "其女{}，",
            "我是业主{}，",
            "业主{}，",
            "投诉人：{}。",
            "村民{}，",
            "我女儿{}，",
            "{}女士",
            "{}先生",
            "住户：{}，",
            "举报人{}，",
            "法人代表：{}，",
            "儿子叫{}，",
        )
    ), name(random)


def running_name_case(random: Random) -> tuple[str, str]:
    return random.choice(
        (
            "非常感谢{}女士",
            "后来找到{}医生",
            "麻烦{}老师",
            "{}老书记",
            "感谢{}警官",
            "请{}主任",
            "我父{}，",
            "死者{}，",
            "{}，男，",
            "{}（身份证",
            "原告{}，",
        )
    ), name(random)


def listed_names_case(random: Random) -> tuple[str, str]:
    mark = random.choice(("、", "，", " ", "  ", "　"))
    return random.choice(("代表：{}", "签名：{}", "{}。")), mark.join(full_name(random) for _ in range(4))


def titled_case(random: Random) -> tuple[str, str]:
    surname = random.choice("王李张刘陈杨黄赵吴周徐孙朱胡郭林罗郑梁谢宋唐韩冯邓曹彭曾肖")
    return random.choice(
        ("{}女士", "{}先生", "{}师傅", "{}阿姨", "{}书记", "{}主任", "{}老师", "{}局长")
    ), surname


def masked_name_case(random: Random) -> tuple[str, str]:
    return "{}", random.choice("王李张刘陈杨黄赵吴徐孙朱胡郭罗郑") + random.choice(("某某", "某"))


def address_case(random: Random) -> tuple[str, str]:
    block, unit, room = (
        random.randint(1, 40),
        random.randint(1, 6),
        f"{random.randint(1, 33)}{random.randint(1, 12):02d}",
    )
    return random.choice(("我住阳光花园{}", "家住锦绣苑{}，", "地址：人民路88号湘江世纪城{}")), random.choice(
        (
            f"{block}栋{unit}单元{room}室",
            f"{block}栋{room}",
            f"{block}幢{unit}单元{room}",
            f"{block}-{unit}-{room}",
            f"G{block}栋{room}室",
            f"{block}号楼{unit}单元{room}号",
            f"{block}#{room}",
            f"{block}栋{unit}门{room}",
            "三栋二单元五零一室",
            f"A座{room}室",
            f"{block}栋 {unit}单元 {room}房",
            f"{block}#楼{room}",
            f"{block}棟{unit}單元{room}",
            "叁栋贰单元伍零壹室",
        )
    )


def document_case(random: Random) -> tuple[str, str]:
    return random.choice(
        (
            ("护照号码：{}", "E" + digits(random, 8)),
            ("护照{}", "G" + digits(random, 8)),
            ("港澳通行证：{}", "C" + digits(random, 8)),
            ("回乡证号H{}", digits(random, 8)),
            ("军官证：{}", digits(random, 8)),
        )
    )


def number_case(random: Random) -> tuple[str, str]:
    return random.choice(
        (
            ("病历号：{}", digits(random, 8)),
            ("住院号{}", digits(random, 7)),
            ("案号：{}", f"（2019）湘01{digits(random, 2)}民初{digits(random, 4)}号"),
            ("工单编号：{}", "GD2019" + digits(random, 6)),
            ("信访编号{}", digits(random, 10)),
        )
    )


def birth_case(random: Random) -> tuple[str, str]:
    year, month, day = random.randint(1940, 2018), random.randint(1, 12), random.randint(1, 28)
    chinese = f"{year}年{month}月{day}日"
    return random.choice(
        (
            ("出生日期：{}", chinese),
            ("出生于{}，", chinese),
            ("生日：{}", f"{year}-{month:02d}-{day:02d}"),
            ("{}出生，", chinese),
            ("出生年月：{}", f"{year}.{month:02d}"),
            ("我{}生，", chinese),
        )
    )


def position_case(random: Random) -> tuple[str, str]:
    longitude, latitude = random.uniform(108, 114), random.uniform(24, 30)
    return random.choice(("位置{}", "坐标：{}", "GPS {}")), random.choice(
        (
            f"{longitude:.6f},{latitude:.6f}",
            f"{latitude:.5f}, {longitude:.5f}",
            f"{longitude:.4f}，{latitude:.4f}",
            f"N{latitude:.5f} E{longitude:.5f}",
        )
    )


CASES: dict[str, tuple[Kind | None, Callable[[Random], tuple[str, str]]]] = {
    "mobile": (Kind.PHONE, phone_case),
    "landline": (Kind.PHONE, landline_case),
    "mail": (Kind.MAIL, mail_case),
    "identity": (Kind.IDENTITY, identity_case),
    "identity, wrong check digit": (Kind.IDENTITY, wrong_identity_case),
    "bank card": (Kind.BANK_CARD, card_case),
    "plate": (Kind.PLATE, plate_case),
    "QQ, WeChat, handle": (None, handle_case),
    "name": (Kind.NAME, name_case),
    "full name in running text": (Kind.NAME, running_name_case),
    "list of names": (Kind.NAME, listed_names_case),
    "surname before a title": (Kind.NAME, titled_case),
    "name with 某": (Kind.NAME, masked_name_case),
    "address": (Kind.ADDRESS, address_case),
    "document": (Kind.DOCUMENT, document_case),
    "case number": (Kind.NUMBER, number_case),
    "date of birth": (Kind.BIRTH, birth_case),
    "position": (Kind.POSITION, position_case),
}
