from __future__ import annotations

import pytest
from parsel import Selector

from crawler.refusals import (
    is_forum_software,
    is_login_address,
    looks_like_forum,
    refuse_source,
    refuse_url,
    shipped_platforms,
)
from records.errors import Rejected


@pytest.mark.parametrize(
    ("url", "platform"),
    [
        ("https://weibo.com/u/1", "微博"),
        ("https://m.weibo.cn/status/1", "微博"),
        ("http://t.cn/abc", "微博短链接"),
        ("https://mp.weixin.qq.com/s/abc", "微信"),
        ("https://www.douyin.com/video/1", "抖音"),
        ("https://v.douyin.com/abc/", "抖音"),
        ("https://www.kuaishou.com/", "快手"),
        ("https://xhslink.com/a", "小红书短链接"),
        ("https://www.zhihu.com/question/1", "知乎"),
        ("https://tieba.baidu.com/p/1", "百度贴吧"),
        ("https://zhidao.baidu.com/question/1", "百度知道"),
        ("https://www.douban.com/group/1", "豆瓣"),
        ("https://b23.tv/abc", "哔哩哔哩短链接"),
        ("http://bbs.tianya.cn/post-1.shtml", "天涯"),
        ("https://www.toutiao.com/article/1", "今日头条"),
        ("https://qun.qq.com/x", "QQ群"),
        ("https://x.com/a", "X"),
        ("https://twitter.com/a", "Twitter"),
        ("https://nitter.example.net/a", "X镜像"),
        ("https://fb.me/a", "Facebook短链接"),
        ("https://www.instagram.com/a", "Instagram"),
        ("https://t.me/s/a", "Telegram"),
        ("https://discord.gg/a", "Discord"),
        ("https://old.reddit.com/r/a", "Reddit"),
        ("https://youtu.be/a", "YouTube短链接"),
        ("https://demo.disqus.com/x", "Disqus"),
        ("https://changyan.sohu.com/x", "畅言"),
        ("https://rsshub.app/weibo/user/1", "RSSHub"),
        ("https://bbs.example.gov.cn/forum.php", "论坛"),
        ("https://WEIBO.COM.:443/u/1", "微博"),
        ("https://user@weibo.com/u/1", "微博"),
        ("https://ｗｅｉｂｏ.com/u/1", "微博"),
        ("https://weibo。com/u/1", "微博"),
    ],
)
def test_a_platform_is_refused(url: str, platform: str) -> None:
    refusal = shipped_platforms().find(url)
    assert refusal is not None
    assert refusal.platform == platform
    with pytest.raises(Rejected, match="measures services, never speakers") as caught:
        refuse_url(url)
    assert caught.value.code == "refused_platform"


@pytest.mark.parametrize(
    "url",
    [
        "https://www.gov.cn/hudong/",
        "https://liuyan.people.com.cn/threads/list",
        "http://www.notweibo.com/",
        "https://douyin.com.example.org/",
        "https://www.example.club/",
        "https://www.baidu.com/",
        "https://www.qq.com/",
        "not an address",
    ],
)
def test_what_is_no_platform_is_not_refused(url: str) -> None:
    refuse_url(url)


def test_a_source_is_refused_by_any_of_its_addresses() -> None:
    with pytest.raises(Rejected, match=r'source "town": .*zhihu.com is a question-and-answer site'):
        refuse_source("town", ["https://www.example.gov.cn/", "https://zhuanlan.zhihu.com/a"])


FORUM_POST = '<li><img class="avatar" src="/a.png"><a href="/u/jade">玉</a> 楼主说得对</li>'
BOARD_ITEM = '<li><img src="/new.gif"><a href="/detail?id=1">路灯坏了</a></li>'


@pytest.mark.parametrize(
    ("items", "forum"),
    [
        (FORUM_POST * 3, True),
        (FORUM_POST * 2 + BOARD_ITEM * 8, True),
        (FORUM_POST + BOARD_ITEM * 8, False),
        (BOARD_ITEM * 9, False),
        ('<li><img class="avatar" src="/a.png">热线</li>' * 9, False),
        ('<li><a href="/home.php?mod=space&amp;uid=3"><img src="/avatar.php?uid=3"></a></li>' * 2, True),
    ],
)
def test_a_forum_is_known_by_avatars_with_profile_links(items: str, forum: bool) -> None:
    assert looks_like_forum(Selector(text=f"<ul>{items}</ul>").css("li")) is forum


def test_a_forum_is_known_by_its_software() -> None:
    assert is_forum_software(Selector(text='<meta name="Generator" content="Discuz! X3.4">'))
    assert not is_forum_software(Selector(text='<meta name="generator" content="TRS WCM 7.0">'))


def test_a_login_address_is_known() -> None:
    assert is_login_address("https://www.example.gov.cn/user/login?next=/list")
    assert is_login_address("https://sso.example.gov.cn/cas/login")
    assert not is_login_address("https://www.example.gov.cn/blogin-news/1.html")
