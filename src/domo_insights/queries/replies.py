"""Questions about reply time: how long visitors wait for an answer."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import CTE, ColumnElement, Connection, Double, and_, cast, extract, func, select

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.database.tables import conversations
from domo_insights.period import Period
from domo_insights.queries.buckets import discrete, number_of, over_buckets
from domo_insights.queries.scope import COUNTS, started_in

_MEASURES: Final[Columns] = {
    "replies": "int64",
    "reply_p50": "float64",
    "reply_p95": "float64",
    "replies_without_time": "int64",
}
KPIS: Final[Columns] = _MEASURES
OVER_TIME: Final[Columns] = {"bucket": "datetime64[us]", **_MEASURES}


def kpis(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """Reply times of the period's conversations in one row.

    Columns:
        replies: answers whose time is known; replies_without_time: left out, since one of the
            two messages brought no time of its own
        reply_p50, reply_p95: seconds, missing without replies

    Source: conversation_messages, dated by their conversation's start. Raises: DatabaseError.
    """
    answered = _answered(period, demo_id, include_test)
    return read_frame(conn, select(*_measures(answered)), KPIS)


def over_time(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    buckets = period.buckets()
    answered = _answered(period, demo_id, include_test)
    number = number_of(answered.c.started_at, buckets)
    statement = select(number, *_measures(answered)).group_by(number)
    return over_buckets(conn, statement, buckets, OVER_TIME)


def _answered(period: Period, demo_id: UUID | None, include_test: bool) -> CTE:
    """A row for each user message whose next message, system ones aside, is the assistant's."""
    chosen = (
        select(conversations.c.conversation_id, conversations.c.demo_id, conversations.c.started_at)
        .where(started_in(period, demo_id, include_test))
        .cte("chosen")
    )
    order: dict[str, Any] = {
        "partition_by": messages.c.conversation_id,
        "order_by": (messages.c.occurred_at, messages.c.seq, messages.c.id),
    }
    turns = (
        select(
            chosen.c.started_at,
            messages.c.role,
            messages.c.timestamp,
            func.lead(messages.c.role).over(**order).label("next_role"),
            func.lead(messages.c.timestamp).over(**order).label("next_timestamp"),
        )
        .join(
            chosen,
            and_(
                chosen.c.conversation_id == messages.c.conversation_id,
                chosen.c.demo_id == messages.c.demo_id,
            ),
        )
        .where(COUNTS)
        .cte("turns")
    )
    wait = turns.c.next_timestamp - turns.c.timestamp
    return (
        select(turns.c.started_at, cast(extract("epoch", wait), Double).label("seconds"))
        .where(turns.c.role == "user", turns.c.next_role == "assistant")
        .cte("answered")
    )


def _measures(answered: CTE) -> list[ColumnElement[Any]]:
    seconds = answered.c.seconds
    columns: dict[str, ColumnElement[Any]] = {
        "replies": func.count(seconds),
        "reply_p50": discrete(0.5, seconds),
        "reply_p95": discrete(0.95, seconds),
        "replies_without_time": func.count() - func.count(seconds),
    }
    return [column.label(name) for name, column in columns.items()]
