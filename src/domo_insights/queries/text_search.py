"""Full-text search over what was said."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import BigInteger, Connection, DateTime, Text, Uuid, column, func, select

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import demos
from domo_insights.period import Period

HIT_STARTS, HIT_ENDS = "\ue000", "\ue001"
"""Around each hit in `shown`; a message cannot bring them along."""

COUNTED: Final = 1000
"""How far hits are counted; one more stands for any number above."""

MESSAGES: Final[Columns] = {
    "message_id": "object",
    "conversation_id": "str",
    "demo_id": "object",
    "demo": "str",
    "occurred_at": "datetime64[us, UTC]",
    "role": "str",
    "shown": "object",
    "sentiment": "object",
    "intent": "object",
    "hits": "int64",
}
_KINDS: Final[dict[str, Any]] = {
    "id": Uuid(),
    "conversation_id": Text(),
    "demo_id": Uuid(),
    "occurred_at": DateTime(timezone=True),
    "role": Text(),
    "shown": Text(),
    "sentiment": Text(),
    "intent": Text(),
    "hits": BigInteger(),
}


def messages(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = False,
    words: str = "",
    limit: int = 50,
) -> pd.DataFrame:
    """Messages of the period that hold all of `words`, newest first, at most `limit` (200).

    Each word is the beginning of one; "quoted words" stand in this order, -word is absent.
    Columns: see MESSAGES; `shown` is the passage with its hits between HIT_STARTS and HIT_ENDS,
    `hits` how many messages there are in all, COUNTED + 1 for more than COUNTED. The product team
    may not run it.
    Source: insights.search_messages, dated by occurred_at. Raises: NotAllowedError, DatabaseError.
    """
    found = func.insights.search_messages(
        words, period.start, period.end, demo_id, include_test, limit
    ).table_valued(*(column(name, kind) for name, kind in _KINDS.items()), name="found")
    picked = [found.c[name] for name in _KINDS if name not in ("id", "demo_id")]
    statement = (
        select(
            found.c.id.label("message_id"),
            found.c.conversation_id,
            found.c.demo_id,
            demos.c.name.label("demo"),
            *(value for value in picked if value.name != "conversation_id"),
        )
        .join(demos, demos.c.id == found.c.demo_id)
        .order_by(found.c.occurred_at.desc(), found.c.id)
    )
    return read_frame(conn, statement, MESSAGES)
