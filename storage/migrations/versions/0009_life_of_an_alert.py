"""When an alert was raised, to whom it is assigned, what people found it to be; notices and silences."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from storage.schema import AwareTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Until now the moments stood here, a value a rule: alert id → {since, value}.
_GENERATIONS = "alerts.generations."


def upgrade() -> None:
    """Make the columns and tables. What was put into the ledger is noted as told: it is not told again."""
    # A column that must be there needs a default on SQLite; every row gets its own below.
    op.add_column(
        "alerts", sa.Column("raised_at", AwareTime(), nullable=False, server_default="1970-01-01 00:00:00")
    )
    op.add_column("alerts", sa.Column("raised_value", sa.Float(), nullable=False, server_default="0"))
    op.add_column("alerts", sa.Column("assigned_to", sa.Text(), nullable=True))
    op.add_column("alerts", sa.Column("verdict", sa.Text(), nullable=True))
    op.add_column("alerts", sa.Column("settled_at", AwareTime(), nullable=True))
    op.create_index("ix_alerts_raised_at", "alerts", ["raised_at"], unique=False)
    op.add_column("deliveries", sa.Column("attempted_at", AwareTime(), nullable=True))
    op.create_table(
        "notices",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("raised_at", AwareTime(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("told_at", AwareTime(), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("delivery_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_notices_alert_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("alert_id", "channel", "kind", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_delivery_key", "notices", ["delivery_key"], unique=False)
    op.create_table(
        "silences",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("matchers", sa.JSON(), nullable=False),
        sa.Column("starts_at", AwareTime(), nullable=False),
        sa.Column("ends_at", AwareTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("ended_at", AwareTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_silences_ends_at", "silences", ["ends_at"], unique=False)
    _carry_over()


_alerts = sa.table(
    "alerts",
    sa.column("id", sa.Text()),
    sa.column("fired_at", AwareTime()),
    sa.column("value", sa.Float()),
    sa.column("raised_at", AwareTime()),
    sa.column("raised_value", sa.Float()),
)
_deliveries = sa.table(
    "deliveries",
    sa.column("key", sa.Text()),
    sa.column("channel", sa.Text()),
    sa.column("alert_ids", sa.JSON()),
    sa.column("created_at", AwareTime()),
)
_kept = sa.table("kept_values", sa.column("name", sa.Text()), sa.column("value", sa.JSON()))
_notices = sa.table(
    "notices",
    sa.column("alert_id", sa.Text()),
    sa.column("channel", sa.Text()),
    sa.column("kind", sa.Text()),
    sa.column("raised_at", AwareTime()),
    sa.column("value", sa.Float()),
    sa.column("told_at", AwareTime()),
    sa.column("group", sa.Text()),
    sa.column("delivery_key", sa.Text()),
)


def _carry_over() -> None:
    connection = op.get_bind()
    connection.execute(_alerts.update().values(raised_at=_alerts.c.fired_at, raised_value=_alerts.c.value))
    generations = _kept.c.name.startswith(_GENERATIONS, autoescape=True)
    for kept in connection.scalars(sa.select(_kept.c.value).where(generations)).all():
        for alert_id, one in kept.items():
            raised = {"raised_at": datetime.fromisoformat(one["since"]), "raised_value": one["value"]}
            connection.execute(_alerts.update().where(_alerts.c.id == alert_id).values(raised))
    connection.execute(_kept.delete().where(generations))
    values = {row.id: row.value for row in connection.execute(sa.select(_alerts.c.id, _alerts.c.value))}
    told = {}
    for row in connection.execute(sa.select(_deliveries).order_by(_deliveries.c.created_at)):
        for alert_id in row.alert_ids:
            told[alert_id, row.channel] = {
                "alert_id": alert_id,
                "channel": row.channel,
                "kind": "told",
                "raised_at": row.created_at,
                "value": values.get(alert_id, 0.0),
                "told_at": row.created_at,
                "group": "",
                "delivery_key": row.key,
            }
    rows = [notice for (alert_id, _), notice in told.items() if alert_id in values]
    if rows:
        connection.execute(_notices.insert(), rows)
