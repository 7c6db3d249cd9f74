"""Aggregates laid over the buckets of a period, so that a quiet bucket is a row and not a hole."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

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
)
from sqlalchemy.dialects.postgresql import ARRAY

from domo_insights.database.frames import Columns, frame_of, read_rows
from domo_insights.period import Bucket, Period

NUMBER = "number"
"""The column in which a statement says which bucket, from 1, a row belongs to."""


def within(moment: ColumnElement[datetime], period: Period) -> ColumnElement[bool]:
    """Whether `moment` is in `period`; an index on it can serve."""
    return (moment >= period.start) & (moment < period.end)


def number_of(moment: ColumnElement[datetime], buckets: Sequence[Bucket]) -> ColumnElement[int]:
    """Which of `buckets`, from 1, `moment` falls into; the starts are compared as instants, so
    that clock changes are what the period made of them."""
    starts = literal([bucket.start for bucket in buckets], ARRAY(DateTime(timezone=True)))
    return func.width_bucket(moment, starts, type_=Integer).label(NUMBER)


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
    label, *names = columns
    rows = {int(row[0]): row[1:] for row in read_rows(conn, statement, [NUMBER, *names])}
    quiet = tuple(0 if columns[name] == "int64" else None for name in names)
    lines = [rows.get(number, quiet) for number in range(1, len(buckets) + 1)]
    values = dict(zip(names, map(list, zip(*lines, strict=True)), strict=True))
    return frame_of({label: [bucket.label for bucket in buckets], **values}, columns)


def share_of(hits: ColumnElement[Any], count: ColumnElement[Any]) -> ColumnElement[Any]:
    """`hits` / `count` as a fraction; NULL when there is nothing to take a share of."""
    share: ColumnElement[Any] = cast(hits, Double) / func.nullif(count, 0)
    return share


def discrete(part: float, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """The smallest value v such that at least `part` of the values are <= v, NULLs left out."""
    return func.percentile_disc(part).within_group(value)
