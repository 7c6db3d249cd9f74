"""The one way callbacks get into the database: both webhook routes and the command line."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection

from domo_insights.errors import PayloadError
from domo_insights.ingest import message_rows, rows
from domo_insights.ingest.details import Details, details_of, tells
from domo_insights.ingest.local_labels import label_conversations
from domo_insights.ingest.messages import MessageRow, messages_of, start_of
from domo_insights.ingest.payload import Callback
from domo_insights.settings import current


class ForeignConversationError(PayloadError):
    """The conversation is not this demo's."""

    hint = "Send a conversation's callbacks to the address of the demo it was started for."


class UnknownDemoError(PayloadError):
    """There is no such demo."""

    hint = "Check demo_id."


@dataclass(frozen=True, slots=True)
class Received:
    """A callback and how it came.

    demo_id: the demo whose own signed address it was sent to.
    trusted: whether the sender may name the demo in the body (the operator's route, a file).
    since: `time.perf_counter()` when its handling began; None for what no handler handled.
    """

    callback: Callback
    via: Literal["http", "file"] = "http"
    demo_id: UUID | None = None
    trusted: bool = False
    since: float | None = None

    @property
    def claim(self) -> tuple[str, UUID, str] | None:
        """conversation, demo and source of what it says about whose it is."""
        if self.demo_id is not None:
            return self.callback.conversation_id, self.demo_id, "address"
        named = self.callback.demo_claim if self.trusted else None
        return (self.callback.conversation_id, named, "operator") if named else None


@dataclass(frozen=True, slots=True)
class Stored:
    """What a batch added; `messages` is net of those that others replaced, `erased` were left out
    since their conversation was erased."""

    stored: int = 0
    duplicates: int = 0
    conversations: int = 0
    messages: int = 0
    erased: int = 0

    def __add__(self, other: "Stored") -> "Stored":
        return Stored(
            self.stored + other.stored,
            self.duplicates + other.duplicates,
            self.conversations + other.conversations,
            self.messages + other.messages,
            self.erased + other.erased,
        )


@dataclass(frozen=True, slots=True)
class _Whole:
    """A conversation as all of its callbacks make it."""

    details: Details
    held: rows.Held | None
    messages: list[MessageRow]


class Fate(Enum):
    """What became of a callback."""

    NEW = "stored"
    REPEATED = "stored before"
    ERASED = "left out, since its conversation was erased"


def store(conn: Connection, received: Sequence[Received]) -> Stored:
    """Store a batch on a connection of `ingesting`: all of it, or nothing when this raises.
    Raises: as `settle`."""
    return settle(conn, received)[0]


def settle(conn: Connection, received: Sequence[Received]) -> tuple[Stored, list[Fate]]:
    """As `store`, and what became of each.

    Conversations are locked one after the other in the order of their ids, so that two batches
    wait for each other and never deadlock. What belongs to an erased conversation is left out.
    Raises: ForeignConversationError, UnknownDemoError, PayloadError, DatabaseError.
    """
    conversations = sorted({item.callback.conversation_id for item in received})
    hashes = [item.callback.event_hash for item in received]
    before, known = rows.look_up(conn, conversations, hashes)
    fates = _fates(received, before, known)
    new = [item for item, fate in zip(received, fates, strict=True) if fate is Fate.NEW]
    there = [item for item, fate in zip(received, fates, strict=True) if fate is not Fate.ERASED]
    _claim(conn, [item for item in there if item.demo_id] + new, before)
    added = _add(conn, new, before) if new else 0
    if new and current().insights_label_locally:
        label_conversations(conn, conversations)
    repeated = Counter(item.callback.conversation_id for item in there)
    repeated.subtract(item.callback.conversation_id for item in new)
    if len(new) < len(there):
        rows.count_duplicates(conn, +repeated)
    stored = Stored(
        stored=len(new),
        duplicates=len(there) - len(new),
        conversations=sum(not before[c].known for c in {r.callback.conversation_id for r in new}),
        messages=added,
        erased=len(received) - len(there),
    )
    return stored, fates


def _fates(
    received: Iterable[Received], before: Mapping[str, rows.State], known: set[str]
) -> list[Fate]:
    """What becomes of each, in their order; of the same one twice the first is the new one."""
    seen, fates = set(known), []
    for item in received:
        event_hash = item.callback.event_hash
        if before[item.callback.conversation_id].erased:
            fates.append(Fate.ERASED)
        else:
            fates.append(Fate.REPEATED if event_hash in seen else Fate.NEW)
            seen.add(event_hash)
    return fates


