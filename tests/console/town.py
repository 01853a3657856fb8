"""A small invented town for the console: five sources, sixty posts, a few problems, alerts and briefings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from alerts.backtest import Past
from alerts.coverage import Coverage
from alerts.deadlines import load_deadlines
from alerts.new_rules import SearchRule
from alerts.notifications import Notifications
from alerts.past import Clock
from alerts.rule_book import RuleBook
from alerts.telling import Way
from console.services import Services
from crawler.catalogue import Catalogue, load_catalogue
from nlp.model_shelf import ModelShelf
from nlp.register import RegisteredTopic, registered_topics
from nlp.segment import tokens, words
from records.alert import Alert, AlertState
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
from records.problem import Membership, Outcome, Problem, ProblemState
from records.run import RunCounts, RunKind, RunState
from records.times import Period, day_period
from storage.database import Database
from storage.indexer import drain
from storage.tantivy_index import TantivyIndex

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 20, 10, 0, tzinfo=ZONE)
TODAY = NOW.date()

WATER, WAGES, HOLE, FIXED = "pwater", "pwages", "phole", "pfixed"
# What nobody should be able to do to a reader of this page.
HOSTILE_TEXT = (
    '<script>alert("1")</script> <img src=x onerror=alert(2)> \N{RIGHT-TO-LEFT OVERRIDE}gnp.exe '
    '" onmouseover="alert(3) {{ 7*7 }} 井盖\N{ZERO WIDTH SPACE}丢了\x07'
)
HOSTILE = "board/hostile"
EDITED = "board/hole-1"
UNSURE = "board/unsure"
OWN_TOPIC = RegisteredTopic(name="加装电梯", model="own-1", definition="老旧小区加装电梯的申请和费用。")
WATER_ALERT, WAGES_ALERT, OLD_ALERT = "awater", "awages", "aold"

CATALOGUE = """
sources:
  - {name: board, title: 清河市市长信箱, channel: inbox, spider: feed, start_urls: ["https://board.example/rss"]}
  - {name: lake, title: 湖滨区区长信箱, channel: inbox, spider: feed, start_urls: ["https://lake.example/rss"]}
  - {name: paper, title: 清河日报, channel: news, spider: feed, start_urls: ["https://paper.example/rss"]}
  - {name: works, title: 住建局公告, channel: notice, spider: feed, start_urls: ["https://works.example/rss"]}
