"""Users, their sessions and what signing in leaves, in schema auth as hosted."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Enum, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata: Final = MetaData(schema="auth")
MOMENT: Final = DateTime(timezone=True)

users = Table(
    "users",
    metadata,
    Column("instance_id", Uuid),
    Column("id", Uuid, primary_key=True),
    Column("aud", Text),
    Column("role", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("encrypted_password", Text),
    Column("email_confirmed_at", MOMENT),
    Column("confirmation_token", Text),
    Column("confirmation_sent_at", MOMENT),
    Column("recovery_token", Text),
    Column("recovery_sent_at", MOMENT),
    Column("email_change_token_new", Text),
    Column("email_change", Text),
    Column("last_sign_in_at", MOMENT),
    Column("raw_app_meta_data", JSONB),
    Column("raw_user_meta_data", JSONB),
    Column("is_sso_user", Boolean),
    Column("created_at", MOMENT),
    Column("updated_at", MOMENT),
    Column("banned_until", MOMENT),
    Column("deleted_at", MOMENT),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid),
    Column("created_at", MOMENT),
    Column("updated_at", MOMENT),
    Column("aal", Text),
    Column("user_agent", Text),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("token", Text),
    Column("user_id", Text),
    Column("revoked", Boolean),
    Column("created_at", MOMENT),
    Column("updated_at", MOMENT),
    Column("parent", Text),
    Column("session_id", Uuid),
)

amr_claims = Table(
    "mfa_amr_claims",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("session_id", Uuid),
    Column("authentication_method", Text),
    Column("created_at", MOMENT),
    Column("updated_at", MOMENT),
)

identities = Table(
    "identities",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("provider_id", Text),
    Column("user_id", Uuid),
    Column("identity_data", JSONB),
    Column("provider", Text),
    Column("created_at", MOMENT),
    Column("updated_at", MOMENT),
)

flow_state = Table(
    "flow_state",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid),
    Column("auth_code", Text),
    Column("code_challenge_method", Enum("s256", "plain", name="code_challenge_method")),
    Column("code_challenge", Text),
    Column("provider_type", Text),
    Column("authentication_method", Text),
    Column("created_at", MOMENT),
    Column("updated_at", MOMENT),
    Column("auth_code_issued_at", MOMENT),
)
