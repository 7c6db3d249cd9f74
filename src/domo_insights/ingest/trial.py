"""A harmless event, sent to a demo's own address as Tavus would send it.

Its type is `insights.test`. Its conversation is one per demo, under an id that nobody can guess,
and its name starts with the word test: so it counts as an event on Webhooks and nowhere else.
"""

import ipaddress
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx

from domo_insights.errors import DomoInsightsError
from domo_insights.ingest.webhook import trial_conversation, webhook_url

EVENT_TYPE: Final = "insights.test"
NAME: Final = "Test events from Domo Insights"
TIMEOUT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Trial:
    """A test event and what the route answered. `seconds` is the whole round trip."""

    sent_at: datetime
    status: int
    seconds: float
    reason: str = ""

    @property
    def stored(self) -> bool:
        return self.status == httpx.codes.OK


def send_trial(demo_id: UUID, base: str | None = None) -> Trial:
    """Send a test event to the demo's address below `base`, else the public address.

    The caller has made sure that the viewer owns the demo. Raises: ConfigError, DomoInsightsError
    when nobody answers there.
    """
    address, sent_at, since = webhook_url(demo_id, base), datetime.now(UTC), time.perf_counter()
    body = {
        "conversation_id": trial_conversation(demo_id),
        "conversation_name": NAME,
        "event_type": EVENT_TYPE,
        "message_type": "system",
        "timestamp": sent_at.isoformat(),
        "properties": {"sent_from": "Domo Insights", "nonce": str(uuid4())},
    }
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=not _is_here(address)) as client:
            answer = client.post(address, json=body)
    except httpx.HTTPError:
        # The error's text would name the address, and with it the token.
        raise DomoInsightsError(
            "The webhook address does not answer.",
            hint="Check INSIGHTS_PUBLIC_URL: this server must be reachable there.",
        ) from None
    return Trial(sent_at, answer.status_code, time.perf_counter() - since, _reason(answer))


def _reason(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return ""
    return str(said.get("error", ""))[:200] if isinstance(said, dict) else ""


def _is_here(address: str) -> bool:
    """Whether no proxy can be on the way."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
