"""What changed and was not worked off yet, and the versions that open pages look at."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Table, Text, Uuid

from domo_insights.database.tables import metadata

change_queue = Table(
    "change_queue",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("demo_id", Uuid),
    Column("bucket", DateTime(timezone=True)),
    Column("conversation_id", Text),
    Column("queued_at", DateTime(timezone=True), nullable=False),
    schema="insights",
)

demo_versions = Table(
    "demo_versions",
    metadata,
    Column("demo_id", Uuid, primary_key=True),
    Column("user_id", Uuid),
    Column("version", BigInteger, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    schema="insights",
)

data_version = Table(
    "data_version",
    metadata,
    Column("only_row", Boolean, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("drained_at", DateTime(timezone=True)),
    schema="insights",
)

rollup_state = Table(
    "rollup_state",
    metadata,
    Column("part", Text, primary_key=True),
    Column("complete", Boolean, nullable=False),
    Column("position", Text, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    schema="insights",
)
