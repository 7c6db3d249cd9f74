"""Questions about single webhook events: the slowest, the newest, one payload, the odd ones."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, any_, exists, func, select, true

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversation_details as details
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.database.tables import conversations, demos
from domo_insights.database.tables import processed_webhook_events as events
from domo_insights.period import Period
from domo_insights.queries.scope import asked, is_left, started_in
from domo_insights.queries.webhooks import IS_TIMED, lag, stored

_ROW: Final[Columns] = {
    "event_id": "object",
    "processed_at": "datetime64[us, UTC]",
    "demo": "str",
    "event_type": "str",
    "conversation_id": "str",
    "handler_ms": "Int64",
    "lag_seconds": "float64",
    "received_via": "str",
}
SLOWEST: Final[Columns] = _ROW
NEWEST: Final[Columns] = _ROW
PAYLOAD: Final[Columns] = {"payload": "object"}
WITHOUT_EVENTS: Final[Columns] = {
    "conversation_id": "str",
    "demo": "str",
    "started_at": "datetime64[us, UTC]",
    "messages": "int64",
    "of": "int64",
}
WITHOUT_CONVERSATION: Final[Columns] = {
    "conversation_id": "str",
    "demo": "str",
    "events": "int64",
    "first_at": "datetime64[us, UTC]",
    "last_at": "datetime64[us, UTC]",
    "of": "int64",
}


def slowest(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = False,
    limit: int = 20,
) -> pd.DataFrame:
    """The events of the period that took longest to handle, the slowest first.

    Columns: event_id, processed_at, demo, event_type, conversation_id, handler_ms, lag_seconds
    (processed_at minus occurred_at), received_via. Raises: DatabaseError.
    """
    mine = select(events).where(stored(period, demo_id), IS_TIMED)
    return read_frame(conn, _first(mine, _slowest_first, limit), SLOWEST)


def newest(conn: Connection, demo_id: UUID | None = None, limit: int = 8) -> pd.DataFrame:
    """The columns of `slowest` of what was stored last, at any time, by file as well.

    Raises: DatabaseError.
    """
    mine = select(events).where(demos.c.id == demo_id if demo_id else true())
    return read_frame(conn, _first(mine, _newest_first, limit), NEWEST)


def payload(conn: Connection, event_id: UUID | None = None) -> pd.DataFrame:
    """What was sent, of one event: column payload (decoded JSON), no row when there is none.

    The product team may not run it. Raises: NotAllowedError, DatabaseError.
    """
    chosen = select(events.c.event_data.label("payload")).where(events.c.id == event_id)
    return read_frame(conn, chosen, PAYLOAD)


def without_events(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = True,
    limit: int = 50,
) -> pd.DataFrame:
    """Conversations that started in the period and never had an event, the newest first. Those
    that retention took out are not among them.

    Columns: conversation_id, demo, started_at, messages, of (how many there are in all).
    Raises: DatabaseError.
    """
    statement = (
        select(
            conversations.c.conversation_id,
            demos.c.name.label("demo"),
            conversations.c.started_at,
            (conversations.c.n_user + conversations.c.n_assistant).label("messages"),
            func.count().over().label("of"),
        )
        .join(demos, demos.c.id == conversations.c.demo_id)
        .where(
            started_in(period, demo_id, True),
            conversations.c.n_events == 0,
            is_left(conversations.c.conversation_id),
        )
        .order_by(conversations.c.started_at.desc(), conversations.c.conversation_id)
        .limit(limit)
    )
    return read_frame(conn, statement, WITHOUT_EVENTS)


def without_conversation(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = True,
    limit: int = 50,
) -> pd.DataFrame:
    """Conversation ids that events of the period name and neither details nor messages know.

    Columns: conversation_id, demo, events, first_at, last_at (of the period's events), of.
    Raises: DatabaseError.
    """
    silent = select(conversations.c.conversation_id).where(
        conversations.c.n_user == 0, conversations.c.n_assistant == 0, asked(demo_id, True)
    )
    known = exists(details.c.id).where(
        details.c.tavus_conversation_id == events.c.conversation_id
    ) | exists(messages.c.id).where(messages.c.conversation_id == events.c.conversation_id)
    last = func.max(events.c.processed_at)
    statement = (
        select(
            events.c.conversation_id,
            demos.c.name.label("demo"),
            func.count().label("events"),
            func.min(events.c.processed_at).label("first_at"),
            last.label("last_at"),
            func.count().over().label("of"),
        )
        .join(demos, demos.c.id == events.c.demo_id)
        # Only of these can nothing be known; the array drives the index, however many are guessed.
        .where(
            events.c.conversation_id == any_(func.array(silent.scalar_subquery())),
            stored(period, demo_id),
            ~known,
        )
        .group_by(events.c.conversation_id, demos.c.id, demos.c.name)
        .order_by(last.desc(), events.c.conversation_id)
        .limit(limit)
    )
    return read_frame(conn, statement, WITHOUT_CONVERSATION)


def _slowest_first(rows: Any) -> tuple[ColumnElement[Any], ...]:
    return rows.processing_duration_ms.desc(), rows.processed_at.desc(), rows.id


def _newest_first(rows: Any) -> tuple[ColumnElement[Any], ...]:
    return rows.processed_at.desc(), rows.id


def _first(
    some: Select[Any], ordered: Callable[[Any], tuple[ColumnElement[Any], ...]], limit: int
) -> Select[tuple[object, ...]]:
    """The first `limit` of `some` events; of each demo by itself, so that an index gives them in
    order."""
    needed = events.c.id, events.c.processing_duration_ms, events.c.processed_at
    mine = some.with_only_columns(*needed).where(events.c.demo_id == demos.c.id)
    first = mine.order_by(*ordered(events.c)).limit(limit).correlate(demos).lateral("first")
    ids = select(first.c.id).select_from(demos.join(first, true()))
    ids = ids.order_by(*ordered(first.c)).limit(limit)
    chosen = _rows().where(events.c.id == any_(func.array(ids.scalar_subquery())))
    return chosen.order_by(*ordered(events.c))


def _rows() -> Select[tuple[object, ...]]:
    late: ColumnElement[float] = lag()
    return select(
        events.c.id.label("event_id"),
        events.c.processed_at,
        demos.c.name.label("demo"),
        events.c.event_type,
        events.c.conversation_id,
        events.c.processing_duration_ms.label("handler_ms"),
        late.label("lag_seconds"),
        events.c.received_via,
    ).join(demos, demos.c.id == events.c.demo_id)
