"""Bodies of the stand-in's Auth API, in the shapes of Supabase Auth."""

from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Column, Connection, DateTime, MetaData, Table, Text, Uuid, select
from starlette.requests import Request
from starlette.responses import Response

from domo_insights.local.auth_store import RefusedError, Row

VERSION_HEADER = "X-Supabase-Api-Version"
VERSION = "2024-01-01"
MAX_BODY = 64 * 1024

factors = Table(
    "mfa_factors",
    MetaData(schema="auth"),
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid),
    Column("friendly_name", Text),
    Column("factor_type", Text),
    Column("status", Text),
    Column("created_at", DateTime(timezone=True)),
    Column("updated_at", DateTime(timezone=True)),
)

_SHOWN = ("id", "friendly_name", "factor_type", "status", "created_at", "updated_at")


def as_json(body: object, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    """Times become RFC 3339, ids text."""
    content = orjson.dumps(body, default=str)
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(content, status, kept, media_type="application/json")


def refusal(request: Request, refused: RefusedError) -> Response:
    """The error body of the version that the client asked for."""
    if request.headers.get(VERSION_HEADER, "") >= VERSION:
        body: dict[str, object] = {
            "code": refused.code,
            "message": refused.message,
            **refused.more,
        }
        return as_json(body, {VERSION_HEADER: VERSION}, refused.status)
    body = {"code": refused.status, "error_code": refused.code, "msg": refused.message}
    body |= refused.more
    return as_json(body, status=refused.status)


async def json_body(request: Request) -> dict[str, Any]:
    """The request's JSON object, {} when there is no body. Raises: RefusedError."""
    raw = b""
    async for piece in request.stream():
        raw += piece
        if len(raw) > MAX_BODY:
            raise RefusedError(413, "validation_failed", "Request body too large")
    try:
        body = orjson.loads(raw) if raw.strip() else {}
    except orjson.JSONDecodeError as error:
        raise RefusedError(400, "bad_json", "Could not parse request body as JSON") from error
    if not isinstance(body, dict):
        raise RefusedError(400, "bad_json", "Could not parse request body as JSON")
    return body


def text(body: dict[str, Any], name: str) -> str:
    """A text that must be there. Raises: RefusedError."""
    value = body.get(name)
    if not isinstance(value, str) or not value or "\x00" in value:
        raise RefusedError(400, "validation_failed", f"missing or invalid {name}")
    return value


def user_facts(conn: Connection, user: Row) -> dict[str, Any]:
    """`user`, a row of auth.users, as the API shows it, with the second factors."""
    found = conn.execute(select(factors).where(factors.c.user_id == user["id"])).mappings()
    same = ("id", "aud", "role", "email", "phone", "email_confirmed_at", "last_sign_in_at")
    return {
        **{name: user[name] for name in (*same, "updated_at")},
        # Clients insist on one; a user made by hand may have none.
        "created_at": user["created_at"] or datetime.fromtimestamp(0, UTC),
        "confirmed_at": user["email_confirmed_at"],
        "app_metadata": user["raw_app_meta_data"] or {},
        "user_metadata": user["raw_user_meta_data"] or {},
        "identities": [],
        "factors": [{name: row[name] for name in _SHOWN} for row in found],
        "is_anonymous": False,
    }
