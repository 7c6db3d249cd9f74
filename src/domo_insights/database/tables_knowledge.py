"""Chunks as a search reads them, with what the database makes of their vector and text."""

from typing import Final

from pgvector.sqlalchemy import BIT, Vector
from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid

from domo_insights.database.tables import EMBEDDING_DIMENSIONS

searched: Final = Table(
    "knowledge_chunks",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("demo_id", Uuid, nullable=False),
    *(Column(name, Text) for name in ("content", "question", "answer", "source")),
    Column("vector_embedding", Vector(EMBEDDING_DIMENSIONS)),
    Column("created_at", DateTime(timezone=True)),
    Column("updated_at", DateTime(timezone=True)),
    Column("embedding_model", Text),
    Column("search_bits", BIT(EMBEDDING_DIMENSIONS)),
    schema="public",
)
