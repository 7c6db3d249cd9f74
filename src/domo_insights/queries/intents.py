"""Questions about what visitors want, and how sure the labels are."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Double, FromClause, cast, func, select

from domo_insights.database.frames import Columns, read_frame
from domo_insights.period import Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import over_buckets, share_of
from domo_insights.queries.counts import total

_MEASURES: Final[Columns] = {
    "intents": "int64",
    "user_messages": "int64",
    "with_intent": "int64",
    "without_intent_share": "float64",
    "average_confidence": "float64",
    "with_confidence": "int64",
    "labelled_here": "int64",
    "labelled_here_share": "float64",
}
KPIS: Final[Columns] = _MEASURES
OVER_TIME: Final[Columns] = {"bucket": "datetime64[us]", **_MEASURES}
RANKED: Final[Columns] = {
    "intent": "str",
    "user_messages": "int64",
    "intent_share": "float64",
    "labelled": "int64",
    "negative": "int64",
    "negative_share": "float64",
    "average_confidence": "float64",
    "with_confidence": "int64",
}


def kpis(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The intents of the period's user messages in one row.

    Columns:
        intents: distinct ones; with_intent, with_confidence: messages that have one
        average_confidence: mean from 0 to 1, missing without any
        labelled_here: messages whose labels were given by this dashboard, with their share of
            those that have a label at all
        without_intent_share: of user_messages

    Source: conversation_messages, dated by occurred_at. Raises: DatabaseError.
    """
    said = counts.messages(period, demo_id, include_test)
    wanted = counts.intents(period, demo_id, include_test)
    distinct = select(func.count(func.distinct(wanted.c.intent))).scalar_subquery()
    return read_frame(conn, select(*_measures(said, distinct)), KPIS)


def over_time(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    buckets = period.buckets()
    said = counts.messages(period, demo_id, include_test, buckets)
    wanted = counts.intents(period, demo_id, include_test, buckets)
    distinct = (
        select(wanted.c.number, func.count().label("intents"))
        .group_by(wanted.c.number)
        .subquery("distinct_ones")
    )
    some = func.coalesce(func.max(distinct.c.intents), 0)
    statement = (
        select(said.c.number, *_measures(said, some))
        .select_from(said.outerjoin(distinct, distinct.c.number == said.c.number))
        .group_by(said.c.number)
    )
    return over_buckets(conn, statement, buckets, OVER_TIME)


def ranked(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """Every intent of the period's user messages, the most frequent first.

    Columns: intent, user_messages, intent_share (of the messages with an intent), labelled (with
    a sentiment), negative, negative_share (of labelled), average_confidence, with_confidence.
    Source: conversation_messages, dated by occurred_at. Raises: DatabaseError.
    """
    wanted = counts.intents(period, demo_id, include_test)
    count = wanted.c.n
    statement = select(
        wanted.c.intent,
        count.label("user_messages"),
        (cast(count, Double) / func.sum(count).over()).label("intent_share"),
        wanted.c.n_labelled.label("labelled"),
        wanted.c.n_negative.label("negative"),
        share_of(wanted.c.n_negative, wanted.c.n_labelled).label("negative_share"),
        share_of(wanted.c.confidence, wanted.c.n_confidence).label("average_confidence"),
        wanted.c.n_confidence.label("with_confidence"),
    ).order_by(count.desc(), wanted.c.intent)
    return read_frame(conn, statement, RANKED)


def _measures(said: FromClause, distinct: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    count, known = total(said.c.n_user), total(said.c.n_intent)
    here, confident = total(said.c.n_labelled_here), total(said.c.n_confidence)
    columns: dict[str, ColumnElement[Any]] = {
        "intents": distinct,
        "user_messages": count,
        "with_intent": known,
        "without_intent_share": share_of(count - known, count),
        "average_confidence": share_of(func.sum(said.c.confidence), confident),
        "with_confidence": confident,
        "labelled_here": here,
        "labelled_here_share": share_of(here, total(said.c.n_any_label)),
    }
    return [value.label(name) for name, value in columns.items()]
