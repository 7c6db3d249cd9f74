"""Aggregates laid over the buckets of a period, so that a quiet bucket is a row and not a hole."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Double,
    Executable,
    Integer,
    cast,
    func,
    literal,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from domo_insights.database.frames import Columns, frame_of, read_rows
from domo_insights.period import Bucket, Grain, Period

NUMBER = "number"
"""The column in which a statement says which bucket, from 1, a row belongs to."""
WHOLE: Final = 0
"""The number of what is no bucket's but the period's."""


def within(moment: ColumnElement[datetime], period: Period) -> ColumnElement[bool]:
    """Whether `moment` is in `period`; an index on it can serve."""
    return (moment >= period.start) & (moment < period.end)


def number_of(moment: ColumnElement[datetime], buckets: Sequence[Bucket]) -> ColumnElement[int]:
    """Which of `buckets`, from 1, `moment` falls into; the starts are compared as instants, so
    that clock changes are what the period made of them."""
    starts = instants([bucket.start for bucket in buckets])
    return func.width_bucket(moment, starts, type_=Integer).label(NUMBER)


def starts_of(period: Period, buckets: Sequence[Bucket] = ()) -> ColumnElement[Any]:
    """Where each of `buckets` starts, or the period, for the functions of insights."""
    return instants([bucket.start for bucket in buckets] or [period.start])


def instants(moments: Sequence[datetime]) -> ColumnElement[Any]:
    """`moments` as an array."""
    return literal(list(moments), ARRAY(DateTime(timezone=True)))


def cut_late(period: Period, buckets: Sequence[Bucket]) -> tuple[list[datetime], datetime]:
    """Where buckets start, and the end, for what is kept by days of UTC.

    A period that is cut in the later half of a day goes on to its end in a bucket of its own, which
    nobody wants: so the kept day is taken, and the rest of it, which is shorter, taken off.
    """
    starts = [bucket.start for bucket in buckets] or [period.start]
    day = period.end.replace(hour=0, minute=0, second=0, microsecond=0)
    if period.grain is Grain.HOUR or period.end - day <= timedelta(hours=12) or day <= starts[0]:
        return starts, period.end
    return [*starts, period.end], day + timedelta(days=1)


def whole(period: Period) -> list[Bucket]:
    """The period as one bucket."""
    return [Bucket(period.start.replace(tzinfo=None), period.start, period.end)]


def over_buckets(
    conn: Connection,
    statement: Executable,
    buckets: Sequence[Bucket],
    columns: Columns,
) -> pd.DataFrame:
    """Run `statement`, which gives NUMBER and then `columns` but for their first, the bucket's
    label; counts (int64) of a quiet bucket are 0, other values missing."""
    return laid(numbered(conn, statement, list(columns)[1:]), buckets, columns)


def numbered(
    conn: Connection, statement: Executable, names: Sequence[str]
) -> dict[str, dict[int, Any]]:
    """By name and NUMBER what `statement` gives: NUMBER, then `names`."""
    rows = read_rows(conn, statement, [NUMBER, *names])
    return {name: {row[0]: row[place] for row in rows} for place, name in enumerate(names, 1)}


def laid(
    answer: Mapping[str, Mapping[int, Any]],
    buckets: Sequence[Bucket],
    columns: Columns,
    *,
    with_whole: bool = False,
) -> pd.DataFrame:
    """`answer`, by name and NUMBER, as a row of `columns` for each bucket, the first of them its
    label; `with_whole` that of number WHOLE goes before them, without one."""
    label, *names = columns
    labels = [bucket.label for bucket in buckets]
    values: dict[str, Any] = {label: [np.datetime64("NaT"), *labels] if with_whole else labels}
    for name in names:
        quiet, own = 0 if columns[name] == "int64" else None, answer[name]
        each = (own.get(n) for n in range(WHOLE if with_whole else 1, len(buckets) + 1))
        values[name] = [quiet if value is None or value != value else value for value in each]
    return frame_of(values, columns)


def number_or_whole(number: ColumnElement[int]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """What to select as NUMBER, and what to group by, for a row of each bucket and one of all
    together, of number WHOLE, that is there even if nothing else is."""
    label: ColumnElement[int] = func.coalesce(number, WHOLE).label(NUMBER)
    return label, func.grouping_sets(tuple_(number), tuple_())


def whole_of(frame: pd.DataFrame) -> pd.DataFrame:
    """The row of the whole period, of a frame that was laid `with_whole`, without its label."""
    return frame.iloc[:1, 1:].reset_index(drop=True)


def buckets_of(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the buckets, of a frame that was laid `with_whole`."""
    return frame.iloc[1:].reset_index(drop=True)


def share_of(hits: ColumnElement[Any], count: ColumnElement[Any]) -> ColumnElement[Any]:
    """`hits` / `count` as a fraction; NULL when there is nothing to take a share of."""
    share: ColumnElement[Any] = cast(hits, Double) / func.nullif(count, 0)
    return share


def discrete(part: float, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """The smallest value v such that at least `part` of the values are <= v, NULLs left out."""
    return func.percentile_disc(part).within_group(value)
