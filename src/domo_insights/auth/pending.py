"""What this browser asked the sign-in service for, in a cookie that only the server can read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, Literal

import orjson
from cryptography.fernet import InvalidToken
from starlette.responses import Response

from domo_insights.auth import cookies as jar
from domo_insights.settings import current

SECONDS: Final = 3600
_LONGEST: Final = 3800  # browsers drop cookies of more than 4096 bytes
Wish = Literal["mail", "reset", "new", "provider", "password"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request under way. `verifier` proves to the sign-in service that this browser made it;
    `wish` "password" says that its owner may choose a new one now."""

    wish: Wish
    email: str = ""
    verifier: str = ""
    next: str = "/"


def keep(response: Response, asked: Asked, *, secure: bool) -> None:
    """Remember `asked` for an hour; where it would be too long, not where it was to lead."""
    value = _sealed(asked)
    if len(value) > _LONGEST:
        value = _sealed(Asked(asked.wish, asked.email, asked.verifier))
    jar.put(response, jar.ASKED, value, secure=secure, seconds=SECONDS)


def found(cookies: Mapping[str, str]) -> Asked | None:
    """What this browser asked for, None when that is nothing, is over, or was forged."""
    value = jar.raw(cookies, jar.ASKED)
    if not value or not value.isascii():
        return None
    padded = value + "=" * (-len(value) % 4)  # "=" is no character of a bare cookie
    try:
        return Asked(**orjson.loads(current().session_cipher.decrypt(padded.encode(), SECONDS)))
    except (InvalidToken, TypeError, orjson.JSONDecodeError):
        return None


def _sealed(asked: Asked) -> str:
    return current().session_cipher.encrypt(orjson.dumps(asdict(asked))).decode().rstrip("=")
