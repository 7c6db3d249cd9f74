"""The numbers of docs/metrics.md once more, in plain Python over rows read by the owner.

Nothing of domo_insights.queries or of the views is used here: agreement means something.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass
class Talk:
    """One conversation, with everything that was said in it, in order."""

    id: str
    demo_id: UUID
    started_at: datetime | None = None
    ended_at: datetime | None = None
    is_test: bool = False
    messages: list[Any] = field(default_factory=list)

    def count(self, role: str) -> int:
        return sum(m.role == role for m in self.messages)

    @property
    def active(self) -> bool:
        return self.count("user") >= 2 and self.count("assistant") >= 1

    @property
    def duration(self) -> int | None:
        if self.started_at is None or self.ended_at is None:
            return None
        return round((self.ended_at - self.started_at).total_seconds())

    @property
    def reply_times(self) -> list[float]:
        said = [m for m in self.messages if m.role != "system"]
        return [
            (after.timestamp - m.timestamp).total_seconds()
            for m, after in pairwise(said)
            if (m.role, after.role) == ("user", "assistant") and m.timestamp and after.timestamp
        ]


def talks(conn: Connection) -> list[Talk]:
    """Every conversation that belongs to a demo."""
    found = {
        row.conversation_id: Talk(row.conversation_id, row.demo_id)
        for row in conn.execute(text("select * from insights.conversation_map"))
    }
    details = {
        row.tavus_conversation_id: row
        for row in conn.execute(text("select * from public.conversation_details"))
    }
    events = defaultdict(list)
    for row in conn.execute(text("select * from public.processed_webhook_events")):
        events[row.conversation_id].append(row)
    for row in conn.execute(text("select * from public.conversation_messages")):
        if row.conversation_id in found:
            found[row.conversation_id].messages.append(row)
    for talk in found.values():
        talk.messages.sort(key=lambda m: (m.occurred_at, m.seq, m.id))
        _settle(talk, details.get(talk.id), events[talk.id])
    return list(found.values())


def _settle(talk: Talk, detail: Any, events: list[Any]) -> None:
    joined = [e.occurred_at for e in events if e.event_type == "system.replica_joined"]
    shut = [e.occurred_at for e in events if e.event_type == "system.shutdown"]
    seen = [e.occurred_at for e in events] + [m.occurred_at for m in talk.messages]
    talk.is_test = bool(detail and detail.is_test)
    talk.started_at = (
        (detail and detail.started_at)
        or (min(joined) if joined else None)
        or (min(seen) if seen else None)
    )
    spoken = [m.timestamp for m in talk.messages if m.timestamp and m.role != "system"]
    talk.ended_at = (
        (max(shut) if shut else None)
        or (detail and detail.completed_at)
        or (max(spoken) if spoken else None)
    )


def percentile(values: list[float], part: float) -> float | None:
    """The smallest value v such that at least `part` of the values are <= v."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


def feeling(message: Any) -> str | None:
    return (message.sentiment or "").strip().lower() or None
