"""conversation_messages: from what is there to what the callbacks say, in a few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from dataclasses import replace as replace_in
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, Text, Uuid, delete, select

from domo_insights.database.tables import conversation_messages as messages
from domo_insights.ingest.messages import MessageRow, is_derived
from domo_insights.ingest.parameters import asked, document, inserting, updating

_COLUMNS: Final = tuple(field.name for field in fields(MessageRow))
_LABELS: Final = frozenset({"sentiment", "intent", "confidence", "label_source"})
_LATER: Final = frozenset({"file", "local"})
_FIXED: Final = frozenset({"id", "conversation_id", "message_id", "role"})
_CHANGING: Final = tuple(name for name in _COLUMNS if name not in _FIXED)
_ADD: Final = inserting(messages, _COLUMNS).on_conflict_do_nothing().returning(messages.c.id)


def add(conn: Connection, rows: Sequence[MessageRow]) -> set[UUID]:
    """Insert rows and answer the ids of those that went in; others were there already."""
    if not rows:
        return set()
    new = document({name: getattr(row, name) for name in _COLUMNS} for row in rows)
    return set(conn.scalars(_ADD, new))


def replace(conn: Connection, wanted: Mapping[str, Sequence[MessageRow]]) -> int:
    """Make the messages of whole conversations what is `wanted`; the number gained.

    Only rows that were derived are touched. Labels given later than by the sender stay, and so
    does the arrival of a row of which nothing but its arrival is known.
    """
    if not wanted:
        return 0
    batch = asked(conversation=(Text(), list(wanted)))
    there = conn.execute(
        select(*(messages.c[name] for name in _COLUMNS)).join(
            batch, batch.c.conversation == messages.c.conversation_id
        )
    ).all()
    held = {row.id: row for row in there}
    foreign = {
        (row.conversation_id, row.role, row.message_id) for row in there if not is_derived(row.id)
    }
    rows = {row.id: row for own in wanted.values() for row in own}
    gone = [row.id for row in there if is_derived(row.id) and row.id not in rows]
    if gone:
        dropped = asked(row=(Uuid(), gone))
        conn.execute(delete(messages).where(messages.c.id.in_(select(dropped.c.row))))
    settled = [_settled(row, held[row.id]) for row in rows.values() if row.id in held]
    changes = [row for row in settled if any(_differs(row, held[row.id], n) for n in _CHANGING)]
    if changes:
        names = ("id", *_CHANGING)
        changed = document({n: getattr(row, n) for n in names} for row in changes)
        conn.execute(updating(messages, _CHANGING), changed)
    new = [
        row
        for row in rows.values()
        if row.id not in held
        and (
            row.message_id is None or (row.conversation_id, row.role, row.message_id) not in foreign
        )
    ]
    return len(add(conn, new)) - len(gone)


def _settled(row: MessageRow, held: Row[Any]) -> MessageRow:
    """`row` with what `held` knows better."""
    if row.occurred_at is None:
        row = replace_in(row, occurred_at=held.occurred_at)
    if held.label_source in _LATER:
        row = replace_in(row, **{name: getattr(held, name) for name in _LABELS})
    return row


def _differs(row: MessageRow, held: Row[Any], name: str) -> bool:
    return bool(getattr(row, name) != getattr(held, name))
