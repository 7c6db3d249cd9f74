"""Questions about how visitors felt as a conversation went on, and from demo to demo."""

from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Uuid,
    case,
    column,
    func,
    literal,
    select,
)

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import demos
from domo_insights.period import Period
from domo_insights.queries import counts
from domo_insights.queries.messages import feelings as felt

LAST: Final = 10
"""Turns from this one on are one row."""
CODES: Final = (("negative", 1), ("neutral", 2), ("positive", 3))
"""What feelings are kept as; no sentiment is 0, another one 4."""

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
    Source: insights.conversations, and conversation_messages of those that the period cuts; dated
    by occurred_at. Raises: DatabaseError.
    """
    asked = func.insights.turn_counts(
        period.start, period.end, literal(demo_id, Uuid), include_test
    )
    heard = asked.table_valued(
        column("turn", Integer), column("feeling", Integer), column("n", BigInteger), name="heard"
    )
    said = select(
        heard.c.turn,
        heard.c.n.label("n_user"),
        _if(heard.c.feeling > 0, heard.c.n).label("n_labelled"),
        *(_if(heard.c.feeling == code, heard.c.n).label(f"n_{name}") for name, code in CODES),
    ).subquery("said")
    measures = {name: value for name, value in felt(said).items() if name in _FEELINGS}
    statement = (
        select(said.c.turn, *(measures[name].label(name) for name in _FEELINGS))
        .group_by(said.c.turn)
        .order_by(said.c.turn)
    )
    return read_frame(conn, statement, BY_TURN)


def by_demo(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How visitors of each demo felt, the most unhappy first; demos without messages are left out.

    Columns: demo_id, demo, then counts and shares as in messages.kpis.
    Source: conversation_messages, dated by occurred_at. Raises: DatabaseError.
    """
    said = counts.messages(period, demo_id, include_test, by_demo=True)
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


def _if(which: ColumnElement[bool], n: ColumnElement[int]) -> ColumnElement[int]:
    return case((which, n), else_=0)
