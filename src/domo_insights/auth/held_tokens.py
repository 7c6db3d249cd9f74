"""Supabase's tokens as a browser session's row holds them: encrypted, and over when it is."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from cryptography.fernet import InvalidToken
from sqlalchemy import Row

from domo_insights.auth import service
from domo_insights.auth.service import Scope, Tokens
from domo_insights.auth.tokens import ExpiredTokenError, Verified, verify
from domo_insights.errors import AuthServiceError, NotSignedInError, SignInError
from domo_insights.settings import current

LIFETIME: Final = timedelta(days=30)
IDLE: Final = timedelta(days=3)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """The pair of tokens of one session."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @property
    def lives(self) -> Verified | None:
        """What the access token says, None when it has ended. Raises: InvalidTokenError."""
        try:
            return verify(self.access_token)
        except ExpiredTokenError:
            return None

    def give_back(self, scope: Scope) -> None:
        """Tell Supabase that this session, or every one of its user, is over, if it answers."""
        try:
            token = self.access_token
            if self.lives is None:
                token = service.refresh(self.refresh_token).access_token
            service.sign_out(token, scope)
        except (AuthServiceError, SignInError, NotSignedInError):
            # Nobody has the tokens any more; they end by themselves.
            _log.warning("Supabase was not told of a sign-out.")


def opened(row: Row[Any] | None) -> Held | None:
    """The tokens of a session that goes on, None for one that is over."""
    if row is None or row.signed_out_at is not None:
        return None
    now = datetime.now(UTC)
    if row.expires_at <= now or row.last_seen_at <= now - IDLE:
        return None
    try:
        return Held(**orjson.loads(current().session_cipher.decrypt(bytes(row.tokens))))
    except InvalidToken:  # its key was taken out of INSIGHTS_SESSION_KEYS
        return None


def stored(tokens: Tokens, now: datetime) -> dict[str, Any]:
    """The columns that change with each new pair of tokens."""
    held = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
    viewer = tokens.verified.viewer
    return {
        "tokens": current().session_cipher.encrypt(orjson.dumps(held)),
        "email": viewer.email,
        "product_team": viewer.product_team,
        "refreshed_at": now,
        "last_seen_at": now,
    }
