"""The messages of a conversation, out of the set of its callbacks: in whatever order they came."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from typing import Final
from uuid import UUID, uuid5

from domo_insights.ingest.alignment import Line, align
from domo_insights.ingest.payload import JOINED, Callback, Entry, Utterance

Said = tuple[Callback, Utterance]

_NAMESPACE: Final = UUID("3f0e3b0c-52b6-5d0e-9d27-3c5f0c8c1a7e")
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_EVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A row of conversation_messages. `occurred_at` None: only its arrival is known."""

    id: UUID
    conversation_id: str
    message_id: str | None
    role: str
    content: str
    timestamp: datetime | None
    occurred_at: datetime | None
    seq: int = 0
    sentiment: str | None = None
    intent: str | None = None
    confidence: Decimal | None = None
    label_source: str | None = None


def messages_of(
    conversation_id: str, events: Iterable[Callback], started_at: datetime | None = None
) -> list[MessageRow]:
    """The messages of one conversation, in their order.

    events: its callbacks, all of them, in any order and any number of times.
    started_at: where the platform knows it; else it is when the replica joined, else the
        earliest time any of the events has.
    """
    unique = {event.event_hash: event for event in events}.values()
    start = started_at or start_of(unique)
    spoken = _spoken(unique)
    transcript = latest(event for event in unique if event.transcript is not None)
    if transcript is None or transcript.transcript is None:
        rows = [_spoken_row(conversation_id, one, one[0].occurred_at or start) for one in spoken]
        return sorted(rows, key=lambda row: (row.occurred_at or _NEVER, row.id))
    return _merged(conversation_id, spoken, transcript.transcript, start)


def start_of(events: Iterable[Callback]) -> datetime | None:
    """When the replica joined, else the earliest time of all; None where nothing has one."""
    known = [(e.event_type != JOINED, e.occurred_at) for e in events if e.occurred_at]
    return min(known)[1] if known else None


def latest(events: Iterable[Callback]) -> Callback | None:
    """The event with the latest time; one without time only where none has any."""
    return max(events, key=_recency, default=None)


def _spoken(events: Iterable[Callback]) -> list[Said]:
    """One utterance per role and inference; the later one replaces the earlier."""
    groups: dict[tuple[str, str], list[Said]] = {}
    for event in events:
        if event.utterance is not None:
            said = event, event.utterance
            groups.setdefault((event.utterance.role, _key(event)), []).append(said)
    return [max(group, key=lambda said: _recency(said[0])) for group in groups.values()]


def _recency(event: Callback) -> tuple[datetime, str]:
    return event.occurred_at or _EVER, event.event_hash


def _key(event: Callback) -> str:
    return f"i:{event.inference_id}" if event.inference_id else f"h:{event.event_hash}"


def _row_id(conversation_id: str, role: str, key: str) -> UUID:
    derived = uuid5(_NAMESPACE, f"{conversation_id}\n{role}\n{key}").int
    return UUID(int=derived & ~(0xF << 76) | 8 << 76)


def is_derived(row_id: UUID) -> bool:
    """Whether a row is one of ours: version 8 is for ids with a meaning, and nobody else's here."""
    return row_id.version == 8


def _spoken_row(
    conversation_id: str, one: Said, occurred_at: datetime | None, seq: int = 0
) -> MessageRow:
    event, said = one
    return MessageRow(
        id=_row_id(conversation_id, said.role, _key(event)),
        conversation_id=conversation_id,
        message_id=event.inference_id,
        role=said.role,
        content=said.speech,
        timestamp=event.occurred_at,
        occurred_at=occurred_at,
        seq=seq,
        sentiment=said.sentiment,
        intent=said.intent,
        confidence=said.confidence,
        label_source="sender" if said.labelled else None,
    )


def _merged(
    conversation_id: str, spoken: list[Said], entries: Sequence[Entry], start: datetime | None
) -> list[MessageRow]:
    """Utterances by their time; what only the transcript has, behind the line before it."""
    pairs, inside = _paired(spoken, entries)
    place = {event.event_hash: index for index, (event, _) in pairs.items()}
    behind: dict[str, list[Said | int]] = {"": []}
    anchor = ""
    for index in range(len(entries)):
        one = pairs.get(index, index)
        if isinstance(one, tuple) and one[0].occurred_at:
            anchor = one[0].event_hash
        elif index not in inside:
            behind.setdefault(anchor, []).append(one)

    def order(one: Said) -> tuple[datetime, int, str]:
        at = one[0].occurred_at or _EVER
        return at, place.get(one[0].event_hash, len(entries)), one[0].event_hash

    merged: list[tuple[Said | int, datetime | None]] = [(one, start) for one in behind[""]]
    for one in sorted(spoken, key=order):
        at, event_hash = one[0].occurred_at, one[0].event_hash
        if at or event_hash not in place:
            merged.append((one, at or start))
            merged.extend((follower, at or start) for follower in behind.get(event_hash, []))
    rows: list[MessageRow] = []
    for seq, (what, at) in enumerate(merged):
        if isinstance(what, tuple):
            rows.append(_spoken_row(conversation_id, what, at, seq))
        else:
            role, content = entries[what].role, entries[what].content
            row_id = _row_id(conversation_id, role, f"t:{what}")
            rows.append(MessageRow(row_id, conversation_id, None, role, content, None, at, seq))
    return rows


def _paired(spoken: Iterable[Said], entries: Sequence[Entry]) -> tuple[dict[int, Said], set[int]]:
    """Transcript index -> its utterance, and the lines that only continue in one.

    Utterances with a time go first: those without take what lines are left.
    """
    heard = _in_order(spoken, entries)
    written = _before([entry.role for entry in entries])
    earlier = _before([said.role for _, said in heard])
    pairs: dict[int, Said] = {}
    inside: set[int] = set()
    for role, timed in product({entry.role for entry in entries}, (True, False)):
        lines = [i for i, e in enumerate(entries) if e.role == role and i not in pairs]
        own = [
            j
            for j, (event, said) in enumerate(heard)
            if said.role == role and bool(event.occurred_at) is timed
        ]
        found = align(
            [Line(entries[i].content, written[i]) for i in lines],
            [Line(heard[j][1].speech, earlier[j]) for j in own],
        )
        pairs |= {lines[i]: heard[own[j]] for i, j in found.pairs.items()}
        inside |= {lines[i] for i in found.inside}
    return pairs, inside - pairs.keys()


def _in_order(spoken: Iterable[Said], entries: Sequence[Entry]) -> list[Said]:
    """By time; what has the same time, or none, as the transcript has the same words."""
    first: dict[tuple[str, tuple[str, ...]], int] = {}
    for index, entry in enumerate(entries):
        first.setdefault((entry.role, Line(entry.content).words), index)

    def order(one: Said) -> tuple[datetime, int, str]:
        event, said = one
        index = first.get((said.role, Line(said.speech).words), len(entries))
        return event.occurred_at or _NEVER, index, event.event_hash

    return sorted(spoken, key=order)


def _before(roles: Sequence[str]) -> list[int]:
    """For each of them: how many of the ones before it are of another role."""
    seen: Counter[str] = Counter()
    counts: list[int] = []
    for index, role in enumerate(roles):
        counts.append(index - seen[role])
        seen[role] += 1
    return counts
