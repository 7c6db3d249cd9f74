"""How a number is compared with the period before, in words that do not claim too much."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domo_insights.intervals import newcombe
from domo_insights.metrics import THIN, Better, Kind, Metric

ENOUGH: Final = 10
"""Earlier counts below this are no base for a percentage."""


class Tone(StrEnum):
    GOOD = "good"
    BAD = "bad"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Measured:
    """A number and what it rests on: `count` cases, for a share `hits` of them."""

    value: float | None
    count: int
    hits: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """`text` says how it changed, `was` the number before, `basis` how sure that is."""

    text: str
    was: str = ""
    basis: str = ""
    direction: int = 0
    tone: Tone = Tone.NEUTRAL


NO_EARLIER_DATA: Final = Change("no earlier data")


def share(hits: int, count: int) -> Measured:
    """`hits` of `count`; no value when there is nothing to take a share of."""
    return Measured(hits / count if count else None, count, hits)


def measured(metric: Metric, row: Mapping[Hashable, float]) -> Measured:
    """`metric` of one row of an answer, with the number of cases that the row says it rests on."""
    value = row[metric.key]
    if metric.kind is Kind.COUNT:
        return Measured(float(value), int(value)) if value == value else Measured(None, 0)
    count = int(row[metric.cases])
    if value != value:
        return Measured(None, count)
    return Measured(float(value), count, round(value * count) if metric.kind is Kind.SHARE else 0)


def change(metric: Metric, now: Measured, before: Measured | None) -> Change:
    """How `metric` moved. `before` is None when nothing was recorded that early."""
    if before is None or before.value is None:
        return NO_EARLIER_DATA
    if now.value is None:
        return Change("nothing to compare", f"was {metric.text(before.value)}")
    match metric.kind:
        case Kind.COUNT:
            return _count(metric, now.value, before.value)
        case Kind.SHARE:
            return _share(metric, now, before)
        case Kind.MEDIAN:
            return _median(metric, now.value, now.count, before.value, before.count)


def _count(metric: Metric, now: float, before: float) -> Change:
    was, step = f"was {metric.text(before)}", now - before
    if before < ENOUGH:
        return Change("too few to tell", was)
    if not step:
        return Change("no change", was)
    sign, percent = _sign(step), abs(step) / before
    text = f"{sign}{metric.text(abs(step))} ({sign}{percent:.0%})".replace("%", f"{THIN}%")
    return Change(text, was, "", *_leaning(metric, step))


def _share(metric: Metric, now: Measured, before: Measured) -> Change:
    low, high = newcombe(now.hits, now.count, before.hits, before.count)
    step = now.hits / now.count - before.hits / before.count
    basis = f"95{THIN}% interval {_points(low)} to {_points(high)} percentage points"
    was = f"was {metric.text(before.value)}"
    if low <= 0 <= high:
        return Change("no clear change", was, basis)
    return Change(f"{_points(step)}{THIN}pp", was, basis, *_leaning(metric, step))


def _median(metric: Metric, now: float, count: int, before: float, count_before: int) -> Change:
    basis = f"over {count:,} values now and {count_before:,} before".replace(",", THIN)
    was, step = f"was {metric.text(before)}", now - before
    if metric.text(abs(step)) == metric.text(0):
        return Change("no change", was, basis)
    text = f"{_sign(step)}{metric.text(abs(step))}"
    return Change(text, was, basis, *_leaning(metric, step))


def _points(step: float) -> str:
    return f"{_sign(step)}{abs(step) * 100:.1f}"


def _sign(step: float) -> str:
    return "−" if step < 0 else "+"


def _leaning(metric: Metric, step: float) -> tuple[int, Tone]:
    if metric.better is Better.NEITHER:
        return (1 if step > 0 else -1), Tone.NEUTRAL
    good = (step > 0) == (metric.better is Better.UP)
    return (1 if step > 0 else -1), Tone.GOOD if good else Tone.BAD
