"""A problem as people read it: one title, place, department and state from all its reports."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from records.analysis import Analysis, PlaceKind, PlaceMention, ReplyFindingCode
from records.post import Post
from records.problem import DueAt, Membership, Outcome, Problem, ProblemState

REOPENED_AFTER = timedelta(days=1)  # what crosses the answer on its way is no new report
LONGEST_TITLE = 60
MOST_COMPARED = 50  # titles; the most central of so many is central enough

# Nearest to the ground first: the place of a problem is the most specific one that its reports share.
_SPECIFIC = (PlaceKind.ESTATE, PlaceKind.SITE, PlaceKind.ROAD, PlaceKind.COMMUNITY)
_WIDE = (PlaceKind.STREET, PlaceKind.DISTRICT, PlaceKind.CITY)

_CLOSED = re.compile(r"办结|结案|已解决|已完成|已处理|已办理|closed", re.IGNORECASE)
_NOT_CLOSED = re.compile(r"未|待|不予|正在|办理中")
_ANSWERED = re.compile(r"(?<!未)(?<!待)(?:已回复|已答复|答复|回复)")
_NOT_SOLVED = re.compile(
    r"(?:没有|没|未|未能|并未|不)(?:真正|彻底|完全|得到|予以|见到?)?(?:解决|处理|落实|整改|修好|改善|恢复)"
    r"|(?:仍|依)[然旧]|还是(?:没|老样子|不)|又(?:开始|出现|坏|停)|(?:反弹|死灰复燃|再次(?:反映|投诉))"
)
_FIXED = re.compile(
    r"已(?:经)?(?:全部|基本|及时|按要求)?(?:修复|修好|恢复|解决|整改(?:到位|完毕|完成)|处理(?:完毕|完成|到位)"
    r"|拆除|更换|清理|清除|退还|发放|支付|补发|完工|通车|办结)"
)


def summarise(
    problem_id: str,
    posts: Sequence[Post],
    analyses: Mapping[str, Analysis],
    members: Sequence[Membership],
    *,
    due_at: DueAt,
) -> Problem:
    """Return the problem that these reports are.

    `posts` are all its reports (one or more, any order), `analyses` those known by post id, `members` why
    each belongs. State, by the first rule that holds:
      reopened  an independent report came a day or more after an earlier one was answered or closed, and
                it is unanswered itself, or says that nothing is solved and is not closed
      closed    the source states of every report that it is closed
      answered  every report has a reply, or a state that says so
      open      otherwise
    `due_at` says when the answer to one report is due; the problem is due when the first unanswered one is.
    """
    reports = sorted(posts, key=lambda post: (post.asked_at, post.id))
    copies = {member.post_id for member in members if member.copy_of is not None}
    voices = [post for post in reports if post.id not in copies] or reports
    known = [analyses[post.id] for post in reports if post.id in analyses]
    waiting = [post for post in reports if not _is_settled(post)]
    return Problem(
        id=problem_id,
        title=_title(voices),
        topic=_topic(known),
        place=_place([analyses[post.id].places for post in voices if post.id in analyses], voices),
        department=_department(reports),
        first_seen=reports[0].asked_at,
        last_seen=reports[-1].asked_at,
        n_posts=len(reports),
        n_voices=len(voices),
        state=_state(reports, voices),
        urgency=max((analysis.urgency for analysis in known), default=0),
        dissatisfaction=_upper_quartile([analysis.dissatisfaction for analysis in known]),
        outcome=_outcome(reports, analyses),
        due_at=min((due_at(post, analyses.get(post.id)) for post in waiting), default=None),
    )


def _is_closed(post: Post) -> bool:
    status = post.status or ""
    return bool(_CLOSED.search(status)) and not _NOT_CLOSED.search(status)


def _is_settled(post: Post) -> bool:
    return bool(post.replies) or _is_closed(post) or bool(_ANSWERED.search(post.status or ""))


def _settled_at(post: Post) -> datetime | None:
    """Return when the report was answered or closed, as far as is known; None while it is open."""
    return (post.first_replied_at or post.asked_at) if _is_settled(post) else None


def _state(reports: Sequence[Post], voices: Sequence[Post]) -> ProblemState:
    settled: datetime | None = None
    for post in voices:
        again = settled is not None and post.asked_at >= settled + REOPENED_AFTER
        unsolved = not _is_closed(post) and bool(_NOT_SOLVED.search(post.whole_text))
        if again and (not _is_settled(post) or unsolved):
            return ProblemState.REOPENED
        at = _settled_at(post)
        if at is not None:
            settled = at if settled is None else min(settled, at)
    if all(_is_closed(post) for post in reports):
        return ProblemState.CLOSED
    if all(_is_settled(post) for post in reports):
        return ProblemState.ANSWERED
    return ProblemState.OPEN


def _outcome(reports: Sequence[Post], analyses: Mapping[str, Analysis]) -> Outcome | None:
    """Return what the newest answer says came of it; None where nobody answered."""
    answered = [post for post in reports if post.replies]
    if not answered:
        return None
    newest = max(answered, key=lambda post: (post.replies[-1].replied_at or post.asked_at, post.id))
    if _FIXED.search(newest.replies[-1].text):
        return Outcome.FIXED
    analysis = analyses.get(newest.id)
    quality = analysis.reply_quality if analysis else None
    codes = {finding.code for finding in quality.findings} if quality else set()
    if ReplyFindingCode.REFUSES in codes:
        return Outcome.REFUSED
    if ReplyFindingCode.HANDS_OVER in codes and ReplyFindingCode.DECIDES not in codes:
        return Outcome.HANDED_OVER
    return Outcome.EXPLAINED


def _topic(analyses: Iterable[Analysis]) -> str | None:
    """Return the topic with most certainty behind it; None where every analysis abstained."""
    votes: defaultdict[str, float] = defaultdict(float)
    for analysis in analyses:
        if analysis.topic is not None:
            votes[analysis.topic] += analysis.topic_score
    return max(sorted(votes), key=lambda topic: votes[topic], default=None)


def _place(mentions: Sequence[Sequence[PlaceMention]], posts: Sequence[Post]) -> str | None:
    """Return the most specific place that the reports share, its district before it where known."""
    district = _most_named(mentions, (PlaceKind.DISTRICT,), least=1)
    least = (len(mentions) + 1) // 2
    specific = _most_named(mentions, _SPECIFIC, least=least) or _most_named(mentions, _WIDE[:1], least=least)
    if specific:
        return specific if district is None or specific.startswith(district) else district + specific
    return district or _most_named(mentions, _WIDE, least=1) or _commonest(post.place for post in posts)


def _most_named(
    mentions: Sequence[Sequence[PlaceMention]], kinds: Sequence[PlaceKind], *, least: int
) -> str | None:
    """Return the name of these kinds that most reports (at least `least`) give; of equals the surest."""
    reports: Counter[str] = Counter()
    sure: defaultdict[str, float] = defaultdict(float)
    for mentioned in mentions:
        for mention in mentioned:
            if mention.kind in kinds:
                reports[mention.name] += 1
                sure[mention.name] += mention.confidence
    shared = [name for name, count in reports.items() if count >= least]
    return max(sorted(shared), key=lambda name: (reports[name], sure[name], len(name)), default=None)


def _department(reports: Sequence[Post]) -> str | None:
    """Return the office that answered last, else the one that most reports are addressed to."""
    answers = [
        (reply.replied_at or post.asked_at, reply.department)
        for post in reports
        for reply in post.replies
        if reply.department
    ]
    if answers:
        return max(answers, key=lambda answer: answer[0])[1]
    return _commonest(post.addressed_to for post in reports)


def _commonest(values: Iterable[str | None]) -> str | None:
    counts = Counter(value for value in values if value)
    return max(sorted(counts), key=lambda value: counts[value], default=None)


def _title(voices: Sequence[Post]) -> str:
    """Return the resident's own title that is most like all the others; of equals the earliest."""
    titles = [_headline(post) for post in voices[:MOST_COMPARED]]
    pairs = [{title[at : at + 2] for at in range(len(title) - 1)} for title in titles]
    central = [sum(_dice(own, other) for other in pairs) for own in pairs]
    return titles[max(range(len(titles)), key=lambda row: (round(central[row], 6), -row))]


def _headline(post: Post) -> str:
    """Return the title, or the first sentence of a message without one."""
    text = post.title.strip() or re.split(r"[。！？!?\n]", post.text.strip(), maxsplit=1)[0]
    text = " ".join(text.split()) or "（无文字）"
    return text if len(text) <= LONGEST_TITLE else text[: LONGEST_TITLE - 1] + "…"


def _dice(a: set[str], b: set[str]) -> float:
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0


def _upper_quartile(values: Sequence[float]) -> float:
    """Return a value that a quarter of the reports reach: one mild report must not hide three grave ones."""
    return sorted(values)[(3 * (len(values) - 1)) // 4] if values else 0.0
