"""Whose an access token is. PyJWT alone decides: supabase-py checks neither aud nor iss."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import jwt

from domo_insights.auth.key_sets import ALGORITHMS, key_set
from domo_insights.errors import NotSignedInError
from domo_insights.settings import Settings, current
from domo_insights.viewer import PRODUCT_TEAM, Viewer

AUDIENCE: Final = "authenticated"
LEEWAY_SECONDS: Final = 10
_REQUIRED: Final = ["exp", "iat", "sub", "aud", "iss", "role"]


class InvalidTokenError(NotSignedInError):
    """The access token is not one of ours."""


class ExpiredTokenError(NotSignedInError):
    """The access token has ended."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a genuine access token says. `aal` is "aal1", or "aal2" after a second factor."""

    viewer: Viewer
    issued_at: datetime
    expires_at: datetime
    aal: str
    session_id: str


def verify(access_token: str) -> Verified:
    """What `access_token` says, if it is genuine, for us, and still lives.

    Raises: InvalidTokenError, ExpiredTokenError, AuthServiceError when its key cannot be had.
    """
    settings = current()
    try:
        key, algorithm = _key(access_token, settings)
        claims = jwt.decode(
            access_token,
            key,
            algorithms=[algorithm],
            audience=AUDIENCE,
            issuer=settings.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": _REQUIRED},
        )
        return _verified(claims)
    except jwt.ExpiredSignatureError as error:
        raise ExpiredTokenError from error
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise InvalidTokenError from error


def _key(access_token: str, settings: Settings) -> tuple[Any, str]:
    """The key to verify with and the one algorithm that belongs to it.

    The header only chooses among our keys. HS256 has the shared secret and nothing else: a public
    key used as one would let anybody sign.
    """
    header = jwt.get_unverified_header(access_token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm == "HS256" and settings.supabase_jwt_secret:
        return settings.supabase_jwt_secret.get_secret_value(), "HS256"
    if algorithm not in ALGORITHMS or not isinstance(kid, str):
        raise jwt.InvalidAlgorithmError
    key = key_set(f"{settings.supabase_url}/auth/v1/.well-known/jwks.json").key(kid, algorithm)
    if key is None:
        raise jwt.InvalidKeyError
    return key, algorithm


def _verified(claims: Mapping[str, Any]) -> Verified:
    if claims["role"] != AUDIENCE or claims.get("is_anonymous"):
        raise InvalidTokenError
    # user_metadata is the user's own to write, app_metadata only the service role's.
    trusted = claims.get("app_metadata") or {}
    if not isinstance(trusted, Mapping):
        raise InvalidTokenError
    email = claims.get("email") or ""
    viewer = Viewer(UUID(claims["sub"]), str(email), trusted.get("role") == PRODUCT_TEAM)
    return Verified(
        viewer,
        datetime.fromtimestamp(claims["iat"], UTC),
        datetime.fromtimestamp(claims["exp"], UTC),
        str(claims.get("aal") or "aal1"),
        str(claims.get("session_id") or ""),
    )
