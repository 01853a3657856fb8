"""No column can hold an author, and the migrations make exactly the tables that the code speaks to."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select

from records.plain import plain_post
from records.times import utc_now
from storage import schema
from storage.database import Database
from storage.dialect import reading, set_counter, writing
from storage.engines import open_engine
from storage.migrations import HEAD, bring_up_to_date
from tests.storage.samples import membership, post, problem, reply

# Whoever adds a column adds it here and says in the review why it cannot hold who wrote a message.
ALLOWED = {
    "posts": "id source native_id channel url title text asked_at addressed_to place status rating votes_up "
    "votes_down fetched_at first_fetched_at revision digest reply_count first_replied_at "
    "analysed_with to_merge purged_at",
    "replies": "post_id position text department replied_at",
    "post_revisions": "post_id revision content",
    "analyses": "post_id revision model_version topic topic_guess topic_score runner_up intent intent_score "
    "dissatisfaction urgency reasons places keywords reply_quality fingerprint "
    "subtopic own_topics",
    "problems": "id title topic place department first_seen last_seen n_posts n_voices state urgency "
    "dissatisfaction outcome due_at stale",
    "memberships": "sequence post_id problem_id score reason copy_of",
    # Post ids and problem ids: who decided is in the audit log alone.
    "problem_decisions": "id kind decided_at problem_id other_id ones others undone_at",
    "reply_uses": "reply_key problem_id",
    # `assigned_to` is an office.
    "alerts": "id rule labels severity state fired_at updated_at value expected explanation problem_ids "
    "raised_at raised_value assigned_to verdict settled_at",
    "alert_posts": "alert_id position post_id",
    "deliveries": "key channel alert_ids title body state attempts created_at next_attempt_at sent_at error "
    "attempted_at",
    "notices": "alert_id channel kind raised_at value told_at group delivery_key",
    # `created_by` is an account of this installation; personal details are refused in matchers and reason.
    "silences": "id matchers starts_at ends_at reason created_by ended_at",
    "runs": "id kind subject state started_at finished_at counts error",
    # `actor` is a role or a signed-in user of this installation, never a resident.
    "audit": "id at actor action subject detail",
    "outbox": "sequence post_id waiting_since",
    # `reason` is the engine's, without any Chinese (storage.outbox).
    "refusals": "post_id tries reason refused_at",
    "pages": "url etag last_modified body_sha256 refusal",
    "snapshots": "id kind period_start period_end content created_at approved_at",
    # What somebody of the installation said of a message, not who.
    "labels": "post_id digest field value at",
    # What a person called a search, and what it looks for; personal details are refused in both.
    "saved_searches": "name query sort created_at",
    # `text` is the YAML of a rule, `reason` why it was changed; personal details are refused in both.
    # `changed_by` and `tried_by` are accounts of this installation.
    "rule_versions": "id rule number text at changed_by reason tried_from tried_until tried_alerts",
    "rule_trials": "digest period_start period_end alerts tried_at tried_by",
    "kept_values": "name value",
}
FORBIDDEN = re.compile(
    r"author|user|writer|poster|nick|avatar|profile|account|phone|mobile|mail|gender|birth|first_name|last_name|"
    r"person|sender|asker|resident|opinion|political|sentiv|sensitiv"
)
# The tables whose content comes from residents: no bare name there either.
FROM_RESIDENTS = ("posts", "replies", "post_revisions", "analyses", "problems", "memberships")


def test_every_column_is_allowed_by_name() -> None:
    found = {
        table.name: {column.name for column in table.columns} for table in schema.metadata.tables.values()
    }
    assert found == {name: set(columns.split()) for name, columns in ALLOWED.items()}


def test_no_column_is_named_after_a_person() -> None:
    for table in schema.metadata.tables.values():
        for column in table.columns:
            assert not FORBIDDEN.search(column.name), f"{table.name}.{column.name}"
            assert table.name not in FROM_RESIDENTS or "name" not in column.name, (
                f"{table.name}.{column.name}"
            )


def test_a_kept_revision_holds_only_fields_of_a_post() -> None:
    content = plain_post(post(replies=(reply(),)))
    assert set(content) <= set(ALLOWED["posts"].split()) | {"replies"}
    assert set(content["replies"][0]) == {"text", "department", "replied_at"}


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """Return whether Alembic looks after it: the job queue's tables come from its library."""
    return kind != "table" or not str(name).startswith("procrastinate_")


def test_migrations_make_the_tables_of_the_schema(empty_database_url: str) -> None:
    Database.open(empty_database_url).close()
    engine = open_engine(empty_database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_ours})
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


def test_the_known_head_is_the_newest_script() -> None:
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


