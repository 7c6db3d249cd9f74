"""Questions about how visitors felt as a conversation went on, and from demo to demo."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Integer, cast, func, select

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.database.tables import demos
from domo_insights.period import Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import share_of
from domo_insights.queries.messages import feelings as felt
from domo_insights.queries.scope import IS_USER, sent_in

LAST: Final = 10
"""Turns from this one on are one row."""

_FEELINGS: Final[Columns] = {
    "user_messages": "int64",
    "labelled": "int64",
    "negative": "int64",
    "neutral": "int64",
    "positive": "int64",
    "negative_share": "float64",
    "positive_share": "float64",
    "unlabelled_share": "float64",
}
BY_TURN: Final[Columns] = {"turn": "int64", **_FEELINGS}
BY_DEMO: Final[Columns] = {"demo_id": "object", "demo": "str", **_FEELINGS}


def by_turn(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How the visitor's n-th messages felt that were sent in the period, for each n that occurs.

    Columns: turn (10 is the tenth and later ones; turns are counted from a conversation's start,
    also where that lies before the period), then counts and shares as in messages.kpis.
    Source: conversation_messages, dated by occurred_at. Raises: DatabaseError.
    """
    here = select(messages.c.conversation_id).where(sent_in(period, demo_id, include_test), IS_USER)
    whole = (
        select(
            messages.c.id,
            func.row_number()
            .over(
                partition_by=(messages.c.conversation_id, messages.c.demo_id),
                order_by=(messages.c.occurred_at, messages.c.seq, messages.c.id),
            )
            .label("nth"),
        )
        .where(IS_USER, messages.c.conversation_id.in_(here))
        .cte("whole")
    )
    turn = cast(func.least(whole.c.nth, LAST), Integer).label("turn")
    statement = (
        select(turn, *feelings())
        .join(whole, whole.c.id == messages.c.id)
        .where(sent_in(period, demo_id, include_test), IS_USER)
        .group_by(turn)
        .order_by(turn)
    )
    return read_frame(conn, statement, BY_TURN)


def by_demo(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How visitors of each demo felt, the most unhappy first; demos without messages are left out.

    Columns: demo_id, demo, then counts and shares as in messages.kpis.
    Source: conversation_messages, dated by occurred_at. Raises: DatabaseError.
    """
    said = counts.messages(period, demo_id, include_test)
    measures = {name: value for name, value in felt(said).items() if name in _FEELINGS}
    statement = (
        select(
            demos.c.id.label("demo_id"),
            demos.c.name.label("demo"),
            *(value.label(name) for name, value in measures.items()),
        )
        .join(said, said.c.demo_id == demos.c.id)
        .group_by(demos.c.id, demos.c.name)
        .having(measures["user_messages"] > 0)
        .order_by(measures["negative_share"].desc().nulls_last(), demos.c.name, demos.c.id)
    )
    return read_frame(conn, statement, BY_DEMO)


def feelings() -> list[ColumnElement[Any]]:
    """Counts of user messages by sentiment and their shares, named as in messages.kpis."""
    sentiment = func.nullif(func.lower(func.btrim(messages.c.sentiment)), "")
    labelled = func.count(sentiment)
    felt = {
        name: func.count().filter(sentiment == name) for name in ("negative", "neutral", "positive")
    }
    columns: dict[str, ColumnElement[Any]] = {
        "user_messages": func.count(),
        "labelled": labelled,
        **felt,
        "negative_share": share_of(felt["negative"], labelled),
        "positive_share": share_of(felt["positive"], labelled),
        "unlabelled_share": share_of(func.count() - labelled, func.count()),
    }
    return [value.label(name) for name, value in columns.items()]
