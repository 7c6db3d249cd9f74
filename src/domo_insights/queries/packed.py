"""Values that come as counts, and the percentiles they make.

The database adds up what it keeps, a vector in one step; here it is taken apart, by arrays.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd
from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    LargeBinary,
    SmallInteger,
    TableValuedAlias,
    Text,
    Uuid,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from domo_insights.period import Bucket, Period
from domo_insights.queries.buckets import NUMBER, WHOLE, cut_late, instants, starts_of

SPREAD: Final = ("demo_id", NUMBER, "label", "value", "n")
_COUNTED: Final = ("n", "n_http", "n_timed")
EVENTS: Final = (NUMBER, "label", *_COUNTED)
_HEADER: Final = 4
"""Bytes before the numbers of a vector that is sent: its length."""


def spreads(
    conn: Connection,
    kinds: Sequence[str],
    period: Period,
    demo_id: UUID | None,
    include_test: bool,
    buckets: Sequence[Bucket] = (),
    *,
    by_demo: bool = False,
) -> list[pd.DataFrame]:
    """How often each value of each of `kinds` occurs in the conversations that started in
    `period`: for each kind a frame of SPREAD, of which demo_id is missing unless asked `by_demo`.
    A value can have several rows; what is true is their sum. The function insights.spread_codes
    says which kinds there are and what their values stand for.
    """
    asked = packed_spreads(kinds, period, demo_id, include_test, buckets, by_demo=by_demo)
    rows = _asked(conn, asked)
    return [_taken_apart([row for row in rows if row.kind == kind]) for kind in kinds]


def packed_spreads(
    kinds: Sequence[str],
    period: Period,
    demo_id: UUID | None,
    include_test: bool,
    buckets: Sequence[Bucket] = (),
    *,
    by_demo: bool = False,
) -> TableValuedAlias:
    """What `spreads` takes apart; each row has either `dense` or `counts` of `codes`."""
    asked = func.insights.packed_spreads(
        literal(list(kinds), ARRAY(Text())),
        starts_of(period, buckets),
        period.end,
        period.zone,
        literal(demo_id, Uuid),
        include_test,
        by_demo,
    )
    found: TableValuedAlias = asked.table_valued(
        column("kind", Text),
        column("demo_id", Uuid),
        column(NUMBER, Integer),
        column("label", Text),
        column("dense", LargeBinary),
        column("codes", ARRAY(Integer)),
        column("counts", ARRAY(Integer)),
        name="packed",
    )
    return found


def events(
    conn: Connection,
    period: Period,
    demo_id: UUID | None,
    buckets: Sequence[Bucket] = (),
    *,
    typed: bool,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Events stored in `period`, by bucket and, when `typed`, type (`label`): a frame of EVENTS,
    then frames of SPREAD of the codes of handler times and of delivery lags."""
    starts, until = cut_late(period, buckets)
    asked = func.insights.packed_events(
        instants(starts), until, literal(demo_id, Uuid), typed
    ).table_valued(
        column("kind", Text),
        column(NUMBER, Integer),
        column("label", Text),
        column("dense", LargeBinary),
        column("codes", ARRAY(Integer)),
        column("counts", ARRAY(Integer)),
        *(column(name, BigInteger) for name in _COUNTED),
        name="packed",
    )
    last = max(len(buckets), 1)
    rows = [row for row in _asked(conn, asked) if row.number is None or row.number <= last]
    counted = [tuple(getattr(row, name) for name in EVENTS) for row in rows if not row.kind]
    kinds = dict.fromkeys(EVENTS, "int64") | {"label": "object"}
    handler, lag = (
        _taken_apart([row for row in rows if row.kind == kind]) for kind in ("handler", "lag")
    )
    return pd.DataFrame(counted, columns=list(EVENTS)).astype(kinds), handler, lag


