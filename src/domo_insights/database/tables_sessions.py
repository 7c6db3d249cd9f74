"""Who is signed in and who tried to: schema insights_private, behind the door `sessions` alone."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, LargeBinary, Table, Text, Uuid

from domo_insights.database.tables import metadata

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("id_hash", LargeBinary, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("email", Text, nullable=False),
    Column("product_team", Boolean, nullable=False),
    Column("tokens", LargeBinary, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("created_at", DateTime(timezone=True)),
    Column("last_seen_at", DateTime(timezone=True)),
    Column("refreshed_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True)),
    Column("user_agent", Text),
    Column("signed_out_at", DateTime(timezone=True)),
    schema="insights_private",
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("attempted_at", DateTime(timezone=True)),
    Column("address_hash", LargeBinary, nullable=False),
    Column("account_hash", LargeBinary, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    schema="insights_private",
)