"""

_WATER_TITLES = (
    "南门街道连续三天停水，老人小孩没水用",
    "阳光花园又停水了，物业说不知道",
    "南门街道停水什么时候恢复",
    "停水三天无人通知，打热线也没有说法",
    "家里停水，做饭都要去买桶装水",
    "建设路一带停水，学校食堂也受影响",
)


def build_services(folder: Path) -> Services:
    """Return the services of a new installation in `folder` with the town in it; the caller closes them."""
    database = Database.open(f"sqlite:///{folder / 'town.sqlite'}")
    index = TantivyIndex(folder / "index", segment=words, zone=ZONE, clock=lambda: NOW)
    fill(database)
    drain(database, index, segment=words)
    return Services(
        database=database,
        index=index,
        catalogue=_catalogue(folder),
        segment=words,
        tokens=tokens,
        why=lambda post_id: [("抓取", f"来源 {post_id.split('/')[0]}"), ("脱敏", "没有需要遮去的个人信息")],
        telling=lambda alert: [Way(channel="值班群", said="03-18 09:00 已告知（当时为6）")],
        due_at=lambda post, _: post.asked_at + timedelta(days=15),
        rules=RuleBook(folder=_rules(folder), database=database, every=timedelta(minutes=5)),
        past=lambda period: nullcontext(_past(database, index, period)),
        policy=Notifications,
        topics=lambda: [*registered_topics(ModelShelf(None)), OWN_TOPIC],
        zone=ZONE,
        clock=lambda: NOW,
        title="清河回应",
    )


def fill(database: Database) -> None:
    """Store the town."""
    posts = list(_posts())
    database.posts.save([edited_before(post) if post.id == EDITED else post for post in posts])
    database.posts.save([post for post in posts if post.id == EDITED])
    stored = database.posts.get_many(post.id for post in posts)
    database.analyses.save([_analysis(post) for post in stored.values()])
    database.problems.commit(_memberships(posts), _problems(posts))
    database.alerts.save(_alerts(posts))
    _run_crawls(database)


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


def _rules(folder: Path) -> Path:
    rules = folder / "rules"
    rules.mkdir()
    for rule in (
        SearchRule(name="停水成片", query="停水 OR 断水"),
        SearchRule(name="欠薪久拖", query="欠薪 OR 拖欠工资"),
    ):
        (rules / f"{rule.name}.yaml").write_text(rule.text(), encoding="utf-8")
    return rules


def _past(database: Database, index: TantivyIndex, period: Period) -> Past:
    return Past(
        database=database,
        index=index,
        clock=Clock(now=period.end),
        coverage=Coverage(),
        deadlines=load_deadlines(),
        due_at=lambda post, _: post.asked_at + timedelta(days=15),
        zone=ZONE,
    )


def _catalogue(folder: Path) -> Catalogue:
    path = folder / "sources.yaml"
    path.write_text(CATALOGUE, encoding="utf-8")
    return load_catalogue(path)


def _posts() -> Iterator[Post]:
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


def _analysis(post: Post) -> Analysis:
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


def _memberships(posts: Sequence[Post]) -> list[Membership]:
    homes = {"water": WATER, "wages": WAGES, "hole": HOLE, "light": FIXED}
    return [
        Membership(
            post_id=post.id,
            problem_id=homes[kind],
            score=1.0 if post.native_id.endswith(("-0", "-1")) else 0.82,
            reason="第一件反映" if post.native_id.endswith("-0") else "同在南门街道，都说停水",
            copy_of="case/wages-0" if post.id == "case/wages-1" else None,
        )
        for post in posts
        if (kind := post.native_id.split("-")[0]) in homes
    ]


def _problems(posts: Sequence[Post]) -> list[Problem]:
    def problem(problem_id: str, prefix: str, **values: object) -> Problem:
        mine = [post for post in posts if post.native_id.startswith(prefix)]
        defaults = {
            "id": problem_id,
            "title": mine[0].title,
            "topic": "城乡建设",
            "place": mine[0].place,
            "department": None,
            "first_seen": min(post.asked_at for post in mine),
            "last_seen": max(post.asked_at for post in mine),
            "n_posts": len(mine),
            "n_voices": len(mine),
            "state": ProblemState.OPEN,
        }
        return Problem(**(defaults | values))  # type: ignore[arg-type]  # a test's shorthand

    return [
        problem(
            WATER,
            "water",
            urgency=2,
            dissatisfaction=0.8,
            department="市供水公司",
            due_at=NOW + timedelta(days=1),
        ),
        problem(
            WAGES,
            "wages",
            n_voices=1,
            urgency=2,
            dissatisfaction=0.9,
            topic="劳动和社会保障",
            department="城东区人社局",
            due_at=NOW - timedelta(days=11),
        ),
        problem(
            HOLE,
            "hole",
            urgency=1,
            state=ProblemState.REOPENED,
            department="市城市管理局",
            dissatisfaction=0.5,
        ),
        problem(
            FIXED, "light", state=ProblemState.CLOSED, outcome=Outcome.FIXED, due_at=NOW - timedelta(days=6)
        ),
    ]


def _alerts(posts: Sequence[Post]) -> list[Alert]:
    water = tuple(post.id for post in posts if post.native_id.startswith("water"))
    return [
        _alert(
            WATER_ALERT,
            "停水成片",
            1,
            labels={"place": "南门街道", "topic": "城乡建设"},
            explanation="南门街道一天内收到6件停水来件（6个独立反映），平常约0.3件；其中6件提到断水，4件提到老人。",
            problem_ids=(WATER,),
            post_ids=water,
        ),
        _alert(
            WAGES_ALERT,
            "欠薪久拖",
            2,
            labels={"problem": WAGES, "department": "城东区人社局"},
            explanation="“工地拖欠工资半年”自2月22日起26天没有答复，已超期11天，城东区人社局应答复。",
            problem_ids=(WAGES,),
            post_ids=("case/wages-0", "case/wages-1"),
        ),
        _alert(
            OLD_ALERT,
            "路灯",
            4,
            labels={"place": "湖滨区"},
            explanation="湖滨区一周内3件路灯来件，平常约1件。",
            state=AlertState.RESOLVED,
        ),
    ]


def _alert(
    alert_id: str,
    rule: str,
    severity: int,
    *,
    labels: dict[str, str],
    explanation: str,
    state: AlertState = AlertState.ACTIVE,
    problem_ids: tuple[str, ...] = (),
    post_ids: tuple[str, ...] = (),
) -> Alert:
    return Alert(
        id=alert_id,
        rule=rule,
        labels=labels,
        severity=severity,
        state=state,
        fired_at=NOW - timedelta(hours=severity),
        updated_at=NOW - timedelta(minutes=30),
        value=6,
        expected=0.3 if severity == 1 else None,
        explanation=explanation,
        raised_at=NOW - timedelta(hours=severity),
        raised_value=6,
        problem_ids=problem_ids,
        post_ids=post_ids,
    )


def _run_crawls(database: Database) -> None:
    """Daily crawls: `lake` has not been reached for nine days, `works` never."""
    for source, newest in (("board", 0), ("paper", 0), ("lake", 9)):
        for days in range(newest + 10, newest - 1, -1):
            at = NOW - timedelta(days=days, hours=1)
            run = database.runs.start(RunKind.CRAWL, source, now=at)
            counts = RunCounts(
                fetched=30,
                stored=2,
                updated=1,
                unchanged=26,
                rejected={"no_date": 1},
                requests=31,
                bytes=90_000,
            )
            database.runs.finish(run, RunState.DONE, counts, now=at + timedelta(seconds=42))
    run = database.runs.start(RunKind.CRAWL, "lake", now=NOW - timedelta(hours=1))
    counts = RunCounts(fetched=1, quarantined={"selector_empty": 1})
    error = 'source "lake": list page: 503 Service Unavailable (try again later)'
    database.runs.finish(run, RunState.FAILED, counts, now=NOW, error=error)
    run = database.runs.start(RunKind.IMPORT, "case", now=NOW - timedelta(days=1))
    database.runs.finish(run, RunState.DONE, RunCounts(fetched=2, stored=2), now=NOW - timedelta(days=1))


def freeze_briefing(services: Services) -> int:
    """Store a daily briefing of yesterday; return its id."""
    from alerts.coverage import coverage_of
    from briefing.collect import collect
    from briefing.snapshot import freeze

    day = TODAY - timedelta(days=1)
    content = collect(
        services.database,
        services.index,
        coverage_of(services.catalogue, services.database, now=NOW),
        day=day,
        now=NOW,
        zone=ZONE,
        title="清河市民诉求",
        issuer="清河市民热线中心",
    )
    snapshot = freeze(services.database, content, now=NOW)
    assert snapshot.period == day_period(day, zone=ZONE)
    return snapshot.id
