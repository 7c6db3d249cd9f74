"""Percentiles of values that come as counts, against the values themselves."""

from math import ceil

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domo_insights.queries.buckets import NUMBER
from domo_insights.queries.packed import Spread, by_number

PARTS = {"median": 0.5, "p95": 0.95}
values = st.lists(st.integers(0, 400), max_size=30)


def spread(counted):
    """A spread of (number, value, n), each at a place of its own."""
    numbers, value, n = (
        (list(side) for side in zip(*counted, strict=True)) if counted else ([],) * 3
    )
    keys = {"demo_id": [None] * len(numbers), NUMBER: numbers, "label": [""] * len(numbers)}
    place = np.arange(len(numbers))
    return Spread(keys, place, np.array(value, int), np.array(n, int))


def discrete(part, wanted):
    return sorted(wanted)[max(1, ceil(part * len(wanted))) - 1]


@given(st.dictionaries(st.integers(1, 4), values))
def test_counts_have_the_percentiles_of_their_values(buckets):
    found = by_number(spread([(n, v, 1) for n, own in buckets.items() for v in own]), PARTS)
    wanted = {n: own for n, own in buckets.items() if own}
    if wanted:
        wanted[0] = [v for own in buckets.values() for v in own]
    assert found["total"] == {n: len(own) for n, own in wanted.items()}
    for name, part in PARTS.items():
        assert found[name] == {n: discrete(part, own) for n, own in wanted.items()}