def _claim(
    conn: Connection, received: Iterable[Received], before: Mapping[str, rows.State]
) -> None:
    said = {claim: None for item in received if (claim := item.claim)}
    claims = [claim for claim in said if not before[claim[0]].settles(claim)]
    named = {demo_id for _, demo_id, _ in claims}
    if named and (missing := named - rows.known_demos(conn, named)):
        raise UnknownDemoError(f"There is no demo {min(missing)}.")
    for (_, demo_id, source), owner in zip(claims, rows.claim(conn, claims), strict=True):
        if source == "address" and owner != demo_id:
            raise ForeignConversationError


def _add(conn: Connection, new: list[Received], before: dict[str, rows.State]) -> int:
    """Insert `new` and what follows from it; the number of messages gained."""
    events: dict[str, list[Callback]] = {}
    for item in new:
        events.setdefault(item.callback.conversation_id, []).append(item.callback)
    moved = {
        claim[0] for item in new if (claim := item.claim) and claim[1] != before[claim[0]].demo_id
    }
    plain = {c for c in events if c not in moved and _plain(events[c], before[c])}
    wholes = _wholes(conn, {c: e for c, e in events.items() if c not in plain}, before)
    timed = [item for item in new if item.since is not None]
    # A file's events go first: they bring the mapping, which their messages then find in place.
    # A handler's go last, since their row says how long the handler took.
    rows.add_events(conn, [_event(item) for item in new if item.since is None])
    added = _add_plain(conn, {c: events[c] for c in plain}, before)
    added += message_rows.replace(conn, {c: whole.messages for c, whole in wholes.items()})
    rows.add_events(conn, [_event(item) for item in timed])
    wanted = {c: (whole.details, whole.held) for c, whole in wholes.items()}
    rows.put_details(conn, wanted, before)
    return added


def _plain(events: list[Callback], state: rows.State) -> bool:
    """Whether the messages are simply the utterances of `events`: the live conversation."""
    keys = [(e.utterance and e.utterance.role, e.inference_id) for e in events if e.utterance]
    named = [key for key in keys if key[1]]
    return (
        state.demo_id is not None
        and not state.entangled
        and not any(tells(e) or (e.utterance and e.occurred_at is None) for e in events)
        and len(named) == len(set(named))
    )


def _add_plain(
    conn: Connection, events: dict[str, list[Callback]], before: dict[str, rows.State]
) -> int:
    messages = {c: messages_of(c, own) for c, own in events.items()}
    wanted = {row.id: row for own in messages.values() for row in own}
    inserted = message_rows.add(conn, list(wanted.values()))
    taken = {row.conversation_id for row in wanted.values() if row.id not in inserted}
    if not taken:
        return len(inserted)
    wholes = _wholes(conn, {c: events[c] for c in taken}, before)
    return len(inserted) + message_rows.replace(
        conn, {c: whole.messages for c, whole in wholes.items()}
    )


def _wholes(
    conn: Connection, new: dict[str, list[Callback]], before: dict[str, rows.State]
) -> dict[str, _Whole]:
    """The conversations with what is stored of them and what is `new`."""
    known = [c for c in new if before[c].known]
    stored = rows.events_of(conn, known)
    held = rows.details_held(conn, list(new))
    wholes: dict[str, _Whole] = {}
    for conversation, events in new.items():
        every = {e.event_hash: e for e in (*stored.get(conversation, []), *events)}.values()
        row = held.get(conversation)
        details = details_of(every, row.values if row else None)
        start = details.started_at or start_of(every)
        wholes[conversation] = _Whole(details, row, messages_of(conversation, every, start))
    return wholes


def _event(item: Received) -> dict[str, Any]:
    callback = item.callback
    took = None
    if item.since is not None:
        took = max(0, round((time.perf_counter() - item.since) * 1000))
    return {
        "conversation_id": callback.conversation_id,
        "event_type": callback.event_type,
        "event_data": callback.raw,
        "event_hash": callback.event_hash,
        "occurred_at": callback.occurred_at,
        "received_via": item.via,
        "processing_duration_ms": took,
    }
