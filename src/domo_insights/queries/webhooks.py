"""Questions about webhook events: how many, how fast they were handled, how late they came.

Test conversations are not left out here: `include_test` is taken, so that these can be asked like
any other question, and changes nothing.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, Uuid, and_, func, literal, select

from domo_insights.database.frames import Columns, frame_of, read_frame
from domo_insights.database.tables import delivery_counts as deliveries
from domo_insights.database.tables import processed_webhook_events as events
from domo_insights.period import Period
from domo_insights.queries import packed
from domo_insights.queries.buckets import NUMBER, WHOLE, buckets_of, laid, whole_of, within
from domo_insights.queries.derived import derived
from domo_insights.queries.packed import Spread
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
_COUNTS: Final = {"n": "events", "n_http": "http_events", "n_timed": "timed_events"}
_TIMES: Final = (
    ({"handler_p50": 0.5, "handler_p95": 0.95, "handler_p99": 0.99}, "handler_middle"),
    ({"lag_p50": 0.5, "lag_p95": 0.95}, "bucket_middle"),
)
"""Percentiles of handler times and of lags, and what their codes stand for."""
REST: Final = "other types"
MOST_TYPES: Final = 6
Typed = dict[str, dict[tuple[int, str], Any]]
# Steps of about a quarter, ten to a decade; whole milliseconds, since that is what is stored.
EDGES: Final = (
    0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 63, 80, 100, 126, 159, 200, 251, 316,
    398, 501, 631, 794, 1000, 1259, 1585, 1995, 2512, 3162, 3981, 5012, 6310, 7943, 10_000,
    12_589, 15_849, 19_953, 25_119, 31_623, 39_811, 50_119, 63_096, 79_433, 100_000, 2_147_483_647,
)  # fmt: skip


def measured(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """What `kpis` and `over_time` are made of: the columns of the former, the period first,
    without a `bucket`, then each bucket of it, with no duplicates.

    Source: processed_webhook_events, dated by processed_at; delivery_counts.
    """
    buckets = period.buckets()
    counted, *times = packed.events(conn, period, demo_id, buckets, typed=False)
    found: dict[str, dict[int, Any]] = {
        name: {row[0]: row[place] for row in counted}
        for place, name in enumerate(_COUNTS.values(), 2)
    }
    for counts in found.values():
        counts[WHOLE] = sum(counts.values())
    for spread, (parts, of) in zip(times, _TIMES, strict=True):
        codes = packed.by_number(spread, parts)
        found |= _meant(conn, {name: codes[name] for name in parts}, of)
    found["duplicates"] = {WHOLE: conn.scalar(_duplicates(period, demo_id))}
    return laid(found, buckets, {"bucket": OVER_TIME["bucket"], **KPIS}, with_whole=True)


@derived(measured)
def kpis(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The period's events in one row.

    Columns:
        events: stored; http_events: of these received over HTTP; timed_events: with a handler time
        handler_p50, _p95, _p99: ms; lag_p50, lag_p95: seconds
        duplicates: deliveries of what was stored already

    Source: processed_webhook_events, dated by processed_at; delivery_counts.
    """
    return whole_of(frame)


@derived(measured)
def over_time(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The columns of `kpis` but duplicates for each `bucket`, quiet ones included."""
    return buckets_of(frame)[list(OVER_TIME)]


def by_type(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `kpis` but duplicates per event_type, the most frequent type first.

    Raises: DatabaseError.
    """
    found = _typed(conn, *packed.events(conn, period, demo_id, typed=True))
    counted = found["events"]
    keys = sorted(counted, key=lambda key: (-counted[key], key))
    return _laid_out(found, keys, {"event_type": [kind for _, kind in keys]}, BY_TYPE)


def by_type_over_time(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `by_type` for each bucket: long, bucket by bucket, types in one order.

    The rarer types are one, REST, once there are more than MOST_TYPES. Raises: DatabaseError.
    """
    buckets = period.buckets()
    counted, handler, lag = packed.events(conn, period, demo_id, buckets, typed=True)
    totals = Counter[str]()
    for _number, kind, n, *_others in counted:
        totals[kind] += n
    kinds = sorted(totals, key=lambda kind: (-totals[kind], kind))
    rare = set(kinds[MOST_TYPES - 1 :]) if len(kinds) > MOST_TYPES else set()
    found = _typed(conn, counted, handler, lag, rare)
    shown = [kind for kind in kinds if kind not in rare] + [REST] * bool(rare)
    keys = [(number, kind) for number in range(1, len(buckets) + 1) for kind in shown]
    labels: dict[str, list[Any]] = {
        "bucket": [buckets[number - 1].label for number, _ in keys],
        "event_type": [kind for _, kind in keys],
    }
    return _laid_out(found, keys, labels, BY_TYPE_OVER_TIME)


def distribution(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How handler times are spread: events with `low_ms` <= time < `high_ms`, in steps that grow
    with the time; from the first step that has any to the last, empty ones between included.

    Raises: DatabaseError.
    """
    step = func.insights.event_steps(period.start, period.end, literal(demo_id, Uuid)).table_valued(
        "step", "events", name="steps"
    )
    statement = select(step.c.step.label("number"), step.c.events)
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


def _typed(
    conn: Connection,
    counted: Sequence[tuple[Any, ...]],
    handler: Spread,
    lag: Spread,
    rare: Collection[str] = (),
) -> Typed:
    """Measures by NUMBER and type; the types that are `rare` are one, REST."""
    found: Typed = {name: {} for name in _COUNTS.values()}
    for number, kind, *counts in counted:
        key = number, REST if kind in rare else kind
        for name, n in zip(_COUNTS.values(), counts, strict=True):
            found[name][key] = found[name].get(key, 0) + n
    for spread, (parts, of) in zip((handler, lag), _TIMES, strict=True):
        kinds = [REST if kind in rare else kind for kind in spread.keys["label"]]
        merged = spread._replace(keys={**spread.keys, "label": kinds})
        codes = packed.percentiles(merged, parts, [NUMBER, "label"])
        found |= _meant(conn, {name: codes[name] for name in parts}, of)
    return found


def _laid_out(
    found: Typed, keys: Sequence[tuple[int, str]], labels: Mapping[str, list[Any]], columns: Columns
) -> pd.DataFrame:
    """A row for each of `keys`; counts of what is not there are 0, other values missing."""
    quiet = dict.fromkeys(_COUNTS.values(), 0)
    values = {name: [own.get(key, quiet.get(name)) for key in keys] for name, own in found.items()}
    return frame_of({**labels, **values}, columns)


def _meant(
    conn: Connection, codes: Mapping[str, Mapping[Any, int]], of: str
) -> dict[str, dict[Any, float]]:
    meant = packed.middles(conn, chain(*(own.values() for own in codes.values())), of)
    return {name: {key: meant[code] for key, code in own.items()} for name, own in codes.items()}


def _duplicates(period: Period, demo_id: UUID | None) -> Select[Any]:
    return select(func.coalesce(func.sum(deliveries.c.duplicates), 0)).where(
        within(deliveries.c.bucket, period),
        deliveries.c.demo_id == demo_id if demo_id else deliveries.c.demo_id.is_not(None),
    )
