"""Questions about how visitors felt as a conversation went on, and from demo to demo."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    SmallInteger,
    and_,
    any_,
    case,
    cast,
    column,
    func,
    select,
    true,
    union_all,
)

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.database.tables import conversations as talks
from domo_insights.database.tables import demos
from domo_insights.period import Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import within
from domo_insights.queries.messages import feelings as felt
from domo_insights.queries.scope import IS_USER, asked

LAST: Final = 10
"""Turns from this one on are one row."""
CODES: Final = (("negative", 1), ("neutral", 2), ("positive", 3))
"""What feelings are kept as; no sentiment is 0, another one OTHER."""
OTHER: Final = 4

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
    given = period, demo_id, include_test
    heard = union_all(_of_whole(*given), _of_cut(*given)).subquery("heard")
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


def _of_whole(period: Period, demo_id: UUID | None, include_test: bool) -> Select[Any]:
    """Messages (turn, feeling, n) of conversations that lie in the period with all they have:
    what is kept of each says it."""
    felt_then = (
        func.unnest(talks.c.feelings)
        .table_valued(column("code", SmallInteger), with_ordinality="nth", name="felt_then")
        .render_derived()
    )
    turn = cast(func.least(felt_then.c.nth, LAST), Integer)
    return (
        select(turn.label("turn"), felt_then.c.code.label("feeling"), func.count().label("n"))
        .select_from(talks.join(felt_then, true()))
        .where(_is_whole(period), asked(demo_id, include_test))
        .group_by(turn, felt_then.c.code)
    )


def _of_cut(period: Period, demo_id: UUID | None, include_test: bool) -> Select[Any]:
    """The same of conversations that the period cuts: their messages are numbered and dated."""
    cut = (
        select(talks.c.conversation_id, talks.c.demo_id)
        .where(
            talks.c.first_at < period.end,
            talks.c.last_at >= period.start,
            ~_is_whole(period),
            asked(demo_id, include_test),
        )
        .cte("cut")
        .prefix_with("MATERIALIZED")
    )
    ids = func.array(select(cut.c.conversation_id).scalar_subquery())
    order = messages.c.occurred_at, messages.c.seq, messages.c.id
    nth = func.row_number().over(partition_by=messages.c.conversation_id, order_by=order)
    numbered = (
        select(
            cast(func.least(nth, LAST), Integer).label("turn"),
            _feeling().label("feeling"),
            messages.c.occurred_at,
        )
        .join(
            cut,
            and_(
                cut.c.conversation_id == messages.c.conversation_id,
                cut.c.demo_id == messages.c.demo_id,
            ),
        )
        # The array drives the index, however many conversations the planner guesses there are.
        .where(messages.c.conversation_id == any_(ids), IS_USER)
        .subquery("numbered")
    )
    return (
        select(numbered.c.turn, numbered.c.feeling, func.count().label("n"))
        .where(within(numbered.c.occurred_at, period))
        .group_by(numbered.c.turn, numbered.c.feeling)
    )


def _feeling() -> ColumnElement[int]:
    sentiment = func.nullif(func.lower(func.btrim(messages.c.sentiment)), "")
    known = ((sentiment == name, code) for name, code in CODES)
    return case((sentiment.is_(None), 0), *known, else_=OTHER)


def _is_whole(period: Period) -> ColumnElement[bool]:
    return and_(talks.c.first_at >= period.start, talks.c.last_at < period.end)


def _if(which: ColumnElement[bool], n: ColumnElement[int]) -> ColumnElement[int]:
    return case((which, n), else_=0)
