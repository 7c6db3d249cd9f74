"""What `doctor` says of a hosted installation: addresses, TLS, and what the sign-in offers."""

from collections.abc import Iterator
from typing import Final

import httpx
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from domo_insights.auth.transport import is_loopback
from domo_insights.database.findings import Finding, Level
from domo_insights.settings import Settings

_TRANSACTION_POOLER: Final = 6543
_CLOSED: Final = {"require", "verify-ca", "verify-full"}


def hosting(settings: Settings) -> Iterator[Finding]:
    """Findings about what lies between the visitor, us and the project. Nothing is changed."""
    yield from _public_address(settings)
    for name in (
        "database_url",
        "database_read_url",
        "database_admin_url",
        "database_listen_url",
    ):
        secret = getattr(settings, name)
        if secret:
            yield from _line(name.upper(), secret.get_secret_value())
    yield from _live(settings)


def offers(settings: Settings) -> Iterator[Finding]:
    """What the sign-in service offers, and whether its tokens can be verified."""
    base = f"{settings.supabase_url}/auth/v1"
    try:
        key = {"apikey": settings.supabase_publishable_key}
        offered = httpx.get(f"{base}/settings", headers=key, timeout=10).raise_for_status().json()
        keys = httpx.get(f"{base}/.well-known/jwks.json", timeout=10).raise_for_status().json()
        ways = [name for name, on in offered["external"].items() if on is True]
        signs_up, signing = offered.get("disable_signup") is False, keys.get("keys") or []
    except (httpx.HTTPError, ValueError, KeyError, AttributeError):
        return  # that it does not answer is said elsewhere
    if not ways:
        yield Finding(
            Level.WRONG,
            "ways to sign in",
            "None is on.",
            "Switch one on: Authentication, Providers.",
        )
    else:
        accounts = "anybody may make an account" if signs_up else "no accounts are made"
        yield Finding(Level.FINE, "ways to sign in", f"{', '.join(sorted(ways))}; {accounts}")
    if not signing and not settings.supabase_jwt_secret:
        yield Finding(
            Level.WRONG,
            "SUPABASE_JWT_SECRET",
            "Not set, and the project has no public signing key: no token is believed.",
            "Use asymmetric JWT keys in the project, or set SUPABASE_JWT_SECRET.",
        )


def _public_address(settings: Settings) -> Iterator[Finding]:
    public = settings.insights_public_url
    if public and not public.startswith("https://") and not is_loopback(public):
        yield Finding(
            Level.WRONG,
            "INSIGHTS_PUBLIC_URL",
            f"{public} is not encrypted: nobody can sign in there.",
            "Put a proxy with a certificate in front: docs/deploy.md.",
        )


def _line(name: str, address: str) -> Iterator[Finding]:
    try:
        url = make_url(address)
    except ArgumentError:
        return  # said where it is connected to
    host = url.host or str(url.query.get("host", ""))
    inside = not host or host.startswith("/") or is_loopback(f"http://{host}")
    if not inside and url.query.get("sslmode") not in _CLOSED:
        yield Finding(
            Level.WRONG,
            name,
            "The password and everything read may travel unencrypted.",
            "Add ?sslmode=require to the address, or verify-full with sslrootcert.",
        )


def _live(settings: Settings) -> Iterator[Finding]:
    if settings.database_url is None or settings.database_listen_url:
        return
    try:
        port = make_url(settings.database_url.get_secret_value()).port
    except ArgumentError:
        return
    if port == _TRANSACTION_POOLER:
        yield Finding(
            Level.LEFT,
            "DATABASE_LISTEN_URL",
            "Not set: live pages ask once a second instead of being told.",
            "Set it to the direct or session-mode address of the same role.",
        )
