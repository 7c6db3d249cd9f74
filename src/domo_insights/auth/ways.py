"""Which ways in the sign-in service offers: asked seldom, for a sign-in page must not wait."""

import re
import threading
import time
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson

from domo_insights.auth.transport import http_client
from domo_insights.settings import current

_LIFETIME: Final = 60.0
_AWAY: Final = 5.0
_NO_PROVIDER: Final = frozenset({"email", "phone", "anonymous_users", "web3"})
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,30}")
_NAMES: Final = {
    "azure": "Microsoft",
    "github": "GitHub",
    "gitlab": "GitLab",
    "linkedin": "LinkedIn",
    "linkedin_oidc": "LinkedIn",
    "slack_oidc": "Slack",
    "workos": "WorkOS",
}


@dataclass(frozen=True, slots=True)
class Ways:
    """Other ways beside the password. `providers`: name for the service, name for people.

    The embedded default sends no mails."""

    by_email: bool = True
    sign_up: bool = False
    providers: tuple[tuple[str, str], ...] = ()
    sends_mails: bool = True


_known: dict[str, tuple[float, Ways]] = {}
_lock = threading.Lock()


def ways() -> Ways:
    """What is on now. While nobody answers: what was on before, at first e-mail alone."""
    url = current().supabase_url
    until, kept = _known.get(url, (0.0, Ways()))
    if not url or time.monotonic() < until or not _lock.acquire(blocking=not until):
        return kept
    try:
        until, kept = _known.get(url, (0.0, Ways()))
        if time.monotonic() < until:
            return kept
        asked = _asked(url)
        fresh = asked or kept
        _known[url] = (time.monotonic() + (_LIFETIME if asked else _AWAY), fresh)
        return fresh
    finally:
        _lock.release()


def forget() -> None:
    """Ask again at the next look."""
    _known.clear()


def _asked(url: str) -> Ways | None:
    try:
        with http_client(url) as client:
            key = {"apikey": current().supabase_publishable_key}
            answer = client.get(f"{url}/auth/v1/settings", headers=key)
        answer.raise_for_status()
        return _read(orjson.loads(answer.content))
    except (httpx.HTTPError, orjson.JSONDecodeError, AttributeError, TypeError):
        return None


def _read(body: dict[str, Any]) -> Ways:
    external = body.get("external") or {}
    listed = sorted(name for name, on in external.items() if on is True)
    usable = [name for name in listed if name not in _NO_PROVIDER and _NAME.fullmatch(name)]
    return Ways(
        external.get("email") is not False,
        body.get("disable_signup") is False and external.get("email") is not False,
        tuple((name, _NAMES.get(name, name.replace("_", " ").title())) for name in usable),
        body.get("mails_stay_here") is not True,
    )
