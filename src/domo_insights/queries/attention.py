"""Which demos need somebody now, and why. The rules in words are in `metrics.demos.RULES`."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Double,
    Integer,
    Select,
    Uuid,
    and_,
    cast,
    column,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)

from domo_insights.database.frames import Columns, frame_of, read_rows
from domo_insights.database.tables import demo_videos, demos
from domo_insights.database.tables_kept import chunk_counts
from domo_insights.intervals import newcombe
from domo_insights.period import Period
from domo_insights.queries import counts, replays
from domo_insights.queries.buckets import share_of

QUIET: Final = timedelta(days=7)
BEFORE_QUIET: Final = timedelta(days=28)
ENOUGH_BEFORE: Final = 12
"""At least 3 a week over the 4 weeks before."""
NEGATIVE: Final = "negative_share_rose"
FELL: Final = "coverage_fell"
ORDER: Final = (
    NEGATIVE, "went_quiet", "handler_slow", "videos_failed", FELL, "chunks_unembedded",
)  # fmt: skip

NEEDS: Final[Columns] = {
    "rule": "str",
    "demo_id": "object",
    "demo": "str",
    "now": "float64",
    "before": "float64",
    "now_cases": "Int64",
    "before_cases": "Int64",
}
_RULE, _DEMO = (list(NEEDS).index(name) for name in ("rule", "demo"))


def needs(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = False,
    handler_p95_ms: int = 2000,
) -> pd.DataFrame:
    """One row for each demo and rule that holds for it, what visitors notice first.

    Columns:
        rule: one of ORDER
        now, before: the numbers the rule compared; before is missing where it compares none.
            went_quiet: conversations of the last 7 days and of the 28 before, at `period.as_of`;
            negative_share_rose, coverage_fell: fractions of 1; handler_slow: ms, and the limit;
            else counts
        now_cases, before_cases: labelled user messages, replayed questions or
            events, that a share or p95 rests on

    Archived demos do not go quiet. Raises: DatabaseError.
    """
    rules = union_all(
        _quiet(period, demo_id, include_test),
        _negative(period, demo_id, include_test),
        _slow(period, demo_id, handler_p95_ms),
        _videos(),
        _chunks(),
    ).subquery("rules")
    columns = {**rules.c, "demo": demos.c.name.label("demo")}
    statement = (
        select(*(columns[name] for name in NEEDS))
        .join(demos, demos.c.id == rules.c.demo_id)
        .where(demos.c.id == demo_id if demo_id else true())
        .order_by(demos.c.id)
    )
    found = [
        row for row in read_rows(conn, statement, list(NEEDS)) if row.rule != NEGATIVE or _rose(row)
    ]
    rows = [*found, *_fell(conn, demo_id)]
    rows.sort(key=lambda row: (ORDER.index(row[_RULE]), row[_DEMO].lower()))
    return frame_of({name: [row[n] for row in rows] for n, name in enumerate(NEEDS)}, NEEDS)


def _fell(conn: Connection, demo_id: UUID | None) -> Iterator[tuple[Any, ...]]:
    """Rows of demos whose latest stored replay answered less well than the one of that length
    before it."""
    stored = replays.coverage(conn, demo_id)
    for row in stored[stored["coverage"] < stored["coverage_before"]].itertuples():
        now, before = row.questions, row.questions_before
        yield FELL, row.demo_id, row.demo, row.coverage, row.coverage_before, now, before


def _rose(row: Any) -> bool:
    """Whether the whole interval of the difference lies above 0."""
    count, count_before = int(row.now_cases), int(row.before_cases)
    hits, hits_before = round(row.now * count), round(row.before * count_before)
    return newcombe(hits, count, hits_before, count_before)[0] > 0


def _quiet(period: Period, demo_id: UUID | None, include_test: bool) -> Select[Any]:
    since = period.as_of - QUIET
    late = replace(period, start=since, end=period.as_of, rolling=True)
    early = replace(period, start=since - BEFORE_QUIET, end=since, rolling=True)
    before = counts.talks(early, demo_id, include_test, name="before_quiet", by_demo=True)
    now = counts.talks(late, demo_id, include_test, name="quiet", by_demo=True)
    return (
        _row("went_quiet", before.c.demo_id, func.coalesce(now.c.n, 0), before.c.n)
        .select_from(before.outerjoin(now, now.c.demo_id == before.c.demo_id))
        .join(demos, and_(demos.c.id == before.c.demo_id, demos.c.status != "archived"))
        .where(func.coalesce(now.c.n, 0) == 0, before.c.n >= ENOUGH_BEFORE)
    )


def _negative(period: Period, demo_id: UUID | None, include_test: bool) -> Select[Any]:
    now = counts.messages(period, demo_id, include_test, name="now", by_demo=True)
    before = counts.messages(period.previous(), demo_id, include_test, name="before", by_demo=True)
    shares = [share_of(side.c.n_negative, side.c.n_labelled) for side in (now, before)]
    labelled = now.c.n_labelled, before.c.n_labelled
    return (
        _row(NEGATIVE, now.c.demo_id, shares[0], shares[1], labelled[0], labelled[1])
        .select_from(now.join(before, before.c.demo_id == now.c.demo_id))
        .where(shares[0] > shares[1])
    )


def _slow(period: Period, demo_id: UUID | None, limit_ms: int) -> Select[Any]:
    slow = func.insights.slow_handlers(
        period.start, period.end, literal(demo_id, Uuid), literal(limit_ms, Double)
    ).table_valued(
        column("demo_id", Uuid),
        column("timed_events", BigInteger),
        column("handler_p95", Double),
        name="slow",
    )
    limit = literal(limit_ms)
    return _row("handler_slow", slow.c.demo_id, slow.c.handler_p95, limit, slow.c.timed_events)


@cache
def _videos() -> Select[Any]:
    return (
        _row("videos_failed", demo_videos.c.demo_id, func.count())
        .where(demo_videos.c.processing_status == "failed")
        .group_by(demo_videos.c.demo_id)
    )


@cache
def _chunks() -> Select[Any]:
    missing = chunk_counts.c.without_embedding
    return _row("chunks_unembedded", chunk_counts.c.demo_id, missing).where(missing > 0)


def _row(
    rule: str,
    demo_id: ColumnElement[Any],
    now: ColumnElement[Any],
    before: ColumnElement[Any] | None = None,
    now_cases: ColumnElement[Any] | None = None,
    before_cases: ColumnElement[Any] | None = None,
) -> Select[Any]:
    def known(value: ColumnElement[Any] | None, kind: Any) -> ColumnElement[Any]:
        return cast(null() if value is None else value, kind)

    return select(
        literal(rule).label("rule"),
        demo_id.label("demo_id"),
        cast(now, Double).label("now"),
        known(before, Double).label("before"),
        known(now_cases, Integer).label("now_cases"),
        known(before_cases, Integer).label("before_cases"),
    )
