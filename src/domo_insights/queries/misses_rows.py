"""The messages where it went wrong, word for word, newest first.

What they are is said once, in the function insights.judge, and kept with each conversation.
"""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    SmallInteger,
    Uuid,
    and_,
    any_,
    column,
    func,
    literal,
    null,
    select,
    true,
)

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.database.tables import conversations as talks
from domo_insights.database.tables import demos
from domo_insights.period import Period
from domo_insights.queries.misses import is_high, patterns
from domo_insights.queries.scope import label_of, started_in

UNSURE: Final = 0.5
"""Below this confidence a high intent is a missed moment."""

_ROWS: Final[Columns] = {
    "message_id": "object",
    "conversation_id": "str",
    "demo_id": "object",
    "demo": "str",
    "occurred_at": "datetime64[us, UTC]",
    "content": "object",
    "sentiment": "object",
    "intent": "object",
    "confidence": "float64",
    "next_negative": "bool",
    "repeated": "bool",
    "broke_off": "bool",
    "unanswered": "bool",
}
CONFIDENT: Final[Columns] = _ROWS
MOMENTS: Final[Columns] = _ROWS

_SIGNS: Final = {"next_negative": 1, "repeated": 2, "broke_off": 4, "unanswered": 8}
_MISS: Final = 16
_MOMENT: Final = 32
"""What is kept of a message that went wrong; a moment is one if its intent is a high one."""
_WRONG: Final = (
    func.unnest(talks.c.missed, talks.c.missed_signs)
    .table_valued(column("id", Uuid), column("signs", SmallInteger), name="wrong")
    .render_derived()
)


def confident(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = False,
    limit: int | None = 100,
) -> pd.DataFrame:
    """The confident misses of the period's conversations, newest first, word for word.

    Columns: see CONFIDENT; the last four say what was seen. The product team may not run it.
    Source: insights.judged_messages, dated by the conversation's start. Raises: DatabaseError.
    """
    missed = _missed(period, demo_id, include_test, limit, None)
    return read_frame(conn, missed.where(_has(_MISS)), CONFIDENT)


def moments(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = False,
    limit: int | None = 100,
) -> pd.DataFrame:
    """The missed moments of the period's conversations, newest first: columns of MOMENTS, else as
    `confident`. Raises: NotAllowedError, DatabaseError."""
    high = patterns()
    missed = _missed(period, demo_id, include_test, limit, high)
    wanted = is_high(func.insights.intent_words(messages.c.intent), high)
    return read_frame(conn, missed.where(_has(_MOMENT), wanted), MOMENTS)


def _missed(
    period: Period,
    demo_id: UUID | None,
    include_test: bool,
    limit: int | None,
    high: ColumnElement[Any] | None,
) -> Select[Any]:
    """What went wrong in conversations that one of the newest `limit` can be in."""
    ids = func.insights.newest_missed(
        period.start,
        period.end,
        literal(demo_id, Uuid),
        include_test,
        null() if high is None else high,
        limit,
    )
    one = select(ids.column_valued("id"))
    picked: dict[str, ColumnElement[Any]] = {
        "message_id": messages.c.id.label("message_id"),
        "demo": demos.c.name.label("demo"),
        "sentiment": label_of(messages.c.sentiment),
        "intent": label_of(messages.c.intent),
        **{name: _has(sign).label(name) for name, sign in _SIGNS.items()},
    }
    return (
        select(*(picked[name] if name in picked else messages.c[name] for name in _ROWS))
        .select_from(talks.join(_WRONG, true()))
        .join(messages, and_(messages.c.id == _WRONG.c.id, messages.c.demo_id == talks.c.demo_id))
        .join(demos, demos.c.id == talks.c.demo_id)
        .where(
            # The array drives the index, however many are guessed.
            talks.c.conversation_id == any_(func.array(one.scalar_subquery())),
            started_in(period, demo_id, include_test),
        )
        .order_by(messages.c.occurred_at.desc(), messages.c.seq.desc(), messages.c.id)
        .limit(limit)
    )


def _has(sign: int) -> ColumnElement[bool]:
    return _WRONG.c.signs.op("&")(sign) != 0
