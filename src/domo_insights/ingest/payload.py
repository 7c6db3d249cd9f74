"""One webhook body -> one checked Tavus callback. Whatever is wrong with it gets a reason."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from domo_insights.errors import PayloadError
from domo_insights.ingest.body import canonical, decoded
from domo_insights.ingest.fields import Fields, moment, number_or_none

UTTERANCE: Final = "conversation.utterance"
TRANSCRIPT: Final = "application.transcription_ready"
PERCEPTION: Final = "application.perception_analysis"
JOINED: Final = "system.replica_joined"
SHUTDOWN: Final = "system.shutdown"

_ROLES: Final = {
    "user": "user",
    "replica": "assistant",
    "pal": "assistant",
    "assistant": "assistant",
    "agent": "assistant",
    "system": "system",
}
_SILENT_ROLES: Final = frozenset({"tool", "function"})
_OLDER: Final = re.compile(r"(system|conversation|application)_(?:(user|replica)_(?=st\w+_speak))?")


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said. `role` is user, assistant or system; `confidence` has two decimals."""

    role: str
    speech: str
    sentiment: str | None = None
    intent: str | None = None
    confidence: Decimal | None = None

    @property
    def labelled(self) -> bool:
        return not (self.sentiment is None and self.intent is None and self.confidence is None)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a final transcript. `role` is user, assistant or system."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Callback:
    """A Tavus callback that can be stored.

    `event_type` has dots, whatever the sender used; `occurred_at` is aware, or None where the
    sender gave no time; `raw` is the body as sent; `event_hash` is the SHA-256 of its canonical
    form, so that neither key order nor white space makes another event of it.
    """

    conversation_id: str
    event_type: str
    message_type: str | None
    occurred_at: datetime | None
    inference_id: str | None
    properties: Mapping[str, Any]
    raw: Mapping[str, Any]
    event_hash: str
    utterance: Utterance | None = None
    transcript: tuple[Entry, ...] | None = None
    conversation_name: str | None = None

    @property
    def demo_claim(self) -> UUID | None:
        """The demo that the body itself names: to be believed of a trusted sender only.

        Raises: PayloadError.
        """
        named = self.raw.get("demo_id", self.properties.get("demo_id"))
        if named is None:
            return None
        try:
            return UUID(named)
        except (ValueError, AttributeError, TypeError):
            raise PayloadError("demo_id is not a UUID.") from None


def parse(body: bytes) -> Callback:
    """The callback in `body`. Raises: PayloadError, saying what is wrong with it."""
    return callback_of(decoded(body))


def callback_of(raw: object, event_hash: str | None = None) -> Callback:
    """The callback in a decoded body; `event_hash` where it is known already.

    Raises: PayloadError.
    """
    if not isinstance(raw, dict):
        raise PayloadError("The body is not a JSON object.")
    digest = hashlib.sha256(canonical(raw)).hexdigest()
    fields = Fields(raw)
    event_type = _event_type(fields.name("event_type"))
    properties = fields.mapping("properties", "data")
    inner = Fields(properties, "properties.")
    inner.name_or_none("persona_id")
    inner.text_or_none("shutdown_reason", 1000)
    return Callback(
        conversation_id=fields.name("conversation_id"),
        event_type=event_type,
        message_type=fields.text_or_none("message_type"),
        occurred_at=moment(raw.get("timestamp")),
        inference_id=fields.name_or_none("inference_id"),
        properties=properties,
        raw=raw,
        event_hash=event_hash or digest,
        utterance=_utterance(inner) if event_type == UTTERANCE else None,
        transcript=_transcript(inner) if event_type == TRANSCRIPT else None,
        conversation_name=fields.text_or_none("conversation_name", 1000)
        or inner.text_or_none("conversation_name", 1000),
    )


def _event_type(name: str) -> str:
    """Dots for the underscores that older senders put between the parts of a type."""
    if "." in name:
        return name
    return _OLDER.sub(lambda m: ".".join(part for part in m.groups() if part) + ".", name, count=1)


def _role(value: object, where: str) -> str:
    role = _ROLES.get(value.strip().lower()) if isinstance(value, str) else None
    if role is None:
        raise PayloadError(f"{where} is none of user, replica, pal, assistant, agent, system.")
    return role


def _utterance(properties: Fields) -> Utterance:
    speech = properties.values.get("speech")
    if not isinstance(speech, str):
        raise PayloadError("properties.speech is not text.")
    return Utterance(
        role=_role(properties.values.get("role"), "properties.role"),
        speech=speech,
        sentiment=properties.text_or_none("sentiment"),
        intent=properties.text_or_none("intent"),
        confidence=number_or_none(properties.values.get("confidence"), "properties.confidence"),
    )


def _transcript(properties: Fields) -> tuple[Entry, ...]:
    lines = properties.values.get("transcript")
    if not isinstance(lines, list):
        raise PayloadError("properties.transcript is not a list.")
    entries: list[Entry] = []
    for index, line in enumerate(lines):
        where = f"properties.transcript[{index}]"
        if not isinstance(line, dict):
            raise PayloadError(f"{where} is not an object with role and content.")
        role, content = line.get("role"), line.get("content")
        if isinstance(role, str) and role.strip().lower() in _SILENT_ROLES:
            continue  # a tool's answer is nobody's words
        if not isinstance(content, str):
            raise PayloadError(f"{where}.content is not text.")
        entries.append(Entry(_role(role, f"{where}.role"), content))
    return tuple(entries)
