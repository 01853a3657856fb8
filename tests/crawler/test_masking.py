"""What is masked and what stays, case by case. All examples are invented."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from crawler.masking import Finding, Kind, find, mask, mask_post
from crawler.masking.numbers import passes_identity_check, passes_luhn
from records.post import Channel, Post, Reply

MASKED = {
    "手机13812345678": "手机〔电话〕",
    "打138 1234 5678或者139-1234-5678": "打〔电话〕或者〔电话〕",
    "１３８１２３４５６７８": "〔电话〕",
    "+86 138-1234-5678": "+〔电话〕",
    "一三八一二三四五六七八": "〔电话〕",
    "幺三八 一二三四 五六七八": "〔电话〕",
    "138一二三四5678": "〔电话〕",
    "座机0731-88886666转801": "座机〔电话〕",
    "（0731）88886666": "〔电话〕",
    "家里电话88886666": "家里电话〔电话〕",
    "邮箱zhang.san@example.com": "邮箱〔邮箱〕",
    "zhang＠example.com，zhang(at)163.com": "〔邮箱〕，〔邮箱〕",
    "身份证号430102199003071239": "身份证号〔身份证〕",
    "身份证430102 19900307 1239": "身份证〔身份证〕",
    "430102900307123": "〔身份证〕",
    "护照号码：E12345678": "护照号码：〔证件〕",
    "卡号6222 0212 3456 7890 128": "卡号〔银行卡〕",
    "湘A12345、湘A·D12345、粤B1234学": "〔车牌〕、〔车牌〕、〔车牌〕",
    "QQ：123456789，微信号 wx_abc123": "QQ：〔QQ〕，微信号 〔微信〕",
    "加v abc12345": "加v 〔微信〕",
    "我叫王小明，": "我叫〔姓名〕，",
    "联系人：欧阳小明 ": "联系人：〔姓名〕 ",
    "姓名：阿依古丽": "姓名：〔姓名〕",
    "本人刘大海，": "本人〔姓名〕，",
    "其女张小丽就读": "其女〔姓名〕就读",
    "投诉人：张三丰、李四光和王五福。": "投诉人：〔姓名〕、〔姓名〕和〔姓名〕。",
    "请尽快处理！谢谢！张小明": "请尽快处理！谢谢！〔姓名〕",
    "此致敬礼！李大海 2019年3月1日": "此致敬礼！〔姓名〕 2019年3月1日",
    "王女士、李先生、陈师傅、刘阿姨": "〔姓名〕女士、〔姓名〕先生、〔姓名〕师傅、〔姓名〕阿姨",
    "张某某与李某": "〔姓名〕与〔姓名〕",
    "业主李强三次反映，法人陈平私下签订": "业主〔姓名〕三次反映，法人〔姓名〕私下签订",
    "请谭大队长和刘涛副局长处理": "请〔姓名〕大队长和〔姓名〕副局长处理",
    "尊敬的胡书记：您好": "尊敬的〔姓名〕书记：您好",
    "副镇长杨常青咨询和反映": "副镇长〔姓名〕咨询和反映",
    "陈三，男，1957年1月10日出生": "〔姓名〕，男，〔出生日期〕出生",
    "网友“A00012345”：您好": "网友“〔账号〕”：您好",
    "阳光花园3栋2单元501室": "阳光花园〔门牌〕",
    "米兰春天G2栋320，住在12-3-402": "米兰春天〔门牌〕，住在〔门牌〕",
    "锦绣苑三栋二单元五零一室": "锦绣苑〔门牌〕",
    "生日：1985-03-12": "生日：〔出生日期〕",
    "病历号：20190012": "病历号：〔编号〕",
    "（2019）湘0102民初1234号": "〔编号〕",
    "坐标113.082312,28.256812": "坐标〔坐标〕",
    "见http://a.example/p?id=3&phone=13812345678": "见http://a.example/p?id=3&phone=〔链接参数〕",
}

KEPT = (
    "请拨打12345、110、119、120、12315或96533",
    "咨询电话：0731-88886666",
    "市住建局电话0731-88886666",
    "客服400-889-1234",
    "长政发〔2019〕12号、国办发(2018)3号",
    "依据《物业管理条例》第三十二条第二款",
    "总价1500000元，首付45.6万元，面积128.5平方米，每平方米15000000000元",
    "2019年7月29日11时25分，2019-07-29 11:25:05",
    "乘坐102路、旅3路公交，全长12.5公里",
    "王家村、李家湾、张公岭、黄花镇、周家冲",
    "省委书记、市委书记、县长信箱、村支部书记",
    "17栋不文明现象，16栋1号电梯坏了，3栋500户居民",
    "2013年8月31日以前出生的儿童可以入学",
    "本人于2019年买房，本人和家人、本人向上级反映",
    "业主方面、村民安全、居民生活、学生家长",
    "感谢领导！谢谢！",
    "恒大公司、万科集团、碧桂园小区",
    "习近平总书记指出",
    "订单共1，200，300件；13.812345678",
    "",
)


@pytest.mark.parametrize(("text", "masked"), MASKED.items())
def test_masks(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize("text", KEPT)
def test_keeps(text: str) -> None:
    assert mask(text) == text


def test_masking_twice_is_masking_once() -> None:
    whole = "\n".join(MASKED)
    assert mask(mask(whole)) == mask(whole)


def test_find_gives_sorted_findings_that_do_not_overlap() -> None:
    found = find("电话13812345678，邮箱a1@example.com，我叫王小明")
    assert [finding.kind for finding in found] == [Kind.PHONE, Kind.MAIL, Kind.NAME]
    assert all(one.end <= two.start for one, two in pairwise(found))
    assert found[0] == Finding(kind=Kind.PHONE, start=2, end=13)


def test_a_name_is_masked_wherever_it_comes_again() -> None:
    assert "陈福生" not in mask("我叫陈福生。开发商对陈福生说，陈福生家不拆。")


def _post(**values: object) -> Post:
    now = datetime(2020, 1, 1, tzinfo=UTC)
    base: dict[str, object] = {
        "source": "s",
        "channel": Channel.INBOX,
        "native_id": "1",
        "text": "",
        "asked_at": now,
        "fetched_at": now,
    }
    return Post(**(base | values))  # type: ignore[arg-type]  # the test's own keywords


def test_mask_post_reaches_every_text() -> None:
    secret = "13812345678"
    post = _post(
        title=f"电话{secret}",
        text=f"电话{secret}",
        addressed_to="胡书记",
        place=f"阳光花园3栋2单元501室 {secret}",
        status=f"已转{secret}",
        url=f"http://zhang@a.example/view?id=7&mobile={secret}",
        replies=(Reply(text=f"已致电{secret}", department=f"住建局 {secret}"),),
    )
    masked = mask_post(post)
    assert secret not in repr([getattr(masked, field.name) for field in fields(masked)])
    assert masked.addressed_to == "〔姓名〕书记"
    assert masked.url == "http://a.example/view?id=7"
    assert mask_post(masked) == masked


def test_mask_post_knows_a_name_from_its_other_texts() -> None:
    masked = mask_post(
        _post(title="陈福生的诉求", text="我叫陈福生，", replies=(Reply(text="经查，陈福生所述属实"),))
    )
    assert "陈福生" not in repr(masked)


def test_landlines_stay_in_what_an_office_says_itself() -> None:
    line = "联系电话：0731-88886666"
    masked = mask_post(
        _post(text=line, replies=(Reply(text=f"{line}；您家里的电话0731-88881234、手机13812345678"),))
    )
    assert masked.text == "联系电话：〔电话〕"
    assert masked.replies[0].text == f"{line}；您家里的电话〔电话〕、手机〔电话〕"
    assert mask_post(masked) == masked


def test_every_writing_is_told_by_its_place_in_the_original() -> None:
    text = "聯繫人：張\u200b偉明，電話１３８１２３４５６７８"
    assert [text[one.start : one.end] for one in find(text)] == ["張\u200b偉明", "１３８１２３４５６７８"]


def test_an_unchanged_url_is_not_rewritten() -> None:
    url = "http://a.example/view?id=7&page=%E4%B8%80"
    assert mask_post(_post(url=url)).url == url


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://a.example/v?phone=13812345678&id=7", "http://a.example/v?id=7"),
        ("http://a.example/v?id=7&user_name=%E5%BC%A0%E4%B8%89&page=2", "http://a.example/v?id=7&page=2"),
        ("http://a.example/v?q=13812345678", "http://a.example/v"),
        ("http://a.example/v?id=13812345678", "http://a.example/v?id=13812345678"),
        ("http://a.example/user/13812345678", "http://a.example"),
        ("http://a.example/post/13812345678.html", "http://a.example/post/13812345678.html"),
        ("http://a.example/#/v?id=7&openid=o1", "http://a.example/#/v?id=7"),
        (
            "http://a.example/v?mailboxId=3&code=12&title=%C4%E3",
            "http://a.example/v?mailboxId=3&code=12&title=%C4%E3",
        ),
        ("http://a.example/v&id=3", "http://a.example/v&id=3"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_personal_parameters_leave_the_url(url: str, kept: str) -> None:
    assert mask_post(_post(url=url)).url == kept


def test_check_digits() -> None:
    assert passes_luhn("6222021234567890128") == (mask("6222021234567890128") == "〔银行卡〕")
    assert passes_luhn("79927398713")
    assert not passes_luhn("79927398710")
    assert passes_identity_check("11010519491231002X")
    assert not passes_identity_check("110105194912310021")


@pytest.mark.parametrize(
    "text", ["🙂" * 1000, "1" * 100_000, "一" * 100_000, "王" * 50_000, "3栋" * 20_000, "〔电话〕" * 1000]
)
def test_awkward_texts_end_soon(text: str) -> None:
    assert mask(mask(text)) == mask(text)


def test_half_a_surrogate_is_no_obstacle() -> None:
    assert mask("\ud800我叫王小明，电话13812345678\udcff") == "\ud800我叫〔姓名〕，电话〔电话〕\udcff"
