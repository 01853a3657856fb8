"""What the columns of several tables are made of."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, DateTime, Dialect, ForeignKey, Integer, MetaData, Text
from sqlalchemy.types import TypeDecorator

from records.times import DEFAULT_ZONE


class AwareTime(TypeDecorator[datetime]):
    """An aware time: kept as UTC, given back in Asia/Shanghai whatever zone it came in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time {value} names no zone: only aware times can be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        stored = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return stored.astimezone(DEFAULT_ZONE)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# SQLite counts rows up by itself only where the type is INTEGER, which is 64 bits wide there.
SERIAL = BigInteger().with_variant(Integer, "sqlite")


def post_key(*, primary_key: bool = False, unique: bool | None = None) -> Column[str]:
    """Return the column of the post that a row belongs to: it goes with it."""
    post = ForeignKey("posts.id", ondelete="CASCADE")
    return Column("post_id", Text, post, primary_key=primary_key, unique=unique, nullable=False)
