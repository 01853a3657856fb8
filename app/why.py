"""The whole way of one post: fetched → masked → stored → analysed → merged → rules → sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.telling import Way
from console.words import word_for
from nlp.problem_evidence import likeness
from nlp.problems import LEAST_SCORE
from records.alert import Alert
from records.analysis import Analysis
from records.errors import Rejected
from records.post import Post
from records.problem import Decision, Membership
from records.run import RunKind
from storage.database import Database

MOST_SHARED_WORDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stage of the way and what happened there, in Chinese."""

    stage: str
    text: str


def trace(
    database: Database, post_id: str, *, zone: ZoneInfo, telling: Callable[[Alert], Sequence[Way]]
) -> list[Step]:
    """Return the steps of `post_id`, in the order of the data's way. Raises Rejected("unknown_post").

    `telling` gives what came of an alert on each channel.
    """
    post = stored_post(database, post_id)
    analysis = database.analyses.get(post_id)
    membership = database.problems.membership(post_id)

    def local(moment: datetime) -> str:
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")

    return [
        Step(stage="抓取", text=_fetched(database, post, local)),
        Step(stage="脱敏", text=_masked(post)),
        Step(
            stage="入库",
            text=f"第 {post.revision} 版，提问于 {local(post.asked_at)}，答复 {len(post.replies)} 条",
        ),
        Step(stage="分析", text=_analysed(post, analysis)),
        *_merged(database, post, membership, local),
        *_alerted(database, post_id, membership, local, telling),
    ]


def stored_post(database: Database, post_id: str) -> Post:
    """Return the post. Raises Rejected("unknown_post")."""
    post = database.posts.get(post_id)
    if post is None:
        raise Rejected(
            "unknown_post", f'post "{post_id}": not stored here (ids are written source/native_id)'
        )
    return post


def _fetched(database: Database, post: Post, local: Callable[[datetime], str]) -> str:
    run = database.runs.latest(RunKind.CRAWL).get(post.source) or database.runs.latest(RunKind.IMPORT).get(
        post.source
    )
    last = f"；该来源最近一次运行 {local(run.started_at)}（{word_for('run', run.state)}）" if run else ""
    return f"来源 {post.source}，{local(post.fetched_at)} 读取{'，' + post.url if post.url else ''}{last}"


def _masked(post: Post) -> str:
    text = post.whole_text + "".join(reply.text for reply in post.replies)
    marks = [part.split("〕")[0] for part in text.split("〔")[1:] if "〕" in part[:6]]
    counted = "、".join(f"{kind} {marks.count(kind)} 处" for kind in dict.fromkeys(marks))
    return f"已遮去：{counted}" if counted else "没有需要遮去的个人信息"


def _analysed(post: Post, analysis: Analysis | None) -> str:
    if analysis is None:
        return "尚未分析"
    topic = analysis.topic or f"拿不准（最像 {analysis.topic_guess}）"
    below = "、".join((f"二级 {analysis.subtopic or '未知'}", *analysis.own_topics))
    reasons = "、".join(f"“{reason.words}”" for reason in analysis.reasons) or "无"
    places = "、".join(place.name for place in analysis.places) or "未识别"
    stale = "" if analysis.revision == post.revision else f"；依据第 {analysis.revision} 版，新版待分析"
    return (
        f"主题 {topic}（{analysis.topic_score:.2f}；{below}），类型 {analysis.intent}，"
        f"不满 {analysis.dissatisfaction:.2f}，紧急 {analysis.urgency}（依据：{reasons}），"
        f"地点 {places}，模型 {analysis.model_version}{stale}"
    )


def _merged(
    database: Database, post: Post, membership: Membership | None, local: Callable[[datetime], str]
) -> Iterator[Step]:
    """Tell which problem it is in and why; what it shares with the reports before it; what people decided."""
    if not post.channel.carries_reports or membership is None:
        text = "尚未归并" if post.channel.carries_reports else "新闻与公告不并入问题"
        yield Step(stage="归并", text=text)
        return
    problem = database.problems.get(membership.problem_id)
    size = f"，该问题共 {problem.n_posts} 件、{problem.n_voices} 个独立反映" if problem else ""
    yield Step(
        stage="归并",
        text=f"问题 {membership.problem_id}：{membership.reason}"
        f"（把握 {membership.score:.2f}，达到 {LEAST_SCORE:.2f} 才归并）{size}",
    )
    if shared := _shared(database, post, membership):
        yield Step(stage="归并依据", text=shared)
    for decision in database.problems.decisions():
        if post.id in (*decision.ones, *decision.others):
            yield Step(stage="人工决定", text=_decided(decision, post.id, local))


def _decided(decision: Decision, post_id: str, local: Callable[[datetime], str]) -> str:
    kept, other = decision.problem_id, decision.other_id
    done = f"问题 {other} 并入问题 {kept}" if decision.is_same else f"从问题 {kept} 拆出问题 {other}"
    own = other if post_id in decision.others else kept
    return f"{local(decision.decided_at)}，{done}（第 {decision.id} 号决定），当时这条留言属于 {own}"


def _shared(database: Database, post: Post, membership: Membership) -> str:
    """Return what the post shares with the reports of its problem before it, reckoned from fingerprints."""
    members = database.problems.members(membership.problem_id)
    at = next(row for row, member in enumerate(members) if member.post_id == post.id)
    voices = [member.post_id for member in members[:at] if member.copy_of is None]
    analyses = database.analyses.get_many([*voices, post.id])
    if post.id not in analyses:
        return ""
    earlier = [(post_id, analyses[post_id].fingerprint) for post_id in voices if post_id in analyses]
    found = likeness(analyses[post.id].fingerprint, earlier)
    if found is None:
        return ""
    places = "、".join(found.places) or "无"
    words = "、".join(found.shared_words[:MOST_SHARED_WORDS]) or "无"
    copied = f"，与 {membership.copy_of} 文字相同 {found.copy:.0%}" if membership.copy_of else ""
    return (
        f"与此前 {len(earlier)} 个独立反映相比：共有地点 {places}；共有的词 {words}；"
        f"用词相近 {found.words:.2f}，意思相近 {found.matter:.2f}{copied}"
    )


def _alerted(
    database: Database,
    post_id: str,
    membership: Membership | None,
    local: Callable[[datetime], str],
    telling: Callable[[Alert], Sequence[Way]],
) -> Iterator[Step]:
    found = [alert for alert in database.alerts.list(limit=10_000) if _concerns(alert, post_id, membership)]
    if not found:
        yield Step(stage="规则", text="没有规则命中")
    for alert in found:
        yield Step(
            stage="规则", text=f"{alert.rule}：{alert.explanation}（{alert.state}，{local(alert.fired_at)}）"
        )
        ways = telling(alert) or [Way(channel="控制台", said="没有配置接收渠道，只在这里")]
        yield from (Step(stage="送达", text=f"{way.channel}：{way.said}") for way in ways)


def _concerns(alert: Alert, post_id: str, membership: Membership | None) -> bool:
    return post_id in alert.post_ids or (
        membership is not None and membership.problem_id in alert.problem_ids
    )
