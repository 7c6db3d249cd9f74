"""The statements of ingest on conversations and events, each for a whole batch."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    Connection,
    Integer,
    Text,
    Uuid,
    bindparam,
    column,
    func,
    select,
)

from domo_insights.database.tables import conversation_details as details
from domo_insights.database.tables import conversation_map as mapping
from domo_insights.database.tables import demos
from domo_insights.database.tables import processed_webhook_events as events
from domo_insights.errors import PayloadError
from domo_insights.ingest.details import Details
from domo_insights.ingest.parameters import asked, document, inserting, updating
from domo_insights.ingest.payload import Callback, callback_of

_DETAILS: Final = tuple(field.name for field in fields(Details))
_STRONGEST: Final = frozenset({"address", "operator"})
"""Sources of a mapping that nothing is trusted more than."""
_LOOK_UP: Final = select(
    func.insights.look_up(
        bindparam("conversations", type_=ARRAY(Text())), bindparam("hashes", type_=ARRAY(Text()))
    ).table_valued(
        column("conversation_id", Text()),
        column("erased", Boolean()),
        column("demo_id", Uuid()),
        column("mapped_by", Text()),
        column("known", Boolean()),
        column("entangled", Boolean()),
        column("stored", ARRAY(Text())),
    )
)


@dataclass(frozen=True, slots=True)
class State:
    """What is stored of a conversation. `entangled`: a transcript, or rows without a time, so
    that one more utterance can change other rows. `erased`: it was, and stays away."""

    demo_id: UUID | None = None
    mapped_by: str | None = None
    known: bool = False
    entangled: bool = False
    erased: bool = False

    def settles(self, claim: tuple[str, UUID, str]) -> bool:
        """Whether the claim (conversation, demo, source) would change nothing."""
        return self.demo_id == claim[1] and self.mapped_by in _STRONGEST


@dataclass(frozen=True, slots=True)
class Held:
    """A row of conversation_details that is there already."""

    id: UUID
    demo_id: UUID
    values: Mapping[str, Any]


def lock(conn: Connection, conversations: Sequence[str]) -> None:
    """Wait for `conversations`, in their order; `insights.claim` takes the same locks."""
    batch = asked(conversation=(Text(), conversations))
    key = func.hashtextextended(batch.c.conversation, 0)
    conn.execute(select(func.pg_advisory_xact_lock(key).is_(None)))


def look_up(
    conn: Connection, conversations: Sequence[str], hashes: Sequence[str]
) -> tuple[dict[str, State], set[str]]:
    """Wait for `conversations`, in their order, as `lock` does; then what is stored of each, and
    which of `hashes` are."""
    found = conn.execute(_LOOK_UP, {"conversations": conversations, "hashes": hashes}).all()
    states = {
        row.conversation_id: State(row.demo_id, row.mapped_by, row.known, row.entangled, row.erased)
        for row in found
    }
    return states, {event_hash for row in found for event_hash in row.stored}


def known_demos(conn: Connection, demo_ids: Iterable[UUID]) -> set[UUID]:
    """Which of `demo_ids` exist."""
    return set(conn.scalars(select(demos.c.id).where(demos.c.id.in_(list(demo_ids)))))


def claim(conn: Connection, claims: Sequence[tuple[str, UUID, str]]) -> list[UUID | None]:
    """Whose each conversation is after (conversation, demo, source) was claimed; None: nobody's,
    the demo went meanwhile."""
    if not claims:
        return []
    conversations, demo_ids, sources = zip(*claims, strict=True)
    batch = asked(
        conversation=(Text(), conversations), demo=(Uuid(), demo_ids), source=(Text(), sources)
    )
    call = func.insights.claim(batch.c.conversation, batch.c.demo, batch.c.source, type_=Uuid())
    return list(conn.scalars(select(call)))


def add_events(conn: Connection, new: Sequence[Mapping[str, Any]]) -> None:
    """Insert events; one that another writer has stored meanwhile is left as it is."""
    if new:
        into = inserting(events, tuple(new[0]))
        conn.execute(into.on_conflict_do_nothing(), document(new))


def count_duplicates(conn: Connection, repeated: Mapping[str, int]) -> None:
    """Count repeated deliveries, given per conversation, for their demos.

    Other transactions count in the same rows, so this comes last.
    """
    owned = _owners(conn, list(repeated))
    counts: Counter[UUID | None] = Counter()
    for conversation, n in repeated.items():
        counts[owned.get(conversation)] += n
    demo_ids = sorted(counts, key=str)
    batch = asked(demo=(Uuid(), demo_ids), n=(Integer(), [counts[demo] for demo in demo_ids]))
    conn.execute(select(func.insights.count_delivery(batch.c.demo, "duplicates", batch.c.n)))


def count_refused(
    conn: Connection, demo_id: UUID | None, kind: Literal["conflicts", "refused"]
) -> None:
    """Count a delivery of which nothing was stored: another demo's conversation, or no callback."""
    conn.execute(select(func.insights.count_delivery(demo_id, kind, 1)))


