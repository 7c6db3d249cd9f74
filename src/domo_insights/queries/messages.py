"""Questions about messages: how many, and how visitors felt."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import ColumnElement, Connection, FromClause, select

from domo_insights.database.frames import Columns, read_frame
from domo_insights.period import Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import over_buckets, share_of
from domo_insights.queries.counts import total

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
    said = counts.messages(period, demo_id, include_test)
    return read_frame(conn, select(*_measures(said)), KPIS)


def over_time(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    buckets = period.buckets()
    said = counts.messages(period, demo_id, include_test, buckets)
    statement = select(said.c.number, *_measures(said)).group_by(said.c.number)
    return over_buckets(conn, statement, buckets, OVER_TIME)


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
