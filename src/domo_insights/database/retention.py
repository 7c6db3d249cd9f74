"""How long conversations are kept: what is too old, and taking it out. For the database's owner."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Engine, Text, Uuid, cast, func, select

from domo_insights.database.failures import translated
from domo_insights.database.queue import drain
from domo_insights.database.tables import conversation_details as details
from domo_insights.database.tables import conversation_map as mapping
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.database.tables import processed_webhook_events as events
from domo_insights.errors import UnknownNameError

BATCH: Final = 100
"""Conversations per transaction: their callbacks wait for so long."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of one conversation. `demo_id` None: nobody's."""

    conversation_id: str
    demo_id: UUID | None
    messages: int
    events: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class TakenOut:
    """What was taken out or made anonymous."""

    conversations: int = 0
    messages: int = 0
    events: int = 0

    def __add__(self, other: "TakenOut") -> "TakenOut":
        return TakenOut(
            self.conversations + other.conversations,
            self.messages + other.messages,
            self.events + other.events,
        )


def older_than(
    admin: Engine, before: datetime, demo_id: UUID | None = None, *, not_anonymous: bool = False
) -> list[Held]:
    """Conversations whose youngest row is older than `before`, in the order of their ids.

    Raises: DatabaseError.
    """
    columns = [
        Column("conversation_id", Text),
        Column("demo_id", Uuid),
        Column("messages", BigInteger),
        Column("events", BigInteger),
        Column("first_at", DateTime(timezone=True)),
        Column("last_at", DateTime(timezone=True)),
    ]
    found = func.insights.old_conversations(before, demo_id, not_anonymous).table_valued(*columns)
    with translated(), admin.connect() as conn:
        return [Held(*row) for row in conn.execute(select(found))]


def take_out(
    admin: Engine,
    worker: Engine,
    old: Sequence[Held],
    before: datetime,
    *,
    anonymise: bool = False,
    progress: Callable[[int], None] = lambda _n: None,
    stopping: Callable[[], bool] = lambda: False,
) -> TakenOut:
    """Delete `old`, or take the words out of them, batch by batch; each batch all or nothing.

    First what is queued is worked off and each demo notes from when on its detail is kept, so that
    what was counted stays. Stopped or killed, it goes on where it was when it is run again. A
    conversation that got a younger row meanwhile is left alone.
    Raises: DatabaseError.
    """
    drain(worker)
    with translated(), admin.begin() as conn:
        for demo_id in sorted({held.demo_id for held in old if held.demo_id}):
            conn.execute(select(func.insights.keep_detail_since(demo_id, before, anonymise)))
    done = TakenOut()
    for first in range(0, len(old), BATCH):
        if stopping():
            break
        batch = [held.conversation_id for held in old[first : first + BATCH]]
        done += _batch(admin, batch, "retention", before, anonymise=anonymise)
        progress(len(batch))
    return done


def held_of(admin: Engine, conversations: Iterable[str]) -> list[Held]:
    """What is held of `conversations`. Raises: UnknownNameError for one that is not there."""
    wanted = list(dict.fromkeys(conversations))
    found = {held.conversation_id: held for held in _held(admin, wanted)}
    for conversation in wanted:
        if conversation not in found:
            raise UnknownNameError(f"There is no conversation {conversation}.")
    return [found[conversation] for conversation in wanted]


def erase(admin: Engine, conversations: Sequence[str]) -> TakenOut:
    """Take `conversations` out of every table, for good. Raises: DatabaseError."""
    return _batch(admin, conversations, "request", None, anonymise=False)


def _batch(
    admin: Engine,
    conversations: Sequence[str],
    why: str,
    before: datetime | None,
    *,
    anonymise: bool,
) -> TakenOut:
    ids = cast(list(conversations), ARRAY(Text))
    asked: Any = (
        func.insights.anonymise_conversations(ids, before)
        if anonymise
        else func.insights.erase_conversations(ids, why, before)
    )
    counted = asked.table_valued(
        Column("anonymised" if anonymise else "erased", BigInteger),
        Column("messages", BigInteger),
        Column("events", BigInteger),
    )
    with translated(), admin.begin() as conn:
        return TakenOut(*conn.execute(select(counted)).one())


def _held(admin: Engine, conversations: list[str]) -> list[Held]:
    moments = (
        select(messages.c.conversation_id, messages.c.occurred_at.label("at"))
        .where(messages.c.conversation_id.in_(conversations))
        .add_columns(cast(1, BigInteger).label("message"), cast(0, BigInteger).label("event"))
        .union_all(
            select(events.c.conversation_id, events.c.occurred_at, cast(0, BigInteger),
                   cast(1, BigInteger)).where(events.c.conversation_id.in_(conversations)),
            select(details.c.tavus_conversation_id, details.c.started_at, cast(0, BigInteger),
                   cast(0, BigInteger)).where(details.c.tavus_conversation_id.in_(conversations)),
        )
        .subquery()
    )  # fmt: skip
    statement = (
        select(
            moments.c.conversation_id,
            mapping.c.demo_id,
            cast(func.sum(moments.c.message), BigInteger),
            cast(func.sum(moments.c.event), BigInteger),
            func.min(moments.c.at),
            func.max(moments.c.at),
        )
        .select_from(
            moments.outerjoin(mapping, mapping.c.conversation_id == moments.c.conversation_id)
        )
        .group_by(moments.c.conversation_id, mapping.c.demo_id)
    )
    with translated(), admin.connect() as conn:
        return [Held(*row) for row in conn.execute(statement)]
