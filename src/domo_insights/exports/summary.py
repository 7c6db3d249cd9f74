"""One demo in one period, on one page: what the summary and the digest say."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection

from domo_insights import metrics
from domo_insights.change import Change, change, measured
from domo_insights.exports import reasons
from domo_insights.metrics import NOTHING, Kind, Metric
from domo_insights.period import Grain, Period
from domo_insights.queries import (
    attention,
    availability,
    conversations,
    demos_now,
    demos_others,
    messages,
    read_next,
    replies,
)
from domo_insights.settings import current
from domo_insights.viewer import Viewer

NUMBERS: Final = (
    metrics.CONVERSATIONS,
    metrics.ACTIVE_SHARE,
    metrics.MESSAGES,
    metrics.NEGATIVE_SHARE,
    metrics.MEDIAN_DURATION,
    metrics.REPLY_P95,
)
TO_READ: Final = 5


@dataclass(frozen=True, slots=True)
class Number:
    """A metric as people read it: now, how it changed, and what the owner's other demos have."""

    metric: Metric
    now: str
    change: Change
    others: str


@dataclass(frozen=True, slots=True)
class Summary:
    """All that the page says. `bars` are the conversations of each bucket that has begun."""

    demo: str
    status: str
    period: Period
    include_test: bool
    numbers: tuple[Number, ...]
    buckets: tuple[str, ...]
    bars: tuple[int, ...]
    other_demos: int
    needs: tuple[str, ...]
    read: tuple[tuple[str, str], ...]
    made_of: tuple[tuple[str, str], ...]


def summarise(
    conn: Connection, viewer: Viewer, demo_id: UUID, period: Period, include_test: bool = False
) -> Summary | None:
    """The summary of a demo; None when `viewer` sees no such demo. Raises: DatabaseError."""
    made = demos_now.state(conn, demo_id)
    if made.empty:
        return None
    of = (demo_id, include_test)
    others = demos_others.others(conn, period, *of).iloc[0].to_dict()
    trend = conversations.over_time(conn, period, *of)
    style = "%d %b %H:%M" if period.grain is Grain.HOUR else "%d %b"
    begun = sum(bucket.start <= period.as_of for bucket in period.buckets()) or 1
    limit = current().insights_handler_p95_ms
    needs = attention.needs(conn, period, *of, handler_p95_ms=limit)
    return Summary(
        demo=str(made["demo"].iloc[0]),
        status=str(made["status"].iloc[0]),
        period=period,
        include_test=include_test,
        numbers=_numbers(conn, period, *of, others),
        buckets=tuple(f"{label:{style}}" for label in trend["bucket"].iloc[:begun]),
        bars=tuple(int(n) for n in trend["conversations"].iloc[:begun]),
        other_demos=int(others["demos"]),
        needs=tuple(reasons.need(row) for row in needs.itertuples()),
        read=() if viewer.product_team else _to_read(conn, period, *of),
        made_of=_made_of(made),
    )


def _numbers(
    conn: Connection,
    period: Period,
    demo_id: UUID,
    include_test: bool,
    others: Mapping[Hashable, Any],
) -> tuple[Number, ...]:
    now, before = (_row(conn, when, demo_id, include_test) for when in (period, period.previous()))
    earlier = bool(availability.earlier(conn, period, demo_id).iloc[0, 0])
    found = []
    for metric in NUMBERS:
        value, was = measured(metric, now), measured(metric, before)
        moved = change(metric, value, was if was.count or earlier else None)
        found.append(Number(metric, metric.text(value.value), moved, _of_others(metric, others)))
    return tuple(found)


def _row(
    conn: Connection, period: Period, demo_id: UUID, include_test: bool
) -> dict[Hashable, Any]:
    row: dict[Hashable, Any] = {}
    for subject in (conversations, messages, replies):
        row |= subject.kpis(conn, period, demo_id, include_test).iloc[0].to_dict()
    return row


def _of_others(metric: Metric, others: Mapping[Hashable, Any]) -> str:
    """Counts as the mean of a demo, all else over the conversations of all of them."""
    count = int(others["demos"])
    if not count or metric.key not in others:
        return NOTHING
    value = float(others[metric.key])
    return metric.text(value / count if metric.kind is Kind.COUNT else value)


def _to_read(
    conn: Connection, period: Period, demo_id: UUID, include_test: bool
) -> tuple[tuple[str, str], ...]:
    found = read_next.ranked(conn, period, demo_id, include_test, limit=TO_READ)
    rows: list[Any] = list(found.itertuples())
    return tuple(
        (f"{row.started_at.tz_convert(period.zone):%d %b, %H:%M}", reasons.to_read(row))
        for row in rows
    )


def _made_of(made: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    row = made.iloc[0]
    return (
        ("Status", str(row["status"])),
        ("Videos", f"{row['videos']}, {row['videos_waiting']} failed or pending"),
        ("Knowledge",
         f"{row['chunks']} chunks, {row['chunks_without_embedding']} without embedding"),
    )  # fmt: skip
