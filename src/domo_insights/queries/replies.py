"""Questions about reply time: how long visitors wait for an answer."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import ColumnElement, Connection, SmallInteger, cast, func, select

from domo_insights.database.frames import Columns
from domo_insights.period import Bucket, Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import over_buckets, whole
from domo_insights.queries.counts import total
from domo_insights.queries.packed import percentiles

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
    return _measured(conn, period, demo_id, include_test, whole(period))[list(KPIS)]


def over_time(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    return _measured(conn, period, demo_id, include_test, period.buckets())


def _measured(
    conn: Connection,
    period: Period,
    demo_id: UUID | None,
    include_test: bool,
    buckets: Sequence[Bucket],
) -> pd.DataFrame:
    given = period, demo_id, include_test, buckets
    talks = counts.talks(*given)
    times = percentiles(counts.spread("reply", *given), {"p50": 0.5, "p95": 0.95})

    def seconds(bucket: ColumnElement[int]) -> ColumnElement[Any]:
        found: ColumnElement[Any] = func.insights.bucket_middle(
            cast(func.max(bucket), SmallInteger)
        )
        return found

    columns: dict[str, ColumnElement[Any]] = {
        "replies": func.coalesce(func.max(times.c.total), 0),
        "reply_p50": seconds(times.c.p50),
        "reply_p95": seconds(times.c.p95),
        "replies_without_time": total(talks.c.replies_without_time),
    }
    statement = (
        select(talks.c.number, *(column.label(name) for name, column in columns.items()))
        .outerjoin(times, times.c.number == talks.c.number)
        .group_by(talks.c.number)
    )
    return over_buckets(conn, statement, buckets, OVER_TIME)
