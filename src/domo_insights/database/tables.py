"""The tables and views as the migrations leave them; only for building statements."""

from typing import Any, Final

from pgvector.sqlalchemy import Vector
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    FetchedValue,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata: Final = MetaData()
EMBEDDING_DIMENSIONS: Final = 1536
_PACKED: Final = ("judged", "feelings", "replies", "missed_signs")


def _moment(name: str) -> Column[Any]:
    return Column(name, DateTime(timezone=True))


def _texts(*names: str) -> tuple[Column[Any], ...]:
    return tuple(Column(name, Text) for name in names)


def _counts(*names: str) -> tuple[Column[Any], ...]:
    return tuple(Column(name, Integer, nullable=False) for name in names)


def _key() -> Column[Any]:
    return Column("id", Uuid, primary_key=True, server_default=FetchedValue())


def _stamps() -> tuple[Column[Any], Column[Any]]:
    return _moment("created_at"), _moment("updated_at")


demos = Table(
    "demos",
    metadata,
    _key(),
    Column("name", Text, nullable=False),
    Column("description", Text),
    *_stamps(),
    Column("user_id", Uuid, nullable=False),
    *_texts("agent_name", "agent_personality", "agent_greeting", "cta_text", "cta_link"),
    Column("status", Text, nullable=False),
    *_texts("published_url", "tavus_persona_id", "tavus_conversation_id", "video_storage_path"),
    Column("metadata", JSONB(none_as_null=True)),
    schema="public",
)

demo_videos = Table(
    "demo_videos",
    metadata,
    _key(),
    Column("demo_id", Uuid, nullable=False),
    Column("title", Text, nullable=False),
    Column("storage_url", Text, nullable=False),
    Column("order_index", Integer, nullable=False),
    Column("duration_seconds", Integer),
    Column("processing_status", Text, nullable=False),
    *_stamps(),
    Column("transcript", Text),
    schema="public",
)

knowledge_chunks = Table(
    "knowledge_chunks",
    metadata,
    _key(),
    Column("demo_id", Uuid, nullable=False),
    Column("content", Text, nullable=False),
    *_texts("question", "answer", "source"),
    Column("vector_embedding", Vector(EMBEDDING_DIMENSIONS)),
    *_stamps(),
    Column("embedding_model", Text),
    schema="public",
)

conversation_details = Table(
    "conversation_details",
    metadata,
    _key(),
    Column("demo_id", Uuid, nullable=False),
    Column("tavus_conversation_id", Text),
    Column("conversation_name", Text),
    Column("transcript", JSONB(none_as_null=True)),
    Column("perception_analysis", JSONB(none_as_null=True)),
    _moment("started_at"),
    _moment("completed_at"),
    Column("duration_seconds", Integer),
    Column("status", Text),
    *_stamps(),
    Column("is_test", Boolean, nullable=False),
    schema="public",
)

custom_objectives = Table(
    "custom_objectives",
    metadata,
    _key(),
    Column("demo_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("objectives", JSONB(none_as_null=True)),
    Column("is_active", Boolean),
    *_stamps(),
    schema="public",
)

processed_webhook_events = Table(
    "processed_webhook_events",
    metadata,
    _key(),
    Column("conversation_id", Text),
    Column("event_type", Text),
    Column("event_data", JSONB(none_as_null=True)),
    _moment("processed_at"),
    Column("processing_duration_ms", Integer),
    Column("event_hash", Text),
    Column("demo_id", Uuid),
    _moment("occurred_at"),
    Column("received_via", Text, nullable=False),
    Column("persona_id", Text),
    Column("shutdown_reason", Text),
    schema="public",
)

conversation_messages = Table(
    "conversation_messages",
    metadata,
    _key(),
    Column("conversation_id", Text, nullable=False),
    Column("message_id", Text),
    Column("role", Text, nullable=False),
    Column("content", Text),
    Column("content_length", Integer),
    _moment("timestamp"),
    Column("sentiment", Text),
    Column("intent", Text),
    Column("confidence", Numeric(3, 2)),
    _moment("created_at"),
    Column("demo_id", Uuid),
    _moment("occurred_at"),
    Column("seq", Integer, nullable=False),
    Column("label_source", Text),
    schema="public",
)

audit_logs = Table(
    "audit_logs",
    metadata,
    _key(),
    Column("user_id", Uuid),
    Column("action", Text, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("record_id", Uuid),
    Column("old_values", JSONB(none_as_null=True)),
    Column("new_values", JSONB(none_as_null=True)),
    _moment("created_at"),
    Column("demo_id", Uuid),
    schema="public",
)

conversation_map = Table(
    "conversation_map",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("demo_id", Uuid, nullable=False),
    Column("mapped_by", Text, nullable=False),
    _moment("mapped_at"),
    schema="insights",
)

delivery_counts = Table(
    "delivery_counts",
    metadata,
    Column("demo_id", Uuid),
    _moment("bucket"),
    Column("duplicates", BigInteger, nullable=False),
    Column("conflicts", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    schema="insights",
)

embedding_models = Table(
    "embedding_models",
    metadata,
    Column("name", Text, primary_key=True),
    Column("threshold", Double, nullable=False),
    Column("unlabelled", Boolean, nullable=False),
    schema="insights",
)

conversations = Table(
    "conversations",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("demo_id", Uuid, nullable=False),
    _moment("started_at"),
    _moment("first_at"),
    _moment("last_at"),
    _moment("ended_at"),
    Column("duration_seconds", Integer),
    Column("end_reason", Text),
    *_counts("n_user", "n_assistant", "n_negative", "n_labelled", "n_intent"),
    Column("is_test", Boolean, nullable=False),
    _moment("last_message_at"),
    *_counts("n_confident", "n_confident_misses", "replies_without_time"),
    Column("unhappy_end", Boolean, nullable=False),
    Column("moment_intents", ARRAY(Text), nullable=False),
    *(Column(name, ARRAY(SmallInteger), nullable=False) for name in _PACKED),
    *_counts("n_events", "n_moment_intents"),
    Column("missed", ARRAY(Uuid), nullable=False),
    schema="insights",
)
