"""How good a ranked answer is, and how sure that is. Pure: ids in, numbers out."""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from math import log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domo_insights.intervals import wilson

ROUNDING: Final = 1e-6
"""By so much the similarity of the same two vectors may differ where it is computed in another
way: what is that little below a threshold is at it."""
_DRAWS: Final = 2_000
_SEED: Final = 20_260_106


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean or a share over `count` cases with its 95 % interval; all missing without cases."""

    value: float | None
    low: float | None
    high: float | None
    count: int


NOTHING: Final = Estimate(None, None, None, 0)


def recall_at(found: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """The part of `relevant` that is among the first `k` of `found`, 0..1.

    Raises: ValueError when nothing is relevant: such a question cannot be judged.
    """
    wanted = _wanted(relevant)
    return len(wanted.intersection(found[: max(k, 0)])) / len(wanted)


def mrr_at(found: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """1 / the rank of the first relevant one among the first `k`, 0 when there is none.

    The mean of it over questions is MRR@k. Raises: as `recall_at`.
    """
    wanted = _wanted(relevant)
    ranks = (rank for rank, one in enumerate(found[: max(k, 0)], 1) if one in wanted)
    return 1 / next(ranks, float("inf"))


def ndcg_at(found: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """Discounted gain of the first `k` over the best there could be, each relevant one worth 1.

    0..1; one that is found twice counts once. Raises: as `recall_at`.
    """
    wanted = _wanted(relevant)
    gain, counted = 0.0, set[Hashable]()
    for rank, one in enumerate(found[: max(k, 0)], 1):
        if one in wanted and one not in counted:
            counted.add(one)
            gain += 1 / log2(rank + 1)
    best = sum(1 / log2(rank + 1) for rank in range(1, min(len(wanted), max(k, 0)) + 1))
    return gain / best if best else 0.0


def rank_of(found: Sequence[Hashable], relevant: Collection[Hashable]) -> int | None:
    """The rank, from 1, of the first relevant one; None when it is not there."""
    wanted = set(relevant)
    return next((rank for rank, one in enumerate(found, 1) if one in wanted), None)


def share(hits: int, count: int) -> Estimate:
    """`hits` of `count` with Wilson's interval."""
    if not count:
        return NOTHING
    low, high = wilson(hits, count)
    return Estimate(hits / count, low, high, count)


def mean(values: Sequence[float]) -> Estimate:
    """The mean of one number per question, with a bootstrap interval over the questions.

    The same values always give the same interval.
    """
    if not len(values):
        return NOTHING
    given = np.asarray(values, dtype=float)
    low, high = np.quantile(_resampled(given), [0.025, 0.975])
    return Estimate(float(given.mean()), float(low), float(high), len(given))


def mean_score(values: Sequence[float]) -> Estimate:
    """The mean of one score from 0 to 1 per question, with its interval.

    Where every question has the least or the best score a bootstrap sees no spread, however few
    they are; then it is Wilson's interval, as of a share.
    """
    if len(values) and (all(value == 1 for value in values) or not any(values)):
        return share(round(sum(values)), len(values))
    return mean(values)


def mean_difference(before: Sequence[float], after: Sequence[float]) -> Estimate:
    """The mean of `after - before`, question by question: the same questions in the same order.

    An interval that holds 0 says that the two cannot be told apart. Raises: ValueError.
    """
    if len(before) != len(after):
        raise ValueError("Two runs compare over the same questions only.")
    return mean([late - early for early, late in zip(before, after, strict=True)])


def _resampled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of draws with replacement; many questions are drawn in parts to spare memory."""
    random = np.random.default_rng(_SEED)
    size = len(values)
    at_once = max(1, 2_000_000 // size)
    return np.concatenate(
        [
            values[random.integers(0, size, (min(at_once, _DRAWS - done), size))].mean(axis=1)
            for done in range(0, _DRAWS, at_once)
        ]
    )


def _wanted(relevant: Collection[Hashable]) -> set[Hashable]:
    wanted = set(relevant)
    if not wanted:
        raise ValueError("A question without anything relevant cannot be judged.")
    return wanted
