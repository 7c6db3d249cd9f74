"""Codes and links of mails, and codes of addresses: hashed, for one use, for a short time."""

import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha224, sha256
from hmac import compare_digest
from typing import Any, Final, Literal
from uuid import UUID, uuid4

from sqlalchemy import Connection, delete, insert, select, update

from domo_insights.local.auth_store import RefusedError, Row, banned, user_of_email
from domo_insights.local.auth_tables import flow_state, users

MAIL_LIFETIME: Final = timedelta(hours=1)
MAIL_PAUSE: Final = timedelta(seconds=60)
AUTH_CODE_LIFETIME: Final = timedelta(minutes=5)
_PKCE: Final = "pkce_"
Purpose = Literal["confirmation", "recovery"]
_PURPOSES: Final[dict[str, tuple[Purpose, ...]]] = {
    "email": ("confirmation", "recovery"),
    "signup": ("confirmation",),
    "invite": ("confirmation",),
    "magiclink": ("recovery",),
    "recovery": ("recovery",),
}


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a client that keeps a verifier sent along."""

    value: str
    method: str = "s256"


def new_code(
    conn: Connection, user: Row, purpose: Purpose, challenge: Challenge | None
) -> tuple[str, str]:
    """A code of six digits for `user` and the hash for a link; earlier ones end.

    Raises: RefusedError within a minute of the last one.
    """
    now, sent = datetime.now(UTC), user[f"{purpose}_sent_at"]
    if sent is not None and now < sent + MAIL_PAUSE:
        left = int((sent + MAIL_PAUSE - now).total_seconds()) + 1
        words = f"For security purposes, you can only request this after {left} seconds."
        raise RefusedError(429, "over_email_send_rate_limit", words)
    code = f"{secrets.randbelow(10**6):06}"
    token = (_PKCE if challenge else "") + _hash(user["email"], code)
    values = {f"{purpose}_token": token, f"{purpose}_sent_at": now, "updated_at": now}
    conn.execute(update(users).where(users.c.id == user["id"]).values(values))
    if challenge:
        begin_flow(conn, challenge, "email", purpose, user["id"])
    return code, token


def use_code(conn: Connection, email: str, code: str, kind: str) -> Row:
    """The user whose code this is; it is used up, the address confirmed. Raises: RefusedError."""
    user = user_of_email(conn, email)
    if user is None:
        raise _gone()
    plain = _hash(user["email"], code)
    return _use(conn, user, (plain, _PKCE + plain), kind)


def use_hash(conn: Connection, token: str, kind: str) -> Row:
    """As `use_code`, for the hash of a link. Raises: RefusedError."""
    match = (users.c.confirmation_token == token) | (users.c.recovery_token == token)
    user = conn.execute(select(users).where(match)).mappings().first()
    if user is None or not token:
        raise _gone()
    return _use(conn, user, (token,), kind)


def begin_flow(
    conn: Connection, challenge: Challenge, provider: str, method: str, user_id: UUID | None
) -> UUID:
    """Remember a challenge until its user is known. Answers the flow's id."""
    now, flow = datetime.now(UTC), uuid4()
    row: dict[str, Any] = {"id": flow, "user_id": user_id, "auth_code": str(uuid4())}
    row |= {"code_challenge": challenge.value, "code_challenge_method": challenge.method.lower()}
    row |= {"provider_type": provider, "authentication_method": method}
    row |= {"created_at": now, "updated_at": now}
    conn.execute(insert(flow_state).values(row))
    return flow


def auth_code(conn: Connection, match: Any, user_id: UUID) -> str | None:
    """The code to send a browser back with, for the newest flow that matches."""
    newest = select(flow_state).where(match).order_by(flow_state.c.created_at.desc()).limit(1)
    flow = conn.execute(newest).mappings().first()
    if flow is None:
        return None
    issued = {"user_id": user_id, "auth_code_issued_at": datetime.now(UTC)}
    conn.execute(update(flow_state).where(flow_state.c.id == flow["id"]).values(issued))
    return str(flow["auth_code"])


def use_auth_code(conn: Connection, code: str, verifier: str) -> tuple[UUID, str]:
    """User and method of a flow, if `verifier` is its own; the code is used up.

    Raises: RefusedError.
    """
    asked = select(flow_state).where(flow_state.c.auth_code == code).with_for_update()
    flow = conn.execute(asked).mappings().first()
    if flow is None or flow["user_id"] is None:
        words = "invalid flow state, no valid flow state found"
        raise RefusedError(404, "flow_state_not_found", words)
    issued = flow["auth_code_issued_at"]
    if issued is None or datetime.now(UTC) > issued + AUTH_CODE_LIFETIME:
        raise RefusedError(403, "flow_state_expired", "invalid flow state, flow state has expired")
    made = verifier
    if flow["code_challenge_method"] == "s256":
        made = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if not compare_digest(made.encode(), flow["code_challenge"].encode()):
        words = "code challenge does not match previously saved code verifier"
        raise RefusedError(400, "bad_code_verifier", words)
    conn.execute(delete(flow_state).where(flow_state.c.id == flow["id"]))
    return flow["user_id"], "oauth" if flow["provider_type"] != "email" else "otp"


def _use(conn: Connection, user: Row, tokens: tuple[str, ...], kind: str) -> Row:
    if kind not in _PURPOSES:
        raise RefusedError(400, "validation_failed", "Verify requires a verification type")
    for purpose in _PURPOSES[kind]:
        held, sent = user[f"{purpose}_token"] or "", user[f"{purpose}_sent_at"]
        right = any(compare_digest(held.encode(), token.encode()) for token in tokens)
        if held and right and sent is not None and datetime.now(UTC) <= sent + MAIL_LIFETIME:
            break
    else:
        raise _gone()
    if banned(user):
        raise RefusedError(403, "user_banned", "User is banned")
    now = datetime.now(UTC)
    over = {f"{purpose}_token": "", "updated_at": now}
    over["email_confirmed_at"] = user["email_confirmed_at"] or now
    changed = update(users).where(users.c.id == user["id"]).values(over).returning(users)
    return conn.execute(changed).mappings().one()


def _hash(email: str, code: str) -> str:
    return sha224((email + code).encode()).hexdigest()


def _gone() -> RefusedError:
    return RefusedError(403, "otp_expired", "Token has expired or is invalid")
