"""Rows with sensible values; a test names only what it is about."""

from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert

from domo_insights.database.tables import (
    conversation_details,
    conversation_messages,
    demo_videos,
    demos,
    knowledge_chunks,
    processed_webhook_events,
)
from domo_insights.viewer import Viewer

ANA = Viewer(UUID(int=0xA), "ana@northwind.example")
BEN = Viewer(UUID(int=0xB), "ben@harbor.example")
PIA = Viewer(UUID(int=0xC), "pia@domo.example", product_team=True)
USERS = (ANA, BEN, PIA)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_numbers = count(1)


def demo(conn: Connection, owner: Viewer = ANA, **overrides: Any) -> UUID:
    row = {"id": uuid4(), "user_id": owner.user_id, "name": "Demo", "status": "published"}
    conn.execute(insert(demos).values(row | overrides))
    return UUID(str((row | overrides)["id"]))


def video(conn: Connection, demo_id: UUID, **overrides: Any) -> None:
    row = {
        "id": uuid4(),
        "demo_id": demo_id,
        "title": "Tour",
        "storage_url": f"{demo_id}/tour.mp4",
        "order_index": next(_numbers),
        "processing_status": "completed",
    }
    conn.execute(insert(demo_videos).values(row | overrides))


def chunk(conn: Connection, demo_id: UUID, **overrides: Any) -> UUID:
    row = {"id": uuid4(), "demo_id": demo_id, "content": "Exports are nightly."}
    conn.execute(insert(knowledge_chunks).values(row | overrides))
    return UUID(str((row | overrides)["id"]))


def conversation(conn: Connection, demo_id: UUID, **overrides: Any) -> str:
    """A conversation that details know; its id."""
    row = {
        "id": uuid4(),
        "demo_id": demo_id,
        "tavus_conversation_id": f"c{next(_numbers)}",
        "started_at": NOON,
        "is_test": False,
    }
    conn.execute(insert(conversation_details).values(row | overrides))
    return str((row | overrides)["tavus_conversation_id"])


def message(
    conn: Connection, conversation_id: str, role: str = "user", at: datetime = NOON, **more: Any
) -> UUID:
    row = {
        "id": uuid4(),
        "conversation_id": conversation_id,
        "message_id": f"m{next(_numbers)}",
        "role": role,
        "content": "How much is it?",
        "timestamp": at,
        "occurred_at": at,
        "seq": 0,
    }
    conn.execute(insert(conversation_messages).values(row | more))
    return UUID(str((row | more)["id"]))


def event(
    conn: Connection,
    conversation_id: str,
    event_type: str = "conversation.utterance",
    at: datetime = NOON,
    **more: Any,
) -> UUID:
    row = {
        "id": uuid4(),
        "conversation_id": conversation_id,
        "event_type": event_type,
        "event_data": {"n": next(_numbers), "timestamp": at.isoformat()},
        "processed_at": at,
        "occurred_at": at,
        "processing_duration_ms": 20,
        "received_via": "http",
    }
    conn.execute(insert(processed_webhook_events).values(row | more))
    return UUID(str((row | more)["id"]))
