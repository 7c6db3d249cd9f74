"""From when on a demo's conversations, and their words, are still there."""

from sqlalchemy import Column, DateTime, Table, Uuid

from domo_insights.database.tables import metadata

detail_kept = Table(
    "detail_kept",
    metadata,
    Column("demo_id", Uuid, primary_key=True),
    Column("deleted_before", DateTime(timezone=True)),
    Column("anonymised_before", DateTime(timezone=True)),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    schema="insights",
)
