"""Awkward writings of accounts. All are invented."""

from __future__ import annotations

import pytest

from tests.crawler.awkward_lines import lines, readable

LEAKS = """
# QQ, WeChat, handles
QQ{123456789}
QQ:{1234 56789}
q号{12345678}
扣扣：{12345678}
企鹅号{12345678}
QQ群{123456789}
微信：{zhangsan_88}
微信{zhangsan88}
加微信{zhangsan-88}
加我V：{zhangsan88}
vx{zhangsan88}
VX：{wxid_abc123}
wx号：{lihua2019}
微❤：{lihua2019}
威信{lihua2019}
微信号{lhlhlh}
我的微信是{lhlhlh}
抖音号{xiaomei520}
抖音：{小美美520}
快手号：{xiaomei520}
快手ID{xiaomei520}
微博@{小美美的日常}
微博{@xiaomei520}
新浪微博：{小美美520}
小红书号{123456789}
B站ID：{xiaomei520}
网名{小美美}
网友“{小美美}”说
昵称：{开心每一天}
钉钉号{xiaomei520}
陌陌{12345678}
知乎：{xiaomei}
贴吧ID：{xiaomei520}
闲鱼用户{xiaomei520}
Telegram：{xiaomei520}
QQ邮箱{123456789@qq.com}
"""


@pytest.mark.parametrize("line", lines(LEAKS))
def test_nothing_of_it_can_be_read(line: str) -> None:
    assert readable(line) == []
