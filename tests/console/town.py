"""A small invented town for the console: five sources, sixty posts, a few problems, alerts and briefings."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

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
from records.run import RunCounts, RunKind, RunState
from records.times import Period, day_period
from storage.database import Database
from storage.indexer import drain
from storage.tantivy_index import TantivyIndex
from tests.console.town_cases import all_alerts, all_problems, memberships
from tests.console.town_posts import EDITED, NOW, TODAY, ZONE, all_posts, analysis, edited_before

OWN_TOPIC = RegisteredTopic(name="加装电梯", model="own-1", definition="老旧小区加装电梯的申请和费用。")

CATALOGUE = """
sources:
  - {name: board, title: 清河市市长信箱, channel: inbox, spider: feed, start_urls: ["https://board.example/rss"]}
  - {name: lake, title: 湖滨区区长信箱, channel: inbox, spider: feed, start_urls: ["https://lake.example/rss"]}
  - {name: paper, title: 清河日报, channel: news, spider: feed, start_urls: ["https://paper.example/rss"]}
  - {name: works, title: 住建局公告, channel: notice, spider: feed, start_urls: ["https://works.example/rss"]}
"""


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
    posts = list(all_posts())
    database.posts.save([edited_before(post) if post.id == EDITED else post for post in posts])
    database.posts.save([post for post in posts if post.id == EDITED])
    stored = database.posts.get_many(post.id for post in posts)
    database.analyses.save([analysis(post) for post in stored.values()])
    database.problems.commit(memberships(posts), all_problems(posts))
    database.alerts.save(all_alerts(posts))
    _run_crawls(database)


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
