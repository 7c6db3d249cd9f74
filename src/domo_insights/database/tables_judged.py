"""The view insights.judged_messages: one row per user message, and how it went."""

from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, Numeric, Table, Text, Uuid

judged_messages = Table(
    "judged_messages",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("demo_id", Uuid, nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("is_test", Boolean, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("content", Text),
    Column("sentiment", Text),
    Column("intent", Text),
    Column("intent_words", Text),
    Column("confidence", Numeric(3, 2)),
    Column("label_source", Text),
    Column("next_negative", Boolean, nullable=False),
    Column("repeated", Boolean, nullable=False),
    Column("broke_off", Boolean, nullable=False),
    Column("unanswered", Boolean, nullable=False),
    schema="insights",
)
