"""Kept counts, as archives take them along; pages ask functions and views instead of these."""

from typing import Any, Final

from pgvector.sqlalchemy import Vector
from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    DateTime,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from domo_insights.database.tables import conversations, metadata

_MESSAGES: Final = (
    "n_user", "n_assistant", "n_labelled", "n_negative", "n_neutral", "n_positive", "n_intent",
    "n_any_label", "n_labelled_here", "n_confidence",
)  # fmt: skip

conversation_rollups = Table(
    "conversation_rollups",
    metadata,
    *(
        Column(column.name, column.type, primary_key=column.primary_key, nullable=column.nullable)
        for column in conversations.c
    ),
    schema="insights",
)


def _counted(name: str, *columns: Column[Any]) -> Table:
    return Table(name, metadata, Column("demo_id", Uuid, primary_key=True), *columns,
                 schema="insights")  # fmt: skip


def _key(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, primary_key=True)


def _numbers(*names: str) -> list[Column[Any]]:
    return [Column(name, Integer, nullable=False) for name in names]


message_hours, message_days = (
    _counted(
        name,
        _key("hour", DateTime(timezone=True)),
        _key("is_test", Boolean),
        *_numbers(*_MESSAGES),
        Column("confidence", Numeric, nullable=False),
    )
    for name in ("message_hours", "message_days")
)
intent_days = _counted(
    "intent_days",
    _key("day", DateTime(timezone=True)),
    _key("is_test", Boolean),
    _key("intent", Text),
    *_numbers("n", "n_labelled", "n_negative", "n_confidence"),
    Column("confidence", Numeric, nullable=False),
)
event_hours = _counted("event_hours", _key("hour", DateTime(timezone=True)), *_numbers("n_http"))
event_days = _counted(
    "event_days",
    _key("days", SmallInteger),
    _key("since", DateTime(timezone=True)),
    _key("event_type", Text),
    *_numbers("n", "n_http", "n_timed"),
    *(
        Column(name, ARRAY(kind), nullable=False)
        for name, kind in (
            ("handler", Integer),
            ("handler_n", Integer),
            ("lag", SmallInteger),
            ("lag_n", Integer),
        )
    ),
    Column("handler_dense", Vector()),
    Column("lag_dense", Vector()),
)
