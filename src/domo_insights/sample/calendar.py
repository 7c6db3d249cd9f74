"""When people visit: working hours of their zone, weekdays, trends, and the days that were odd."""

import math
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from domo_insights.sample.portfolio import BAD_AFTERNOON, DAYS, SILENT, Plan

_OFFICE: Final = {8: 3, 9: 16, 10: 26, 11: 22, 12: 6, 13: 7, 14: 24, 15: 22, 16: 12, 17: 5, 20: 3}
_BUSIEST: Final = (10, 14)
_LEISURE: Final = {8: 4, 10: 5, 11: 4, 12: 8, 13: 5, 17: 8, 18: 16, 19: 22, 20: 26, 21: 18, 22: 5}
_SATURDAY: Final = {9: 3, 10: 10, 11: 10, 12: 4, 14: 5, 15: 8, 16: 8, 17: 5, 19: 6, 20: 8, 21: 4}
_LATEST: Final = {
    "harborline": (timedelta(seconds=75), timedelta(hours=3, minutes=20)),
    "tandem": (timedelta(minutes=17), timedelta(hours=1, minutes=12)),
    "palabrio": (timedelta(minutes=41),),
}
"""Visits that are there at any time of the day somebody looks: one of them is still going on."""
_LONGEST: Final = timedelta(minutes=25)
"""The longest a visit lasts, so that none reaches into a silent hour."""


def working_day(now: datetime, days_ago: int) -> date:
    """The day that many days before `now` (UTC), or the Friday before if that is a weekend."""
    day = now.astimezone(UTC).date() - timedelta(days=days_ago)
    return day - timedelta(days=max(0, day.weekday() - 4))


def bad_afternoon(now: datetime) -> tuple[datetime, datetime]:
    """From when until when the webhook handler was slow."""
    day = working_day(now, BAD_AFTERNOON)
    return datetime.combine(day, time(12), UTC), datetime.combine(day, time(17, 30), UTC)


def silent_hours(now: datetime) -> list[tuple[datetime, datetime]]:
    """From when until when nothing arrived, of any demo."""
    found = []
    for days_ago, hour, hours in SILENT:
        start = datetime.combine(working_day(now, days_ago), time(hour), UTC)
        found.append((start, start + timedelta(hours=hours)))
    return found


def starts(rng: Random, plan: Plan, now: datetime) -> list[datetime]:
    """The instants (UTC) at which visits of the demo began, in order, none after `now`."""
    today = now.astimezone(UTC).date()
    oldest = min(DAYS, plan.published if plan.published is not None else plan.created - 4)
    newest = max(plan.archived or 0, plan.quiet)
    ages = range(oldest, newest - 1, -1)
    weights = [_weight(rng, plan, now, today - timedelta(days=age), age, oldest) for age in ages]
    found = []
    for age, visits in zip(ages, _spread(rng, weights, plan.visits), strict=True):
        found += [_moment(rng, plan, today - timedelta(days=age), n) for n in range(visits)]
    found += [now - back for back in _LATEST.get(plan.key, ())]
    earliest = now - timedelta(days=DAYS)
    quiet = now - timedelta(days=newest)
    return sorted(
        at for at in found if earliest < at <= (quiet if newest else now) and not _silent(at, now)
    )


def _silent(at: datetime, now: datetime) -> bool:
    if now - at < timedelta(days=1):
        return False
    return any(start - _LONGEST <= at < end for start, end in silent_hours(now))


def _weight(rng: Random, plan: Plan, now: datetime, day: date, age: int, oldest: int) -> float:
    first, last = plan.trend
    weight = first + (last - first) * (1 - age / oldest)
    if day.weekday() >= 5:
        weight *= plan.weekend
    if plan.rush is not None and day == working_day(now, plan.rush):
        weight *= 7
    if day == working_day(now, BAD_AFTERNOON):
        weight *= 2.2
    return weight * rng.uniform(0.6, 1.4)


def _spread(rng: Random, weights: list[float], total: int) -> list[int]:
    """`total` visits over the days by weight, with no more accident than rounding needs."""
    counts, step, reached = [], sum(weights) / total, 0.0
    mark = rng.uniform(0, step)
    for weight in weights:
        reached += weight
        here = max(0, math.ceil((reached - mark) / step))
        mark += here * step
        counts.append(here)
    return counts


def _moment(rng: Random, plan: Plan, day: date, nth: int) -> datetime:
    """When the nth visit of `day` began. The first ones come when most people are at work: that
    makes hours in which there is always something, and so hours in which something is missing.
    """
    zone = rng.choices(list(plan.zones), list(plan.zones.values()))[0]
    hours = _SATURDAY if day.weekday() >= 5 else _LEISURE if plan.evenings else _OFFICE
    hour = rng.choices(list(hours), list(hours.values()))[0]
    if hours is _OFFICE and nth < len(_BUSIEST):
        zone, hour = next(iter(plan.zones)), _BUSIEST[nth]
    second = rng.randrange(3600)
    local = datetime.combine(day, time(hour, second // 60, second % 60), ZoneInfo(zone))
    return local.astimezone(UTC) + timedelta(milliseconds=rng.randrange(1000))
