"""Questions about messages: how many, and how visitors felt."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import ColumnElement, Connection, func, select

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.period import Period
from domo_insights.queries.buckets import number_of, over_buckets, share_of
from domo_insights.queries.scope import IS_ASSISTANT, IS_USER, sent_in

_MEASURES: Final[Columns] = {
    "messages": "int64",
    "user_messages": "int64",
    "assistant_messages": "int64",
    "labelled": "int64",
    "negative": "int64",
    "neutral": "int64",
    "positive": "int64",
    "negative_share": "float64",
    "neutral_share": "float64",
    "positive_share": "float64",
    "unlabelled_share": "float64",
}
KPIS: Final[Columns] = _MEASURES
OVER_TIME: Final[Columns] = {"bucket": "datetime64[us]", **_MEASURES}


def kpis(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The period's messages in one row.

    Columns:
        messages, user_messages, assistant_messages: counts
        labelled: user messages that have a sentiment; negative, neutral, positive: of these
        *_share: fractions of 1 of `labelled`, unlabelled_share of `user_messages`

    Source: conversation_messages, dated by occurred_at. Raises: DatabaseError.
    """
    statement = select(*_measures()).where(sent_in(period, demo_id, include_test))
    return read_frame(conn, statement, KPIS)


def over_time(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    buckets = period.buckets()
    number = number_of(messages.c.occurred_at, buckets)
    statement = (
        select(number, *_measures()).where(sent_in(period, demo_id, include_test)).group_by(number)
    )
    return over_buckets(conn, statement, buckets, OVER_TIME)


def _measures() -> list[ColumnElement[Any]]:
    sentiment = func.nullif(func.lower(func.btrim(messages.c.sentiment)), "")
    user = func.count().filter(IS_USER)
    labelled = func.count(sentiment).filter(IS_USER)
    feeling = {
        name: func.count().filter(IS_USER, sentiment == name)
        for name in ("negative", "neutral", "positive")
    }
    columns: dict[str, ColumnElement[Any]] = {
        "messages": func.count(),
        "user_messages": user,
        "assistant_messages": func.count().filter(IS_ASSISTANT),
        "labelled": labelled,
        **feeling,
        **{f"{name}_share": share_of(count, labelled) for name, count in feeling.items()},
        "unlabelled_share": share_of(user - labelled, user),
    }
    return [column.label(name) for name, column in columns.items()]
