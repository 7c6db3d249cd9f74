"""Users, sessions and refresh tokens of the embedded stand-in, in schema auth as hosted."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import bcrypt
from sqlalchemy import Connection, delete, func, insert, select, update

from domo_insights.local.auth_tables import amr_claims, refresh_tokens, sessions, users

REUSE_INTERVAL = timedelta(seconds=10)
_PASSWORD_BYTES: Final = 72  # bcrypt reads no further
_NOBODY: Final = bcrypt.hashpw(secrets.token_bytes(16), bcrypt.gensalt(10))

Row = Mapping[Any, Any]


class RefusedError(Exception):
    """What Supabase Auth would refuse: a status, its error code and its words."""

    def __init__(
        self, status: int, code: str, message: str, more: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.more = dict(more or {})


def user_of_password(conn: Connection, email: str, password: str) -> Row:
    """The user, checked in the same time whether or not there is one. Raises: RefusedError."""
    user = user_of_email(conn, email)
    stored = ((user and user["encrypted_password"]) or "").encode() or _NOBODY
    try:
        right = bcrypt.checkpw(password.encode()[:_PASSWORD_BYTES], stored)
    except ValueError:  # a hash of another kind, or a NUL in the password
        right = False
    if user is None or not right or stored is _NOBODY:
        raise RefusedError(400, "invalid_credentials", "Invalid login credentials")
    if banned(user):
        raise RefusedError(400, "user_banned", "User is banned")
    if user["email_confirmed_at"] is None:
        raise RefusedError(400, "email_not_confirmed", "Email not confirmed")
    return user


def user_of_id(conn: Connection, user_id: str) -> Row | None:
    match = (users.c.id == UUID(user_id)) & users.c.deleted_at.is_(None)
    return conn.execute(select(users).where(match)).mappings().first()


def session_of_id(conn: Connection, session_id: str) -> Row | None:
    found = conn.execute(select(sessions).where(sessions.c.id == UUID(session_id)))
    return found.mappings().first()


def user_of_email(conn: Connection, email: str) -> Row | None:
    match = (func.lower(users.c.email) == email.strip().lower()) & users.c.deleted_at.is_(None)
    return conn.execute(select(users).where(match)).mappings().first()


def open_session(
    conn: Connection, user: Row, user_agent: str, method: str = "password"
) -> tuple[Row, str]:
    """A new session of `user` with its first refresh token. `method`: how they signed in."""
    now = datetime.now(UTC)
    row = {"id": uuid4(), "user_id": user["id"], "created_at": now, "updated_at": now}
    row["aal"] = "aal1"
    conn.execute(insert(sessions).values(**row, user_agent=user_agent))
    claim = {"id": uuid4(), "session_id": row["id"], "authentication_method": method}
    conn.execute(insert(amr_claims).values(**claim, created_at=now, updated_at=now))
    conn.execute(update(users).where(users.c.id == user["id"]).values(last_sign_in_at=now))
    return row, _issue(conn, user["id"], row["id"], parent=None)


def rotate(conn: Connection, token: str) -> tuple[Row, Row, str] | RefusedError:
    """User, session and the next refresh token; or why not, when what was written must stay.

    A used token is answered again within the reuse interval, and as long as it is the parent of
    the newest one (its answer was lost). Any other use of it revokes the whole family.
    Raises: RefusedError.
    """
    found = select(refresh_tokens).where(refresh_tokens.c.token == token).with_for_update()
    held = conn.execute(found).mappings().first()
    if held is None:
        raise RefusedError(
            400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"
        )
    user = user_of_id(conn, held["user_id"])
    lock = select(sessions).where(sessions.c.id == held["session_id"]).with_for_update()
    session = conn.execute(lock).mappings().first()
    if user is not None and banned(user):
        raise RefusedError(400, "user_banned", "Invalid Refresh Token: User Banned")
    if user is None or session is None:
        raise RefusedError(
            400, "session_not_found", "Invalid Refresh Token: No Valid Session Found"
        )
    if not held["revoked"]:
        return user, session, _swap(conn, held)
    newest = _active(conn, session["id"])
    if newest is not None and newest["parent"] == token:
        return user, session, str(newest["token"])
    if datetime.now(UTC) <= held["updated_at"] + REUSE_INTERVAL:
        return user, session, _swap(conn, held)
    _revoke(conn, refresh_tokens.c.session_id == session["id"])
    return RefusedError(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")


def method_of(conn: Connection, session_id: UUID) -> str:
    """How the user of the session signed in: password, otp or oauth."""
    asked = select(amr_claims.c.authentication_method).where(amr_claims.c.session_id == session_id)
    return str(conn.scalars(asked).first() or "password")


def close_sessions(conn: Connection, user_id: str, session_id: str, scope: str) -> None:
    """Delete this session, all of the user's, or all others. Refresh tokens go with them."""
    mine = sessions.c.user_id == UUID(user_id)
    this = sessions.c.id == UUID(session_id)
    match = {"local": mine & this, "global": mine, "others": mine & ~this}[scope]
    gone = select(sessions.c.id).where(match)
    conn.execute(delete(refresh_tokens).where(refresh_tokens.c.session_id.in_(gone)))
    conn.execute(delete(sessions).where(match))


def banned(user: Row) -> bool:
    """Whether the user is suspended now."""
    return user["banned_until"] is not None and user["banned_until"] > datetime.now(UTC)


def _issue(conn: Connection, user_id: UUID, session_id: UUID, parent: str | None) -> str:
    token, now = secrets.token_urlsafe(24), datetime.now(UTC)
    owner = {"user_id": str(user_id), "session_id": session_id, "parent": parent}
    row = {**owner, "token": token, "revoked": False, "created_at": now, "updated_at": now}
    conn.execute(insert(refresh_tokens).values(row))
    return token


def _swap(conn: Connection, held: Row) -> str:
    if not held["revoked"]:
        _revoke(conn, refresh_tokens.c.id == held["id"])
    now = datetime.now(UTC)
    conn.execute(update(sessions).where(sessions.c.id == held["session_id"]).values(updated_at=now))
    return _issue(conn, held["user_id"], held["session_id"], parent=held["token"])


def _active(conn: Connection, session_id: UUID) -> Row | None:
    match = (refresh_tokens.c.session_id == session_id) & ~refresh_tokens.c.revoked
    newest = select(refresh_tokens).where(match).order_by(refresh_tokens.c.id.desc()).limit(1)
    return conn.execute(newest).mappings().first()


def _revoke(conn: Connection, match: Any) -> None:
    values = {"revoked": True, "updated_at": datetime.now(UTC)}
    conn.execute(update(refresh_tokens).where(match & ~refresh_tokens.c.revoked).values(values))