def percentiles(
    spread: pd.DataFrame, parts: Mapping[str, float], by: Sequence[str] = (NUMBER,)
) -> pd.DataFrame:
    """A row for each `by` of `spread`, or one of all together, WHOLE, if it has any.

    Columns: total, how many values there are; under the names of `parts` the smallest value such
    that at least that part of the values are not above it. Index: `by`.
    """
    grouped = spread.groupby(list(by), dropna=False, sort=False) if by else None
    groups = np.zeros(len(spread), int) if grouped is None else grouped.ngroup().to_numpy()
    group, value, n = _summed(groups, spread["value"].to_numpy(), spread["n"].to_numpy())
    upto = np.cumsum(n)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    before = upto[first] - n[first]
    total = np.diff(np.append(before, upto[-1:]))
    found: dict[str, Any] = {"total": total}
    for name, part in parts.items():
        found[name] = value[np.searchsorted(upto, before + np.ceil(part * total))]
    if grouped is None:
        return pd.DataFrame(found, index=[WHOLE] * len(first))
    names = spread.loc[~grouped.ngroup().duplicated(), list(by)]
    index = names.iloc[group[first]].set_index(list(by)).index
    return pd.DataFrame(found, index=index)


def by_number(spread: pd.DataFrame, parts: Mapping[str, float]) -> pd.DataFrame:
    """The percentiles of each bucket, and under WHOLE those of all together."""
    return pd.concat([percentiles(spread, parts, by=()), percentiles(spread, parts)])


def middles(conn: Connection, codes: pd.DataFrame, of: str) -> pd.DataFrame:
    """What codes stand for by a function of insights, `of`: bucket_middle of those of log_bucket,
    handler_middle of those of handler_code. What is missing stays so."""
    known = np.unique(codes.to_numpy(dtype=float)).tolist()
    kind = SmallInteger if of == "bucket_middle" else Integer
    whole = literal([int(code) for code in known if code == code], ARRAY(kind))
    code = func.unnest(whole).column_valued("code")
    found = conn.execute(select(code, getattr(func.insights, of)(code))).all()
    meant = {row[0]: row[1] for row in found}
    return pd.DataFrame({name: column.map(meant) for name, column in codes.items()})


def _summed(groups: Any, values: Any, counts: Any) -> tuple[Any, Any, Any]:
    """Sorted by group and value, one of each, without those that occur no times."""
    order = np.lexsort((values, groups))
    groups, values, counts = groups[order], values[order], counts[order]
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(groups) != 0) | (np.diff(values) != 0)
    first = np.flatnonzero(new)
    sums = np.add.reduceat(counts, first) if first.size else counts
    there = sums != 0
    return groups[first][there], values[first][there], sums[there]


def _asked(conn: Connection, packed: TableValuedAlias) -> Sequence[Any]:
    """The rows of `packed`, vectors as they are sent."""
    dense = func.vector_send(packed.c.dense, type_=LargeBinary).label("dense")
    return conn.execute(select(*(own for own in packed.c if own.name != "dense"), dense)).all()


def _taken_apart(rows: Sequence[Any]) -> pd.DataFrame:
    """A row of SPREAD for each value that occurs in one of `rows`."""
    standing = next((np.array(row.codes) for row in rows if row.number is None), np.array([], int))
    packed = [row for row in rows if row.number is not None]
    pieces = [_values(row, standing) for row in packed]
    sizes = [values.size for values, _ in pieces]
    keys = {
        name: np.repeat(np.array([getattr(row, name, None) for row in packed], dtype=kind), sizes)
        for name, kind in (("demo_id", object), (NUMBER, int), ("label", object))
    }
    value, n = (
        np.concatenate([piece[side] for piece in pieces]) if pieces else np.array([], int)
        for side in (0, 1)
    )
    return pd.DataFrame({**keys, "value": value, "n": n})


def _values(row: Any, standing: Any) -> tuple[Any, Any]:
    if row.dense is None:
        return np.array(row.codes), np.array(row.counts)
    counts = np.frombuffer(row.dense, ">f4", offset=_HEADER)
    (there,) = counts.nonzero()
    return standing[there], counts[there].astype(int)
