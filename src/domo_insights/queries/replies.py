"""Questions about reply time: how long visitors wait for an answer."""

from itertools import chain
from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection, select

from domo_insights.database.frames import Columns
from domo_insights.period import Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import (
    buckets_of,
    laid,
    number_or_whole,
    numbered,
    whole_of,
)
from domo_insights.queries.counts import total
from domo_insights.queries.derived import derived
from domo_insights.queries.packed import by_number, middles, spreads

_MEASURES: Final[Columns] = {
    "replies": "int64",
    "reply_p50": "float64",
    "reply_p95": "float64",
    "replies_without_time": "int64",
}
KPIS: Final[Columns] = _MEASURES
OVER_TIME: Final[Columns] = {"bucket": "datetime64[us]", **_MEASURES}


def measured(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """What `kpis` and `over_time` are made of: the columns of the latter, the period first,
    without a `bucket`, then each bucket of it.

    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    given = period, demo_id, include_test, period.buckets()
    talks = counts.talks(*given)
    number, every = number_or_whole(talks.c.number)
    unknown = total(talks.c.replies_without_time).label("replies_without_time")
    counted = numbered(conn, select(number, unknown).group_by(every), ["replies_without_time"])
    (times,) = spreads(conn, ["reply"], *given)
    found = by_number(times, {"reply_p50": 0.5, "reply_p95": 0.95})
    counted["replies"] = found.pop("total")
    seconds = middles(conn, chain(*(codes.values() for codes in found.values())), "bucket_middle")
    for name, codes in found.items():
        counted[name] = {number: seconds[code] for number, code in codes.items()}
    return laid(counted, given[-1], OVER_TIME, with_whole=True)


@derived(measured)
def kpis(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Reply times of the period's conversations in one row.

    Columns:
        replies: answers whose time is known; replies_without_time: left out, since one of the
            two messages brought no time of its own
        reply_p50, reply_p95: seconds, within 2.5 %, missing without replies

    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    return whole_of(frame)


@derived(measured)
def over_time(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    return buckets_of(frame)
