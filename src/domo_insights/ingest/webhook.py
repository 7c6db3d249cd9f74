"""Who may send callbacks to which address, and where that address is."""

import hashlib
import hmac
from typing import Final
from uuid import UUID

from domo_insights import settings
from domo_insights.errors import ConfigError

SIGNATURE_HEADER: Final = "X-Webhook-Signature"


def token_of(demo_id: UUID) -> str:
    """The token of a demo's own address. Raises: ConfigError where no secret is set."""
    return _hmac(str(demo_id).encode())


def signature_of(body: bytes) -> str:
    """What the operator sends along with `body`. Raises: ConfigError where no secret is set."""
    return f"sha256={_hmac(body)}"


def is_token(demo_id: UUID, token: str) -> bool:
    """Whether `token` opens the address of the demo; without a secret nothing does."""
    return _is_one(token, str(demo_id).encode())


def is_signature(body: bytes, signature: str) -> bool:
    """Whether the operator signed `body`; without a secret nobody did."""
    return _is_one(signature, body, "sha256=")


def webhook_url(demo_id: UUID, base: str | None = None) -> str:
    """What an owner gives to Tavus as the demo's callback address.

    base: where this is served; the public address unless given.
    Raises: ConfigError where the public address or the secret is not set.
    """
    base = base or settings.current().secret("insights_public_url")
    return f"{base}/webhooks/tavus/{demo_id}?token={token_of(demo_id)}"


def trial_conversation(demo_id: UUID) -> str:
    """The conversation of a demo's test events; nobody can guess it and claim it for themselves.

    Raises: ConfigError where no secret is set.
    """
    return f"insights-test-{_hmac(f'test events of {demo_id}'.encode())[:32]}"


def _is_one(said: str, message: bytes, prefix: str = "") -> bool:
    """Whether `said` was made of `message` with one of the secrets; all of them are compared."""
    try:
        made = [prefix + _hmac(message, secret) for secret in _secrets()]
    except ConfigError:
        return False
    same = [hmac.compare_digest(said.encode(), one.encode()) for one in made]
    return any(same)


def _secrets() -> list[str]:
    """The newest first; those after it open what was made with them before."""
    held = settings.current().secret("tavus_webhook_secret").split(",")
    found = [secret.strip() for secret in held if secret.strip()]
    if not found:
        raise ConfigError("TAVUS_WEBHOOK_SECRET is not set.", hint="See docs/settings.md.")
    return found


def _hmac(message: bytes, secret: str | None = None) -> str:
    key = secret or _secrets()[0]
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()
