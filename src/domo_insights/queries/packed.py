"""Values that come as counts, and the percentiles they make.

The database adds up what it keeps, a vector in one step; here it is taken apart, by arrays.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
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

_COUNTED: Final = ("n", "n_http", "n_timed")
EVENTS: Final = (NUMBER, "label", *_COUNTED)
_HEADER: Final = 4
"""Bytes before the numbers of a vector that is sent: its length."""


class Spread(NamedTuple):
    """How often values occur: `n` times each `value`, in what `keys` say at `place`. A value can
    have several places; what is true is their sum.

    keys: by name (demo_id, NUMBER, label) what each place is of.
    """

    keys: Mapping[str, Sequence[Any]]
    place: NDArray[np.int64]
    value: NDArray[np.int64]
    n: NDArray[np.int64]

    def of(self, key: str, wanted: Container[Any]) -> "Spread":
        """What is of those of `wanted`."""
        chosen = np.array([one in wanted for one in self.keys[key]], bool)[self.place]
        return Spread(self.keys, self.place[chosen], self.value[chosen], self.n[chosen])

    def sums(self, weights: NDArray[Any], key: str) -> dict[Any, int]:
        """The sum of `weights` by a key."""
        found: dict[Any, int] = {}
        each = np.bincount(self.place, weights, len(self.keys[key]))
        for one, weight in zip(self.keys[key], each.tolist(), strict=True):
            found[one] = found.get(one, 0) + round(weight)
        return found


def spreads(
    conn: Connection,
    kinds: Sequence[str],
    period: Period,
    demo_id: UUID | None,
    include_test: bool,
    buckets: Sequence[Bucket] = (),
    *,
    by_demo: bool = False,
) -> list[Spread]:
    """How often each value of each of `kinds` occurs in the conversations that started in
    `period`; the demo_id is None unless asked `by_demo`. The function insights.spread_codes says
    which kinds there are and what their values stand for.
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
) -> tuple[list[tuple[Any, ...]], Spread, Spread]:
    """Events stored in `period`, by bucket and, when `typed`, type (the label): rows of EVENTS,
    then the codes of handler times and of delivery lags."""
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
    handler, lag = (
        _taken_apart([row for row in rows if row.kind == kind]) for kind in ("handler", "lag")
    )
    return counted, handler, lag


def percentiles(
    spread: Spread, parts: Mapping[str, float], by: Sequence[str] = ()
) -> dict[str, dict[Any, int]]:
    """By name and then by what `by` says, a tuple, of those that have any: `total`, how many
    values there are; under the names of `parts` the smallest value such that at least that part of
    the values are not above it.
    """
    names: dict[tuple[Any, ...], int] = {}
    keys = [spread.keys[key] for key in by]
    of_place: Iterable[tuple[Any, ...]] = zip(*keys, strict=True) if by else [()]
    groups = np.array([names.setdefault(key, len(names)) for key in of_place], int)
    places = spread.place if by else np.zeros_like(spread.place)
    group, value, n = _summed(groups[places], spread.value, spread.n)
    upto = np.cumsum(n)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    before = upto[first] - n[first]
    total = np.diff(np.append(before, upto[-1:]))
    every = list(names)
    there = [every[one] for one in group[first].tolist()]
    found = {"total": dict(zip(there, total.tolist(), strict=True))}
    for name, part in parts.items():
        reached = value[np.searchsorted(upto, before + np.ceil(part * total))]
        found[name] = dict(zip(there, reached.tolist(), strict=True))
    return found


def by_number(spread: Spread, parts: Mapping[str, float]) -> dict[str, dict[int, int]]:
    """The percentiles of each bucket, and under WHOLE those of all together."""
    found = {
        name: {number: value for (number,), value in own.items()}
        for name, own in percentiles(spread, parts, [NUMBER]).items()
    }
    for name, own in percentiles(spread, parts).items():
        if own:
            found[name][WHOLE] = own[()]
    return found


def middles(conn: Connection, codes: Iterable[int], of: str) -> dict[int, float]:
    """What codes stand for by a function of insights, `of`: bucket_middle of those of log_bucket,
    handler_middle of those of handler_code."""
    kind = SmallInteger if of == "bucket_middle" else Integer
    code = func.unnest(literal(sorted(set(codes)), ARRAY(kind))).column_valued("code")
    found = conn.execute(select(code, getattr(func.insights, of)(code)))
    return {row[0]: row[1] for row in found}


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


def _taken_apart(rows: Sequence[Any]) -> Spread:
    standing = next((np.array(row.codes) for row in rows if row.number is None), np.array([], int))
    packed = [row for row in rows if row.number is not None]
    pieces = [_values(row, standing) for row in packed]
    none = np.array([], int)
    return Spread(
        {
            name: [getattr(row, name, None) for row in packed]
            for name in ("demo_id", NUMBER, "label")
        },
        np.repeat(np.arange(len(packed)), [values.size for values, _ in pieces]),
        np.concatenate([none, *(values for values, _ in pieces)]),
        np.concatenate([none, *(counts for _, counts in pieces)]),
    )


def _values(row: Any, standing: Any) -> tuple[Any, Any]:
    if row.dense is None:
        return np.array(row.codes), np.array(row.counts)
    counts = np.frombuffer(row.dense, ">f4", offset=_HEADER)
    (there,) = counts.nonzero()
    return standing[there], counts[there].astype(int)
