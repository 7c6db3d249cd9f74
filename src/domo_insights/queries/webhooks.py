"""Questions about webhook events: how many, how fast they were handled, how late they came.

Test conversations are not left out here: `include_test` is taken, so that these can be asked like
any other question, and changes nothing.
"""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Subquery,
    and_,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import delivery_counts as deliveries
from domo_insights.database.tables import processed_webhook_events as events
from domo_insights.period import Period
from domo_insights.queries.buckets import discrete, number_of, over_buckets, within
from domo_insights.queries.scope import Condition

IS_LIVE: Final = events.c.received_via == "http"
"""What came by itself; rows of a file say nothing about handler time, lag or silence."""
IS_TIMED: Final = and_(IS_LIVE, events.c.processing_duration_ms.is_not(None))

_MEASURES: Final[Columns] = {
    "events": "int64",
    "http_events": "int64",
    "timed_events": "int64",
    "handler_p50": "float64",
    "handler_p95": "float64",
    "handler_p99": "float64",
    "lag_p50": "float64",
    "lag_p95": "float64",
}
KPIS: Final[Columns] = {**_MEASURES, "duplicates": "int64"}
OVER_TIME: Final[Columns] = {"bucket": "datetime64[us]", **_MEASURES}
BY_TYPE: Final[Columns] = {"event_type": "str", **_MEASURES}
BY_TYPE_OVER_TIME: Final[Columns] = {
    "bucket": "datetime64[us]",
    "event_type": "str",
    **_MEASURES,
}
DISTRIBUTION: Final[Columns] = {"low_ms": "int64", "high_ms": "int64", "events": "int64"}
REST: Final = "other types"
MOST_TYPES: Final = 6
# Steps of about a quarter, ten to a decade; whole milliseconds, since that is what is stored.
EDGES: Final = (
    0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 63, 80, 100, 126, 159, 200, 251, 316,
    398, 501, 631, 794, 1000, 1259, 1585, 1995, 2512, 3162, 3981, 5012, 6310, 7943, 10_000,
    12_589, 15_849, 19_953, 25_119, 31_623, 39_811, 50_119, 63_096, 79_433, 100_000, 2_147_483_647,
)  # fmt: skip


def kpis(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The period's events in one row.

    Columns:
        events: stored; http_events: of these received over HTTP; timed_events: with a handler time
        handler_p50, _p95, _p99: ms; lag_p50, lag_p95: seconds
        duplicates: deliveries of what was stored already

    Source: processed_webhook_events, dated by processed_at; delivery_counts.
    """
    repeated = (
        select(func.coalesce(func.sum(deliveries.c.duplicates), 0))
        .where(
            within(deliveries.c.bucket, period),
            deliveries.c.demo_id == demo_id if demo_id else deliveries.c.demo_id.is_not(None),
        )
        .scalar_subquery()
    )
    statement = select(*measures(), repeated.label("duplicates")).where(stored(period, demo_id))
    return read_frame(conn, statement, KPIS)


def over_time(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `kpis` but duplicates for each `bucket`, quiet ones included."""
    buckets = period.buckets()
    number = number_of(events.c.processed_at, buckets)
    statement = select(number, *measures()).where(stored(period, demo_id)).group_by(number)
    return over_buckets(conn, statement, buckets, OVER_TIME)


def by_type(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `kpis` but duplicates per event_type, the most frequent type first."""
    statement = (
        select(events.c.event_type, *measures())
        .where(stored(period, demo_id))
        .group_by(events.c.event_type)
        .order_by(func.count().desc(), events.c.event_type)
    )
    return read_frame(conn, statement, BY_TYPE)


def by_type_over_time(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `by_type` for each bucket: long, bucket by bucket, types in one order.

    The rarer types are one, REST, once there are more than MOST_TYPES.
    """
    buckets = period.buckets()
    named = _named_types(period, demo_id)
    number = number_of(events.c.processed_at, buckets)
    kind = func.coalesce(named.c.event_type, REST)
    statement = (
        select(number, kind.label("event_type"), *measures())
        .select_from(events.outerjoin(named, named.c.event_type == events.c.event_type))
        .where(stored(period, demo_id))
        .group_by(number, kind)
    )
    found = read_frame(conn, statement, {"number": "int64", "event_type": "str", **_MEASURES})
    totals = found.groupby("event_type")["events"].sum().sort_values(ascending=False)
    kinds = sorted(totals.index, key=lambda name: (name == REST, -totals[name], name))
    whole = pd.MultiIndex.from_product([range(1, len(buckets) + 1), kinds])
    frame = found.set_index(["number", "event_type"]).reindex(whole)
    counts = [name for name, dtype in _MEASURES.items() if dtype == "int64"]
    frame[counts] = frame[counts].fillna(0)
    frame.insert(0, "event_type", whole.get_level_values(1))
    frame.insert(0, "bucket", [buckets[n - 1].label for n in whole.get_level_values(0)])
    return frame.reset_index(drop=True).astype(dict(BY_TYPE_OVER_TIME))


def distribution(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How handler times are spread: events with `low_ms` <= time < `high_ms`, in steps that grow
    with the time; from the first step that has any to the last, empty ones between included."""
    edges = literal(list(EDGES), ARRAY(Integer))
    step = func.width_bucket(events.c.processing_duration_ms, edges, type_=Integer).label("number")
    statement = (
        select(step, func.count().label("events"))
        .where(stored(period, demo_id), IS_TIMED)
        .group_by(step)
    )
    found = read_frame(conn, statement, {"number": "int64", "events": "int64"})
    counted = dict(zip(found["number"], found["events"], strict=True))
    steps = range(min(counted), max(counted) + 1) if counted else range(0)
    rows = [(EDGES[n - 1], EDGES[n], counted.get(n, 0)) for n in steps]
    return pd.DataFrame(rows, columns=list(DISTRIBUTION)).astype(dict(DISTRIBUTION))


def stored(period: Period, demo_id: UUID | None) -> Condition:
    """Events of the period that belong to a demo."""
    return and_(
        within(events.c.processed_at, period),
        events.c.demo_id == demo_id if demo_id else events.c.demo_id.is_not(None),
    )


def lag() -> ColumnElement[Any]:
    """Seconds from when an event happened to when it was stored."""
    late: ColumnElement[Any] = func.extract("epoch", events.c.processed_at - events.c.occurred_at)
    return late


def measures() -> list[ColumnElement[Any]]:
    """The columns that all questions here share."""
    time, late = events.c.processing_duration_ms, lag()
    columns: dict[str, ColumnElement[Any]] = {
        "events": func.count(),
        "http_events": func.count().filter(IS_LIVE),
        "timed_events": func.count().filter(IS_TIMED),
        **{f"handler_p{n}": discrete(n / 100, time).filter(IS_LIVE) for n in (50, 95, 99)},
        **{f"lag_p{n}": discrete(n / 100, late).filter(IS_LIVE) for n in (50, 95)},
    }
    return [column.label(name) for name, column in columns.items()]


def _named_types(period: Period, demo_id: UUID | None) -> Subquery:
    """The types with a name of their own in a chart, as many as fit."""
    ranked = (
        select(
            events.c.event_type,
            func.row_number().over(order_by=(func.count().desc(), events.c.event_type)).label("n"),
            func.count().over().label("types"),
        )
        .where(stored(period, demo_id))
        .group_by(events.c.event_type)
        .subquery("ranked")
    )
    fits = (ranked.c.types <= MOST_TYPES) | (ranked.c.n < MOST_TYPES)
    return select(ranked.c.event_type).where(fits, true()).subquery("named")
