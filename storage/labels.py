"""Labels that people gave: what training learns from besides its files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from sqlalchemy import Engine, exists, func, select

from records.label import Label, LabelField, LabelledPost, text_digest
from storage import schema
from storage.dialect import in_chunks, reading, upsert, writing
from storage.post_rows import read_posts

_LABELS = schema.labels.c
_POSTS = schema.posts.c
_ANALYSES = schema.analyses.c
_MEMBERS = schema.memberships.c


class LabelStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, labels: Sequence[Label]) -> None:
        """Keep the labels; of the same text and field the newest stands."""
        with writing(self._engine) as connection:
            upsert(connection, schema.labels, [asdict(label) for label in labels])

    def count(self) -> int:
        """Return how many labels there are."""
        with reading(self._engine) as connection:
            return connection.scalar(select(func.count()).select_from(schema.labels)) or 0

    def labelled(self) -> Iterator[LabelledPost]:
        """Yield by id the posts that have labels, with those of their present text.

        A label of a text that was changed or deleted since is passed over.
        """
        with reading(self._engine) as connection:
            ids = connection.scalars(select(_LABELS.post_id).distinct().order_by(_LABELS.post_id)).all()
            for chunk in in_chunks(ids):
                given: dict[tuple[str, str], dict[LabelField, str]] = {}
                query = select(schema.labels).where(_LABELS.post_id.in_(chunk)).order_by(_LABELS.field)
                for row in connection.execute(query):
                    given.setdefault((row.post_id, row.digest), {})[LabelField(row.field)] = row.value
                posts = select(schema.posts).where(_POSTS.id.in_(chunk), _POSTS.purged_at.is_(None))
                for post in read_posts(connection, posts.order_by(_POSTS.id)):
                    if values := given.get((post.id, text_digest(post))):
                        yield LabelledPost(post=post, values=values)

    def propose(self, field: LabelField, limit: int) -> list[str]:
        """Return ids of messages that nobody labelled in `field`, those first that would teach most.

        That is one of each problem, the least sure topic first; problems of which a message has been labelled
        come after those of which none has. Reads all analyses: seconds for a million.
        """
        is_labelled = exists().where(_LABELS.post_id == _POSTS.id, _LABELS.field == field.value)
        problem = func.coalesce(_MEMBERS.problem_id, _POSTS.id)
        order = (is_labelled.desc(), _ANALYSES.topic_score, _POSTS.id)
        ranked = (
            select(
                _POSTS.id,
                _ANALYSES.topic_score,
                is_labelled.label("is_labelled"),
                func.row_number().over(partition_by=problem, order_by=order).label("turn"),
            )
            .join(schema.analyses, _ANALYSES.post_id == _POSTS.id)
            .outerjoin(schema.memberships, _MEMBERS.post_id == _POSTS.id)
            .where(_POSTS.purged_at.is_(None))
            .subquery()
        )
        query = (
            select(ranked.c.id)
            .where(~ranked.c.is_labelled)
            .order_by(ranked.c.turn, ranked.c.topic_score, ranked.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return list(connection.scalars(query))
