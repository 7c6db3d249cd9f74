"""What a conversation's callbacks say about it as a whole, beside what the platform wrote."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domo_insights.ingest.messages import latest
from domo_insights.ingest.payload import JOINED, PERCEPTION, SHUTDOWN, TRANSCRIPT, Callback

_TELLING = frozenset({JOINED, SHUTDOWN, PERCEPTION, TRANSCRIPT})


@dataclass(frozen=True, slots=True)
class Details:
    """The columns of conversation_details that callbacks know; None: they do not say.

    `duration_seconds` is end minus start in whole seconds, `status` active or ended.
    """

    conversation_name: str | None
    transcript: Any
    perception_analysis: Any
    started_at: datetime | None
    completed_at: datetime | None
    duration_seconds: int | None
    status: str | None


def tells(event: Callback) -> bool:
    """Whether `event` says something about the conversation as a whole."""
    return event.event_type in _TELLING or event.conversation_name is not None


def details_of(events: Iterable[Callback], held: Mapping[str, Any] | None = None) -> Details:
    """The details of one conversation. Its times and name stay what the platform (`held`, its row)
    says, unless they came from an event in the first place; so order of arrival changes nothing.
    """
    unique = list(events)
    row = held or {}
    started, ours_start = _time(unique, JOINED, min, row.get("started_at"))
    completed, ours_end = _time(unique, SHUTDOWN, max, row.get("completed_at"))
    duration = row.get("duration_seconds")
    if duration is None or (ours_start and ours_end):
        duration = _seconds(started, completed)
    named = latest(event for event in unique if event.conversation_name)
    written = latest(event for event in unique if event.event_type == TRANSCRIPT)
    perceived = latest(event for event in unique if event.event_type == PERCEPTION)
    status = row.get("status")
    if any(event.event_type == SHUTDOWN for event in unique):
        status = "ended" if status in {None, "active"} else status
    name = row.get("conversation_name")
    if named and (name is None or any(name == event.conversation_name for event in unique)):
        name = named.conversation_name
    return Details(
        conversation_name=name,
        transcript=written.properties["transcript"] if written else row.get("transcript"),
        perception_analysis=(
            perceived.properties.get("analysis", dict(perceived.properties))
            if perceived
            else row.get("perception_analysis")
        ),
        started_at=started,
        completed_at=completed,
        duration_seconds=duration,
        status=status,
    )


def _time(
    events: Iterable[Callback],
    event_type: str,
    choose: Callable[[Iterable[datetime]], datetime],
    held: datetime | None,
) -> tuple[datetime | None, bool]:
    """The time of the conversation's start or end, and whether events say it."""
    known = {e.occurred_at for e in events if e.event_type == event_type and e.occurred_at}
    if known and (held is None or held in known):
        return choose(known), True
    return held, False


def _seconds(started: datetime | None, completed: datetime | None) -> int | None:
    if started is None or completed is None or completed < started:
        return None
    return int((completed - started).total_seconds() + 0.5)
