"""The cookies: a session's id, the form's half of the CSRF check before a session, and what this
browser asked the sign-in service for."""

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from starlette.responses import Response

from domo_insights.settings import current

SESSION: Final = "domo_sid"
FORM: Final = "domo_form"
ASKED: Final = "domo_asked"
_HOST_PREFIX: Final = "__Host-"
_ID_LENGTH: Final = 43  # 256 bits as URL-safe base64


def new_id() -> str:
    """An opaque 256-bit id."""
    return secrets.token_urlsafe(32)


def name(plain: str, *, secure: bool) -> str:
    """With TLS, a name that browsers accept from this very host alone."""
    return f"{_HOST_PREFIX}{plain}" if secure else plain


def session_id(cookies: Mapping[str, str]) -> str | None:
    """The session id that the browser sent."""
    return _value(cookies, SESSION)


def form_id(cookies: Mapping[str, str]) -> str | None:
    return _value(cookies, FORM)


def from_header(header: str) -> dict[str, str]:
    """Cookies of a Cookie header, none when it cannot be read."""
    jar: dict[str, str] = {}
    for piece in header.split(";"):
        key, _, value = piece.strip().partition("=")
        # The first one is the most specific; a planted one of a wider path comes later.
        if key in {SESSION, FORM, _HOST_PREFIX + SESSION, _HOST_PREFIX + FORM}:
            jar.setdefault(key, value)
    return jar


def put(response: Response, plain: str, value: str, *, secure: bool, seconds: int | None) -> None:
    response.set_cookie(
        name(plain, secure=secure),
        value,
        max_age=seconds,
        path="/" if secure else current().prefix or "/",  # the name's prefix insists on "/"
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def drop(response: Response, plain: str, *, secure: bool) -> None:
    put(response, plain, "", secure=secure, seconds=0)


def form_token(form: str) -> str:
    """What the form must carry beside the cookie `form`: only this server can make it."""
    key = sha256(b"sign-in form\0" + _signing_key()).digest()
    return hmac.new(key, form.encode(), sha256).hexdigest()


def hashed(kind: str, value: str) -> bytes:
    """A keyed hash, so that a copy of the table does not give addresses away."""
    key = sha256(f"{kind}\0".encode() + _signing_key()).digest()
    return hmac.new(key, value.encode(), sha256).digest()


def _signing_key() -> bytes:
    return current().secret("insights_session_keys").split(",")[0].strip().encode()


def _value(cookies: Mapping[str, str], plain: str) -> str | None:
    value = raw(cookies, plain)
    return value if value and len(value) == _ID_LENGTH and value.isascii() else None


def raw(cookies: Mapping[str, str], plain: str) -> str | None:
    """The cookie's text as the browser sent it."""
    value = cookies.get(_HOST_PREFIX + plain)
    if value is None and not current().insights_public_url.startswith("https://"):
        value = cookies.get(plain)
    return value
