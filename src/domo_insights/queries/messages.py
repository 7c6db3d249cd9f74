"""Questions about messages: how many, and how visitors felt."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import ColumnElement, Connection, FromClause, select

from domo_insights.database.frames import Columns
from domo_insights.period import Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import (
    buckets_of,
    laid,
    number_or_whole,
    numbered,
    share_of,
    whole_of,
)
from domo_insights.queries.counts import total
from domo_insights.queries.derived import derived

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


def measured(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """What `kpis` and `over_time` are made of: the columns of the latter, the period first,
    without a `bucket`, then each bucket of it.

    Source: conversation_messages, dated by occurred_at. Raises: DatabaseError.
    """
    buckets = period.buckets()
    said = counts.messages(period, demo_id, include_test, buckets)
    number, every = number_or_whole(said.c.number)
    statement = select(number, *_measures(said)).group_by(every)
    return laid(numbered(conn, statement, list(_MEASURES)), buckets, OVER_TIME, with_whole=True)


@derived(measured)
def kpis(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The period's messages in one row.

    Columns:
        messages, user_messages, assistant_messages: counts
        labelled: user messages that have a sentiment; negative, neutral, positive: of these
        *_share: fractions of 1 of `labelled`, unlabelled_share of `user_messages`

    Source: conversation_messages, dated by occurred_at. Raises: DatabaseError.
    """
    return whole_of(frame)


@derived(measured)
def over_time(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    return buckets_of(frame)


def feelings(said: FromClause) -> dict[str, ColumnElement[Any]]:
    """User messages by sentiment and their shares, by the name each has in the frames."""
    user, labelled = total(said.c.n_user), total(said.c.n_labelled)
    felt = {name: total(said.c[f"n_{name}"]) for name in ("negative", "neutral", "positive")}
    return {
        "user_messages": user,
        "labelled": labelled,
        **felt,
        **{f"{name}_share": share_of(count, labelled) for name, count in felt.items()},
        "unlabelled_share": share_of(user - labelled, user),
    }


def _measures(said: FromClause) -> list[ColumnElement[Any]]:
    user, assistant = total(said.c.n_user), total(said.c.n_assistant)
    columns = {"messages": user + assistant, "assistant_messages": assistant, **feelings(said)}
    return [columns[name].label(name) for name in _MEASURES]
