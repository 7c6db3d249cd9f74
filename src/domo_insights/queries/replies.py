"""Questions about reply time: how long visitors wait for an answer."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    SmallInteger,
    cast,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversations
from domo_insights.period import Period
from domo_insights.queries.buckets import NUMBER, number_of, over_buckets
from domo_insights.queries.packed import cumulated, elements, percentile
from domo_insights.queries.scope import started_in

_MEASURES: Final[Columns] = {
    "replies": "int64",
    "reply_p50": "float64",
    "reply_p95": "float64",
    "replies_without_time": "int64",
}
KPIS: Final[Columns] = _MEASURES
OVER_TIME: Final[Columns] = {"bucket": "datetime64[us]", **_MEASURES}


def kpis(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """Reply times of the period's conversations in one row.

    Columns:
        replies: answers whose time is known; replies_without_time: left out, since one of the
            two messages brought no time of its own
        reply_p50, reply_p95: seconds, within 2.5 %, missing without replies

    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    counted = _counted(literal(1).label(NUMBER), started_in(period, demo_id, include_test))
    return read_frame(conn, select(*_measures(counted)), KPIS)


def over_time(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    buckets = period.buckets()
    number = number_of(conversations.c.started_at, buckets)
    counted = _counted(number, started_in(period, demo_id, include_test))
    statement = select(counted.c.number, *_measures(counted)).group_by(counted.c.number)
    return over_buckets(conn, statement, buckets, OVER_TIME)


def _counted(number: ColumnElement[int], chosen: ColumnElement[bool]) -> CTE:
    """Replies of each number by logarithmic bucket, and in a row without one those without time."""
    bucket = elements(conversations.c.replies, "bucket")
    timed = (
        select(number, bucket.c.value, func.count().label("n"), literal(0).label("without"))
        .select_from(conversations.join(bucket, true()))
        .where(chosen)
        .group_by(number, bucket.c.value)
    )
    untimed = (
        select(
            number,
            cast(null(), SmallInteger),
            literal(0),
            func.sum(conversations.c.replies_without_time),
        )
        .where(chosen)
        .group_by(number)
    )
    return cumulated(union_all(timed, untimed).subquery("buckets"))


def _measures(counted: CTE) -> list[ColumnElement[Any]]:
    columns: dict[str, ColumnElement[Any]] = {
        "replies": func.coalesce(func.sum(counted.c.n), 0),
        "reply_p50": func.insights.bucket_middle(percentile(0.5, counted)),
        "reply_p95": func.insights.bucket_middle(percentile(0.95, counted)),
        "replies_without_time": func.coalesce(func.sum(counted.c.without), 0),
    }
    return [column.label(name) for name, column in columns.items()]
