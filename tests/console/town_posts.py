"""What the residents of the invented town ask, what came of it, and how a machine reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from records.analysis import (
    Analysis,
    Intent,
    PlaceKind,
    PlaceMention,
    ReplyFinding,
    ReplyFindingCode,
    ReplyQuality,
    UrgencyCode,
    UrgencyReason,
)
from records.post import Channel, Post, Reply

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 20, 10, 0, tzinfo=ZONE)
TODAY = NOW.date()

# What nobody should be able to do to a reader of this page.
HOSTILE_TEXT = (
    '<script>alert("1")</script> <img src=x onerror=alert(2)> \N{RIGHT-TO-LEFT OVERRIDE}gnp.exe '
    '" onmouseover="alert(3) {{ 7*7 }} 井盖\N{ZERO WIDTH SPACE}丢了\x07'
)
HOSTILE = "board/hostile"
EDITED = "board/hole-1"
UNSURE = "board/unsure"

_WATER_TITLES = (
    "南门街道连续三天停水，老人小孩没水用",
    "阳光花园又停水了，物业说不知道",
    "南门街道停水什么时候恢复",
    "停水三天无人通知，打热线也没有说法",
    "家里停水，做饭都要去买桶装水",
    "建设路一带停水，学校食堂也受影响",
)


def edited_before(post: Post) -> Post:
    """Return the post as it was before its source changed it."""
    return _post(
        "board",
        "hole-1",
        "解放路大坑没人管",
        "解放路与中山路口有个大坑，电动车经过很危险。请尽快处理。",
        asked=9,
        status="办理中",
        place="清河市",
    )


def all_posts() -> Iterator[Post]:
    for number, title in enumerate(_WATER_TITLES):
        text = (
            f"{title}。从前天早上开始一直没有来水，楼上高龄老人没有水喝，请供水公司尽快抢修并说明恢复时间。"
        )
        yield _post(
            "board", f"water-{number}", title, text, asked=number / 8, place="南门街道", status="待回复"
        )
    for number in range(2):
        yield _post(
            "case",
            f"wages-{number}",
            "工地拖欠工资半年",
            "城东安置房工地拖欠工资半年，共二十多名工人，多次反映没有结果，快过年了等钱回家。",
            asked=26 - number,
            place="城东区",
            status="办理中",
            channel=Channel.HOTLINE,
        )
    yield _post(
        "board",
        "hole-1",
        "解放路大坑半个月没人管",
        "解放路与中山路口有个大坑，电动车经过很危险，昨天有人摔伤。请尽快处理。",
        asked=9,
        status="已办理",
        place="清河市",
        replies=[_reply("市城市管理局", "您好，已于3月18日完成修补，感谢您的监督。如有问题请拨打12345。", 2)],
        rating=4,
    )
    yield _post("lake", "hole-2", "解放路路口坑洼", "路口的坑越来越大，晚上看不见。", asked=8, place="湖滨区")
    yield _post(
        "lake",
        "light-1",
        "湖滨路路灯不亮",
        "湖滨路东段路灯一个月不亮，上下班看不清路。",
        asked=20,
        status="已办理",
        replies=[_reply("湖滨区住建局", "路灯已修复。", 16)],
        place="湖滨区",
    )
    yield _post(
        "board", "hostile", HOSTILE_TEXT, HOSTILE_TEXT, asked=3, place='<b>"南门"</b>', status="待回复"
    )
    yield _post("board", "unsure", "请问一下", "想问一下那个事情现在怎么样了。", asked=5)
    yield _post("board", "odd id?a=1&b=%2F", "", "😀😀", asked=6)
    yield _post(
        "paper",
        "n1",
        "城东安置房年底交付",
        "记者从住建部门获悉，城东安置房年底交付。",
        asked=2,
        channel=Channel.NEWS,
    )
    for number in range(45):
        answered = number % 3 != 0
        yield _post(
            "board" if number % 2 else "lake",
            f"noise-{number}",
            f"夜间施工噪音扰民第{number + 1}次反映",
            "小区旁边工地夜里十二点还在施工，噪音很大，孩子睡不好，希望环保部门管一管。",
            asked=number * 0.66 + 0.3,
            place="湖滨区" if number % 4 else "南门街道",
            status="已办理" if answered else "待回复",
            replies=[_reply("市生态环境局", "已责令施工单位夜间停工。", max(number * 0.66 - 2, 0))]
            if answered
            else [],
        )


def _post(
    source: str,
    native_id: str,
    title: str,
    text: str,
    *,
    asked: float,
    place: str | None = None,
    status: str | None = None,
    channel: Channel = Channel.INBOX,
    replies: Sequence[Reply] = (),
    rating: int | None = None,
) -> Post:
    """Return a post asked so many days before NOW."""
    return Post(
        source=source,
        channel=channel,
        native_id=native_id,
        title=title,
        text=text,
        asked_at=NOW - timedelta(days=asked),
        fetched_at=NOW - timedelta(hours=1),
        url="https://board.example/1",
        addressed_to="清河市人民政府",
        place=place,
        status=status,
        replies=tuple(replies),
        rating=rating,
        votes_up=3,
    )


def _reply(department: str, text: str, days_ago: float) -> Reply:
    return Reply(department=department, text=text, replied_at=NOW - timedelta(days=days_ago))


def analysis(post: Post) -> Analysis:
    unsure = post.id == UNSURE
    water = "water" in post.native_id
    reasons = []
    if water:
        reasons = [UrgencyReason(code=UrgencyCode.UTILITY_CUT, words="一直没有来水")]
        reasons.append(UrgencyReason(code=UrgencyCode.VULNERABLE, words="高龄老人"))
    topic = "城乡建设" if water or "hole" in post.native_id else "环境保护"
    if "wages" in post.native_id:
        topic = "劳动和社会保障"
        reasons = [UrgencyReason(code=UrgencyCode.UNPAID_WAGES, words="拖欠工资半年")]
    quality = None
    if post.replies:
        finding = ReplyFinding(code=ReplyFindingCode.NAMES_DATE, words="3月18日")
        quality = ReplyQuality(relevance=0.62, findings=(finding,) if post.id == EDITED else ())
    return Analysis(
        post_id=post.id,
        revision=post.revision,
        model_version="2026.03",
        topic=None if unsure else topic,
        topic_guess=topic,
        topic_score=0.41 if unsure else 0.93,
        runner_up="交通运输" if unsure else None,
        intent=Intent.CONSULT if unsure else Intent.COMPLAINT,
        intent_score=0.8,
        dissatisfaction=0.2 if unsure else 0.7,
        urgency=2 if reasons else 0,
        reasons=tuple(reasons),
        places=(PlaceMention(name=post.place, kind=PlaceKind.STREET, confidence=0.9),)
        if post.place and not unsure
        else (),
        keywords=("停水", "供水公司") if water else ("施工", "噪音"),
        reply_quality=quality,
        subtopic="城市建设和市政管理" if water else None,
        own_topics=("二次供水",) if water else (),
    )
