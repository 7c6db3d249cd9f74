"""Public keys of the sign-in service, fetched seldom and kept while it is away."""

import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import httpx
import jwt
import orjson

from domo_insights.auth.transport import http_client
from domo_insights.errors import AuthServiceError

ALGORITHMS: Final = frozenset({"ES256", "RS256"})
LIFETIME_SECONDS = 600.0
PAUSE_SECONDS = 5.0
"""The shortest time between two fetches for a key id that is not known."""
_AWAY_SECONDS: Final = 2.0


@dataclass
class KeySet:
    """The keys behind one JWKS address. One thread fetches at a time."""

    url: str
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _fetched: float = float("-inf")
    _forced: float = float("-inf")
    _away_until: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def key(self, kid: str, algorithm: str) -> jwt.PyJWK | None:
        """The key `kid`, if it is one for `algorithm`. Raises: AuthServiceError."""
        if self._due(kid):
            with self._lock:
                if self._due(kid):
                    self._fetch(forced=time.monotonic() - self._fetched <= LIFETIME_SECONDS)
        key = self._keys.get(kid)
        return key if key is not None and key.algorithm_name == algorithm else None

    def _due(self, kid: str) -> bool:
        now = time.monotonic()
        if now - self._fetched > LIFETIME_SECONDS:
            return True
        return kid not in self._keys and now - self._forced > PAUSE_SECONDS

    def _fetch(self, *, forced: bool) -> None:
        # Keys that were right a while ago are better than signing everybody out.
        if time.monotonic() < self._away_until:
            if not self._keys:
                raise AuthServiceError
            return
        try:
            self._keys, self._fetched = _fetch(self.url), time.monotonic()
        except AuthServiceError:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            if not self._keys:
                raise
        if forced:
            self._forced = time.monotonic()


@lru_cache(maxsize=8)
def key_set(url: str) -> KeySet:
    return KeySet(url)


def _fetch(url: str) -> dict[str, jwt.PyJWK]:
    try:
        with http_client(url) as client:
            answer = client.get(url)
        answer.raise_for_status()
        listed = orjson.loads(answer.content)["keys"]
        usable = [k for k in listed if k.get("kid") and k.get("kty") in {"EC", "RSA"}]
        keys = [jwt.PyJWK.from_dict(k) for k in usable]
    except (httpx.HTTPError, orjson.JSONDecodeError, jwt.PyJWTError) as error:
        raise AuthServiceError from error
    except (KeyError, TypeError, AttributeError) as error:
        raise AuthServiceError("The sign-in service's key list cannot be read.") from error
    return {str(k.key_id): k for k in keys if k.algorithm_name in ALGORITHMS}
