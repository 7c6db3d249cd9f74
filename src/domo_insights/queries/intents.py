"""Questions about what visitors want, and how sure the labels are."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Double, cast, func, select

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.period import Period
from domo_insights.queries.buckets import number_of, over_buckets, share_of
from domo_insights.queries.scope import IS_USER, sent_in

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
_INTENT: Final = func.nullif(func.lower(func.btrim(messages.c.intent)), "")
_SENTIMENT: Final = func.nullif(func.lower(func.btrim(messages.c.sentiment)), "")


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
    statement = select(*_measures()).where(sent_in(period, demo_id, include_test), IS_USER)
    return read_frame(conn, statement, KPIS)


def over_time(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    buckets = period.buckets()
    number = number_of(messages.c.occurred_at, buckets)
    statement = (
        select(number, *_measures())
        .where(sent_in(period, demo_id, include_test), IS_USER)
        .group_by(number)
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
    count, labelled = func.count(), func.count(_SENTIMENT)
    negative = func.count().filter(_SENTIMENT == "negative")
    name = _INTENT.label("intent")
    statement = (
        select(
            name,
            count.label("user_messages"),
            (cast(count, Double) / func.sum(count).over()).label("intent_share"),
            labelled.label("labelled"),
            negative.label("negative"),
            share_of(negative, labelled).label("negative_share"),
            _mean_confidence().label("average_confidence"),
            func.count(messages.c.confidence).label("with_confidence"),
        )
        .where(sent_in(period, demo_id, include_test), IS_USER, _INTENT.is_not(None))
        .group_by(name)
        .order_by(count.desc(), name)
    )
    return read_frame(conn, statement, RANKED)


def _mean_confidence() -> ColumnElement[Any]:
    return cast(func.avg(messages.c.confidence), Double)


def _measures() -> list[ColumnElement[Any]]:
    count, known = func.count(), func.count(_INTENT)
    here = func.count().filter(messages.c.label_source == "local")
    has_any = func.count().filter(func.coalesce(_INTENT, _SENTIMENT).is_not(None))
    columns: dict[str, ColumnElement[Any]] = {
        "intents": func.count(func.distinct(_INTENT)),
        "user_messages": count,
        "with_intent": known,
        "without_intent_share": share_of(count - known, count),
        "average_confidence": _mean_confidence(),
        "with_confidence": func.count(messages.c.confidence),
        "labelled_here": here,
        "labelled_here_share": share_of(here, has_any),
    }
    return [value.label(name) for name, value in columns.items()]
