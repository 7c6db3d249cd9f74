"""Questions about what there is at all, asked when a page has nothing to show."""

from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection, func, select, true

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.database.tables import conversations
from domo_insights.database.tables import processed_webhook_events as events
from domo_insights.period import Period
from domo_insights.queries.buckets import within
from domo_insights.queries.scope import COUNTS

CONVERSATIONS: Final[Columns] = {
    "conversations": "int64",
    "test_conversations": "int64",
    "first_start": "datetime64[us, UTC]",
    "last_start": "datetime64[us, UTC]",
}
EARLIER: Final[Columns] = {"anything": "bool"}
UNMAPPED: Final[Columns] = {"unmapped_events": "int64"}


def conversations_ever(
    conn: Connection, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """What there is at any time, in one row.

    Columns: conversations (that the filter lets through), test_conversations, first_start and
    last_start (of the former; missing when there are none). Raises: DatabaseError.
    """
    passes = true() if include_test else ~conversations.c.is_test
    statement = select(
        func.count().filter(passes).label("conversations"),
        func.count().filter(conversations.c.is_test).label("test_conversations"),
        func.min(conversations.c.started_at).filter(passes).label("first_start"),
        func.max(conversations.c.started_at).filter(passes).label("last_start"),
    ).where(conversations.c.demo_id == demo_id if demo_id else true())
    return read_frame(conn, statement, CONVERSATIONS)


def earlier(conn: Connection, period: Period, demo_id: UUID | None = None) -> pd.DataFrame:
    """Whether a message was sent or a conversation started before `period`: column anything.

    Raises: DatabaseError.
    """
    message = (
        select(messages.c.id)
        .where(
            messages.c.occurred_at < period.start,
            COUNTS,
            messages.c.demo_id == demo_id if demo_id else messages.c.demo_id.is_not(None),
        )
        .exists()
    )
    conversation = (
        select(conversations.c.conversation_id)
        .where(
            conversations.c.started_at < period.start,
            conversations.c.demo_id == demo_id if demo_id else true(),
        )
        .exists()
    )
    return read_frame(conn, select((message | conversation).label("anything")), EARLIER)


def unmapped_events(conn: Connection, period: Period) -> pd.DataFrame:
    """Events of the period that belong to no demo: column unmapped_events.

    0 for everybody but the product team, since nobody else may see them.
    Source: processed_webhook_events, dated by processed_at. Raises: DatabaseError.
    """
    statement = select(func.count().label("unmapped_events")).where(
        events.c.demo_id.is_(None), within(events.c.processed_at, period)
    )
    return read_frame(conn, statement, UNMAPPED)
