"""Callbacks of made-up conversations, as Tavus would send them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from domo_insights.ingest.payload import Callback, parse

START = datetime(2026, 9, 1, 12, tzinfo=UTC)


def at(seconds: float | None) -> str | None:
    return None if seconds is None else (START + timedelta(seconds=seconds)).isoformat()


def body(event_type: str, seconds: float | None = 0, conversation: str = "c1", **more: Any) -> dict:
    return {
        "conversation_id": conversation,
        "event_type": event_type,
        "message_type": event_type.split(".")[0],
        "timestamp": at(seconds),
        "properties": {},
    } | more


def joined(seconds: float | None = 0, persona: str = "p-x", **more: Any) -> dict:
    properties = {"replica_id": "r1", "persona_id": persona}
    return body("system.replica_joined", seconds, properties=properties, **more)


def shutdown(seconds: float | None = 100, **more: Any) -> dict:
    properties = {"shutdown_reason": "max_call_duration"}
    return body("system.shutdown", seconds, properties=properties, **more)


def said(
    seconds: float | None, speech: str, role: str = "user", inference_id: str | None = "", **more
) -> dict:
    """`inference_id` is made of role and time unless given; None for none."""
    labels = {k: more.pop(k) for k in ("sentiment", "intent", "confidence") if k in more}
    if inference_id == "":
        inference_id = f"{role}-{seconds}"
    properties = {"role": role, "speech": speech} | labels
    return body(
        "conversation.utterance", seconds, properties=properties, inference_id=inference_id, **more
    )


def transcript(*lines: tuple[str, str], seconds: float | None = 120, **more: Any) -> dict:
    entries = [{"role": role, "content": content} for role, content in lines]
    properties = {"replica_id": "r1", "transcript": entries}
    return body("application.transcription_ready", seconds, properties=properties, **more)


def callbacks(*bodies: dict) -> list[Callback]:
    return [parse(json.dumps(one).encode()) for one in bodies]
