"""Analyses: what the models read in each post."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, and_, func, select, true, update

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
from records.job import JobKind
from records.plain import plain
from storage import schema
from storage.dialect import in_chunks, lock_rows, reading, upsert, writing
from storage.jobs import wake
from storage.outbox import enqueue

_ANALYSES = schema.analyses.c
_USES = schema.reply_uses.c
# In nearly the same words to so many different problems of a source, a reply is a form letter.
FORM_LETTER_QUESTIONS = 5


class AnalysisStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, analyses: Sequence[Analysis]) -> None:
        """Replace the analysis of each post; one transaction with outbox rows and the job of merging.

        The problems of these posts become stale. An analysis of a post whose text was deleted meanwhile is
        passed over: it holds words of that text.
        """
        post_ids = sorted(analysis.post_id for analysis in analyses)
        with writing(self._engine) as connection:
            kept = _with_text(connection, post_ids)
            rows = [plain(analysis) for analysis in analyses if analysis.post_id in kept]
            upsert(connection, schema.analyses, rows)
            _mark_analysed(connection, post_ids)
            for chunk in in_chunks(post_ids):
                mark_stale(connection, schema.problems.c.id.in_(_select_homes(chunk)))
            enqueue(connection, post_ids)
            wake(connection, JobKind.MERGE)

    def get(self, post_id: str) -> Analysis | None:
        """Return the newest analysis of the post, or None."""
        return self.get_many([post_id]).get(post_id)

    def get_many(self, post_ids: Iterable[str]) -> dict[str, Analysis]:
        """Return the analyses of those that have one."""
        with reading(self._engine) as connection:
            return read_analyses(connection, post_ids)


def read_analyses(connection: Connection, post_ids: Iterable[str]) -> dict[str, Analysis]:
    """Return post id → analysis for those that have one; a reply that is a form letter by now is marked."""
    found: dict[str, Analysis] = {}
    for chunk in in_chunks(post_ids):
        rows = connection.execute(select(schema.analyses).where(_ANALYSES.post_id.in_(chunk)))
        found.update((row.post_id, _analysis(row)) for row in rows)
    uses = _form_letters(connection, {key for one in found.values() for key in wording_keys(one)})
    return {post_id: _with_form_letter(analysis, uses) for post_id, analysis in found.items()}


def wording_keys(analysis: Analysis) -> tuple[int, ...]:
    """Return by what its reply is recognised in other answers."""
    return analysis.reply_quality.wording if analysis.reply_quality else ()


def _form_letters(connection: Connection, keys: Iterable[int]) -> dict[int, int]:
    """Return key → problems answered so, for the keys of form letters."""
    count = func.count()
    query = select(_USES.reply_key, count).group_by(_USES.reply_key).having(count >= FORM_LETTER_QUESTIONS)
    return {
        row[0]: row[1]
        for chunk in in_chunks(keys)
        for row in connection.execute(query.where(_USES.reply_key.in_(chunk)))
    }


def _with_form_letter(analysis: Analysis, uses: Mapping[int, int]) -> Analysis:
    n_questions = max((uses.get(key, 0) for key in wording_keys(analysis)), default=0)
    if analysis.reply_quality is None or not n_questions:
        return analysis
    code = ReplyFindingCode.FORM_LETTER
    others = [found for found in analysis.reply_quality.findings if found.code != code]
    words = next((found.words for found in analysis.reply_quality.findings if found.code == code), "")
    finding = ReplyFinding(code=code, words=words, n_questions=n_questions)
    return replace(analysis, reply_quality=replace(analysis.reply_quality, findings=(*others, finding)))


def _with_text(connection: Connection, post_ids: Sequence[str]) -> set[str]:
    posts = schema.posts
    found: set[str] = set()
    for chunk in in_chunks(post_ids):
        lock_rows(connection, posts, posts.c.id.in_(chunk))
        query = select(posts.c.id).where(posts.c.id.in_(chunk), posts.c.purged_at.is_(None))
        found.update(connection.scalars(query))
    return found


def _mark_analysed(connection: Connection, post_ids: Sequence[str]) -> None:
    # An analysis of a revision that has been replaced meanwhile leaves the post waiting for a new one.
    posts = schema.posts
    model = (
        select(_ANALYSES.model_version)
        .where(and_(_ANALYSES.post_id == posts.c.id, _ANALYSES.revision == posts.c.revision))
        .scalar_subquery()
    )
    for chunk in in_chunks(post_ids):
        connection.execute(update(posts).where(posts.c.id.in_(chunk)).values(analysed_with=model))


def mark_stale(connection: Connection, problems: ColumnElement[bool]) -> None:
    """Note that the problems of which the condition holds must be summed up anew."""
    lock_rows(connection, schema.problems, problems)
    connection.execute(update(schema.problems).where(problems).values(stale=true()))


def _select_homes(post_ids: Sequence[str]) -> Select[Any]:
    members = schema.memberships.c
    return select(members.problem_id).where(members.post_id.in_(post_ids))


def _analysis(row: Row[Any]) -> Analysis:
    quality = row.reply_quality
    return Analysis(
        post_id=row.post_id,
        revision=row.revision,
        model_version=row.model_version,
        topic=row.topic,
        topic_guess=row.topic_guess,
        topic_score=row.topic_score,
        runner_up=row.runner_up,
        intent=Intent(row.intent),
        intent_score=row.intent_score,
        dissatisfaction=row.dissatisfaction,
        urgency=row.urgency,
        reasons=tuple(
            UrgencyReason(code=UrgencyCode(item["code"]), words=item["words"]) for item in row.reasons
        ),
        places=tuple(
            PlaceMention(name=item["name"], kind=PlaceKind(item["kind"]), confidence=item["confidence"])
            for item in row.places
        ),
        keywords=tuple(row.keywords),
        reply_quality=None if quality is None else _reply_quality(quality),
        fingerprint=row.fingerprint,
        subtopic=row.subtopic,
        own_topics=tuple(row.own_topics),
    )


def _reply_quality(data: dict[str, Any]) -> ReplyQuality:
    findings = tuple(
        ReplyFinding(code=ReplyFindingCode(item["code"]), words=item["words"]) for item in data["findings"]
    )
    # What was analysed before 2026-11 has no wording.
    wording = tuple(data.get("wording", ()))
    return ReplyQuality(relevance=data["relevance"], findings=findings, wording=wording)
