"""Tables of what viewers keep: reviews of conversations, and addresses of pages under a name."""

from sqlalchemy import Column, DateTime, FetchedValue, Table, Text, Uuid, func
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from domo_insights.database.tables import metadata

reviews = Table(
    "reviews",
    metadata,
    Column("demo_id", Uuid, primary_key=True),
    Column("conversation_id", Text, primary_key=True),
    Column("reviewed_at", DateTime(timezone=True)),
    Column("note", Text, nullable=False),
    Column("by", Uuid),
    Column("updated_at", DateTime(timezone=True)),
    schema="insights",
)

saved_views = Table(
    "saved_views",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("user_id", Uuid, nullable=False, server_default=FetchedValue()),
    Column("name", Text, nullable=False),
    Column("page", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), server_default=FetchedValue()),
    schema="insights",
)

chunk_counts = func.insights.chunk_counts().table_valued(
    Column("demo_id", PG_UUID(as_uuid=True)), "chunks", "without_embedding", name="chunk_counts"
)
"""Per demo that the viewer may count: `chunks`, and those `without_embedding`."""