# What each released schema could hold, as its version wrote it: a row a table. A column that is not named
# was NULL.
FIRST = {
    "posts": "id='mailbox/1', source='mailbox', native_id='1', channel='inbox', title='', "
    "text='停水三天', asked_at='2026-03-01 00:30:00+00', votes_up=3, votes_down=0, "
    "fetched_at='2026-03-02 00:00:00+00', first_fetched_at='2026-03-02 00:00:00+00', "
    "revision=2, digest='d', reply_count=1, to_merge=false",
    "replies": "post_id='mailbox/1', position=0, text='已修复'",
    "post_revisions": "post_id='mailbox/1', revision=1, content='{}'",
    "analyses": "post_id='mailbox/1', revision=1, model_version='m0', topic_guess='城乡建设', "
    "topic_score=0.5, intent='投诉', intent_score=0.5, dissatisfaction=0.5, urgency=1, reasons='[]', "
    "places='[]', keywords='[]', fingerprint=''",
    "problems": "id='p1', title='停水', first_seen='2026-03-01 00:30:00+00', "
    "last_seen='2026-03-01 00:30:00+00', n_posts=1, n_voices=1, state='open', urgency=1, "
    "dissatisfaction=0.5, stale=false",
    "memberships": "post_id='mailbox/1', problem_id='p1', score=1, reason='first'",
    "alerts": "id='a1', rule='r', labels='{}', severity=2, state='active', "
    "fired_at='2026-03-01 00:30:00+00', updated_at='2026-03-01 00:30:00+00', value=1, explanation='', "
    "problem_ids='[]'",
    "alert_posts": "alert_id='a1', position=0, post_id='mailbox/1'",
    "deliveries": "key='k', channel='c', alert_ids='[]', title='', body='', state='sent', attempts=1, "
    "created_at='2026-03-01 00:30:00+00', next_attempt_at='2026-03-01 00:30:00+00'",
    "runs": "kind='crawl', subject='mailbox', state='done', started_at='2026-03-01 00:30:00+00', counts='{}'",
    "audit": "at='2026-03-01 00:30:00+00', actor='analyst', action='look', subject='mailbox/1', detail=''",
    "outbox": "sequence=7, post_id='mailbox/1'",
    "pages": "url='https://example.invalid/1', etag='e'",
    "snapshots": "kind='daily', period_start='2026-02-28 16:00:00+00', period_end='2026-03-01 16:00:00+00', "
    "content='{}', created_at='2026-03-02 00:00:00+00'",
    "kept_values": "name='outbox.done', value='6'",
}
RELEASED = {
    "0001": FIRST,
    "0002": {**FIRST, "posts": f"{FIRST['posts']}, purged_at=NULL"},
    "0003": {
        **FIRST,
        "outbox": f"{FIRST['outbox']}, waiting_since=CURRENT_TIMESTAMP",
        "refusals": "post_id='mailbox/1', tries=3, reason='too long', refused_at='2026-03-01 00:30:00+00'",
    },
}
RELEASED["0004"] = {
    **RELEASED["0003"],
    "saved_searches": "name='停水', query='停水', sort='newest', created_at='2026-03-01 00:30:00+00'",
}
RELEASED["0005"] = RELEASED["0004"]
RELEASED["0006"] = RELEASED["0005"]
RELEASED["0007"] = {
    **RELEASED["0006"],
    "problem_decisions": "kind='merge', decided_at='2026-03-01 00:30:00+00', problem_id='p1', other_id='p2', "
    "ones='[]', others='[]'",
    "reply_uses": "reply_key=7, problem_id='p1'",
}
RELEASED["0008"] = {
    **RELEASED["0007"],
    "labels": "post_id='mailbox/1', digest='d', field='topic', value='城乡建设', at='2026-03-01 00:30:00+00'",
}
RELEASED["0009"] = {
    **RELEASED["0008"],
    "alerts": f"{FIRST['alerts']}, raised_at='2026-03-01 00:30:00+00', raised_value=1",
    "notices": "alert_id='a1', channel='c', kind='told', raised_at='2026-03-01 00:30:00+00', value=1, "
    "told_at='2026-03-01 00:30:00+00', \"group\"='', delivery_key='k'",
    "silences": "matchers='[]', starts_at='2026-03-01 00:30:00+00', ends_at='2026-03-02 00:30:00+00', "
    "reason='', created_by='analyst'",
}
RELEASED["0010"] = {
    **RELEASED["0009"],
    "analyses": f"{FIRST['analyses']}, own_topics='[]'",
}
RELEASED["0011"] = {**RELEASED["0010"], "pages": f"{FIRST['pages']}, refusal='not found'"}


def test_every_released_schema_is_tried() -> None:
    """Whoever adds a migration adds what the schema before it could hold."""
    assert list(RELEASED) == [f"{number:04}" for number in range(1, int(HEAD))]


@pytest.mark.parametrize("revision", RELEASED)
def test_a_database_of_an_earlier_version_is_migrated_with_its_data(
    empty_database_url: str, revision: str
) -> None:
    engine = open_engine(empty_database_url)
    with writing(engine) as connection:
        bring_up_to_date(connection, "database", to=revision)
        for table, row in RELEASED[revision].items():
            pairs = [pair.split("=", 1) for pair in re.split(r', (?="?\w+"?=)', row)]
            names, values = (", ".join(column) for column in zip(*pairs, strict=True))
            values = values.replace("+00'", "'" if engine.dialect.name == "sqlite" else "+00'")
            connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({values})")
        set_counter(connection, schema.outbox.c.sequence)
    with Database.open(empty_database_url) as database:
        with reading(engine) as connection:
            for table in RELEASED[revision]:
                count = connection.scalar(select(func.count()).select_from(schema.metadata.tables[table]))
                assert (table, count) == (table, 1)
        found = database.posts.get("mailbox/1")
        assert found is not None
        assert (found.text, found.replies[0].text, found.revision) == ("停水三天", "已修复", 2)
        assert found.asked_at.isoformat() == "2026-03-01T08:30:00+08:00"
        read = database.analyses.get("mailbox/1")
        assert read is not None
        assert (read.topic_guess, read.subtopic, read.own_topics) == ("城乡建设", None, ())
        assert [one.id for one in database.posts.awaiting_analysis("m1", 9)] == ["mailbox/1"]
        assert [(item.sequence, item.post_id) for item in database.outbox.take(9)] == [(7, "mailbox/1")]
        since = database.outbox.waiting_since()
        assert since is not None
        assert abs(since - utc_now()) < timedelta(minutes=5)
        database.posts.save([post(2)])
        database.problems.commit([membership(post(2))], [problem()])
        assert database.outbox.newest() == 9
    engine.dispose()
