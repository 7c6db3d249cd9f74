"""A browser's session: an opaque id in its cookie, Supabase's tokens encrypted in our database.

The row is read again at every request, run and fragment, so that a sign-out in one tab ends the
others. Supabase is asked for new tokens under the row's lock: two processes that both use one
refresh token make Supabase revoke the whole family.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from domo_insights.auth import cookies as jar
from domo_insights.auth import service
from domo_insights.auth.browsers import BrowserSession, browser_name
from domo_insights.auth.held_tokens import IDLE, LIFETIME, opened, stored
from domo_insights.auth.tokens import InvalidTokenError, Verified
from domo_insights.database.doors import sessions
from domo_insights.database.engine import engine_for
from domo_insights.database.tables_sessions import web_sessions as rows
from domo_insights.errors import (
    AuthServiceError,
    NoRoomError,
    NotSignedInError,
    ReadOnlyError,
    SignInError,
)
from domo_insights.settings import current
from domo_insights.viewer import Viewer

REFRESH_AFTER: Final = timedelta(minutes=10)
"""How long a ban or a changed role may go unnoticed: only new tokens tell."""
MARGIN: Final = timedelta(minutes=1)
_SEEN_EVERY: Final = timedelta(minutes=1)
_AWAY_SECONDS: Final = 10.0

_away_until: dict[str, float] = {}


def start(tokens: service.Tokens, *, user_agent: str = "", replaces: str | None = None) -> str:
    """A new session, always under a new id; the one that the browser had ends. Returns the id."""
    if replaces:
        end(replaces)
    session_id, now, viewer = jar.new_id(), datetime.now(UTC), tokens.verified.viewer
    row = {
        "id_hash": _key(session_id),
        "user_id": viewer.user_id,
        "csrf": jar.new_id(),
        "created_at": now,
        "expires_at": now + LIFETIME,
        "user_agent": user_agent[:400],
        **stored(tokens, now),
    }
    with sessions(_engine(), viewer) as conn:
        conn.execute(delete(rows).where(rows.c.expires_at < now - LIFETIME))
        conn.execute(insert(rows).values(row))
        _record(conn, "sign_in", viewer)
    return session_id


def viewer_from_cookies(cookies: Mapping[str, str]) -> Viewer:
    """Who sent `cookies`. Raises: NotSignedInError, AuthServiceError, DatabaseError."""
    session_id = jar.session_id(cookies)
    viewer = viewer_of(session_id) if session_id else None
    if viewer is None:
        raise NotSignedInError
    return viewer


def viewer_of(session_id: str) -> Viewer | None:
    """Who is signed in under this id now, None when nobody is (any more).

    Raises: AuthServiceError when that cannot be said without the sign-in service, DatabaseError.
    """
    key = _key(session_id)
    with sessions(_engine()) as conn:
        row = conn.execute(select(rows).where(rows.c.id_hash == key)).first()
    held = opened(row)
    if row is None or held is None:
        return None
    try:
        verified = held.lives
        if verified is None or _due(verified):
            verified = _refreshed(key, verified)
        elif row.last_seen_at < datetime.now(UTC) - _SEEN_EVERY:
            _touch(key)
    except InvalidTokenError:
        return None
    if verified is None or verified.viewer.user_id != row.user_id:
        return None
    return verified.viewer


def csrf_token(session_id: str) -> str | None:
    """What a form of this session must carry, None when the session is over."""
    with sessions(_engine()) as conn:
        row = conn.execute(select(rows).where(rows.c.id_hash == _key(session_id))).first()
    return str(row.csrf) if row is not None and opened(row) else None


def end(session_id: str) -> None:
    """Sign out: every tab of this session, here at once and at Supabase if it answers."""
    key = _key(session_id)
    with sessions(_engine()) as conn:
        row = conn.execute(select(rows).where(rows.c.id_hash == key).with_for_update()).first()
        held = opened(row)
        if row is None or held is None:
            return
        _close(conn, key)
        user = Viewer(row.user_id, row.email, row.product_team)
    with sessions(_engine(), user) as conn:
        _record(conn, "sign_out", user)
    held.give_back("local")


def browser_sessions(viewer: Viewer, session_id: str = "") -> list[BrowserSession]:
    """Where `viewer` is signed in now, the last seen first. `session_id`: who asks."""
    mine = select(rows).where(rows.c.user_id == viewer.user_id, rows.c.signed_out_at.is_(None))
    with sessions(_engine()) as conn:
        found = conn.execute(mine.order_by(rows.c.last_seen_at.desc())).all()
    return [
        BrowserSession(
            browser_name(row.user_agent or ""),
            row.created_at,
            row.last_seen_at,
            min(row.expires_at, row.last_seen_at + IDLE),
            bytes(row.id_hash) == _key(session_id),
        )
        for row in found
        if opened(row)
    ]


def sign_out_everywhere(viewer: Viewer, *, but: str = "") -> int:
    """End every session of `viewer`, this one too, here at once and at Supabase if it answers.

    `but`: the id of a session that goes on. Answers how many ended. Raises: DatabaseError.
    """
    kept = _key(but)
    going = (rows.c.user_id == viewer.user_id) & rows.c.signed_out_at.is_(None)
    with sessions(_engine(), viewer) as conn:
        lock = select(rows).where(going).order_by(rows.c.id_hash).with_for_update()
        found = [row for row in conn.execute(lock).all() if bytes(row.id_hash) != kept]
        for row in found:
            _close(conn, row.id_hash)
        if found:
            _record(conn, "sign_out_everywhere", viewer)
    held = [tokens for tokens in map(opened, found) if tokens]
    for tokens in held[: None if but else 1]:
        tokens.give_back("local" if but else "global")
    return len(held)


def access_token(session_id: str) -> str | None:
    """The living access token of a session, None when it is over. Raises: as `viewer_of`."""
    if viewer_of(session_id) is None:
        return None
    with sessions(_engine()) as conn:
        row = conn.execute(select(rows).where(rows.c.id_hash == _key(session_id))).first()
    held = opened(row)
    return held.access_token if held else None


def _refreshed(key: bytes, verified: Verified | None) -> Verified | None:
    """New tokens, or those that another process got meanwhile; None when the session is over.

    `verified` is what still lives. While it does, nobody waits for the lock or the service.
    """
    url = current().supabase_url
    away = time.monotonic() < _away_until.get(url, 0.0)
    if away and verified is not None:
        return verified
    try:
        if away:
            raise AuthServiceError
        with sessions(_engine()) as conn:
            return _refresh_locked(conn, key, verified)
    except AuthServiceError:
        if not away:
            _away_until[url] = time.monotonic() + _AWAY_SECONDS / (1 if verified else 5)
        if verified is None:
            raise
        return verified


def _refresh_locked(conn: Connection, key: bytes, verified: Verified | None) -> Verified | None:
    lock = select(rows).where(rows.c.id_hash == key)
    row = conn.execute(lock.with_for_update(skip_locked=verified is not None)).first()
    if row is None:
        return verified
    held = opened(row)
    if held is None:
        return None
    newest = held.lives
    if newest is not None and not _due(newest):
        return newest
    try:
        tokens = service.refresh(held.refresh_token)
    except SignInError:
        _close(conn, key)
        return None
    if tokens.verified.viewer.user_id != row.user_id:
        _close(conn, key)
        return None
    values = stored(tokens, datetime.now(UTC))
    conn.execute(update(rows).where(rows.c.id_hash == key).values(values))
    return tokens.verified


def _due(verified: Verified) -> bool:
    now = datetime.now(UTC)
    return verified.expires_at - now < MARGIN or now - verified.issued_at > REFRESH_AFTER


def _close(conn: Connection, key: bytes) -> None:
    over = {"signed_out_at": datetime.now(UTC), "tokens": b""}
    conn.execute(update(rows).where(rows.c.id_hash == key).values(over))


def _touch(key: bytes) -> None:
    # Nobody is sent away because a database that can be read takes no note of them.
    with suppress(ReadOnlyError, NoRoomError), sessions(_engine()) as conn:
        seen = {"last_seen_at": datetime.now(UTC)}
        conn.execute(update(rows).where(rows.c.id_hash == key).values(seen))


def _record(conn: Connection, action: str, viewer: Viewer) -> None:
    conn.execute(select(func.insights.record(action, "web_sessions", viewer.user_id)))


def _key(session_id: str) -> bytes:
    return sha256(session_id.encode()).digest()


def _engine() -> Engine:
    return engine_for(current().secret("database_url"))