def events_of(conn: Connection, conversations: Sequence[str]) -> dict[str, list[Callback]]:
    """The stored callbacks per conversation; what another writer stored and is none is skipped."""
    found: dict[str, list[Callback]] = {}
    if not conversations:
        return found
    batch = asked(conversation=(Text(), conversations))
    statement = select(events.c.conversation_id, events.c.event_data, events.c.event_hash).join(
        batch, batch.c.conversation == events.c.conversation_id
    )
    for conversation, data, event_hash in conn.execute(statement):
        with suppress(PayloadError):
            found.setdefault(conversation, []).append(callback_of(data, event_hash))
    return found


def _owners(conn: Connection, conversations: Sequence[str]) -> dict[str, UUID]:
    """The demo of each conversation that has one."""
    statement = select(mapping.c.conversation_id, mapping.c.demo_id).where(
        mapping.c.conversation_id.in_(conversations)
    )
    return {row.conversation_id: row.demo_id for row in conn.execute(statement)}


def details_held(conn: Connection, conversations: Sequence[str]) -> dict[str, Held]:
    """The rows of conversation_details that are there already."""
    if not conversations:
        return {}
    columns = [details.c[name] for name in _DETAILS]
    statement = select(
        details.c.tavus_conversation_id, details.c.id, details.c.demo_id, *columns
    ).where(details.c.tavus_conversation_id.in_(conversations))
    return {
        row.tavus_conversation_id: Held(
            row.id, row.demo_id, {name: getattr(row, name) for name in _DETAILS}
        )
        for row in conn.execute(statement)
    }


def put_details(
    conn: Connection,
    wanted: Mapping[str, tuple[Details, Held | None]],
    before: Mapping[str, State],
) -> None:
    """Bring conversation_details to what is `wanted`, for conversations that have a demo.

    A row of a demo that never had the conversation by our map is left alone: its owner must not
    read the words of another's visitors.
    """
    if not wanted:
        return
    owned = _owners(conn, list(wanted))
    added: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for conversation, (row, held) in wanted.items():
        demo_id = owned.get(conversation)
        values = {name: getattr(row, name) for name in _DETAILS}
        if demo_id is None or all(value is None for value in values.values()):
            continue
        if held is None:
            values["status"] = values["status"] or "active"
            added.append({**values, "demo_id": demo_id, "tavus_conversation_id": conversation})
        elif held.demo_id in {demo_id, before[conversation].demo_id} and (
            held.demo_id != demo_id or any(held.values[k] != v for k, v in values.items())
        ):
            changed.append({**values, "demo_id": demo_id, "id": held.id})
    if added:
        conn.execute(inserting(details, tuple(added[0])), document(added))
    if changed:
        conn.execute(updating(details, (*_DETAILS, "demo_id")), document(changed))
