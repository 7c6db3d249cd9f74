"""The half-open stretch of time that every query filters on.

Days, weeks and hours are those of the clock on the wall of `zone`. All of that arithmetic is
done here, once: a query only ever compares instants.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from domo_insights.errors import PeriodError

HOURLY_UP_TO_DAYS: Final = 2
DAILY_UP_TO_DAYS: Final = 120
PRESETS: Final = ("24h", "7d", "30d", "90d")
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_LONGEST: Final = 36_600
_ONE_DAY: Final = timedelta(days=1)
_TICK: Final = timedelta(microseconds=1)


class Grain(StrEnum):
    """How long a bucket of a chart over time is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class Bucket(NamedTuple):
    """Instants `start <= t < end`; `label` is the local start of the hour, day or ISO week."""

    label: datetime
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """Instants `start <= t < end`, in days of `zone`, asked at `as_of`.

    A rolling period is so many hours up to a minute; any other is whole local days.
    Raises: PeriodError, when it ends before it starts or the zone is unknown.
    """

    start: datetime
    end: datetime
    zone: str
    as_of: datetime
    rolling: bool = False
    grain: Grain | None = None

    def __post_init__(self) -> None:
        zone_of(self.zone)
        for name in ("start", "end", "as_of"):
            moment: datetime = getattr(self, name)
            if moment.tzinfo is None:
                raise PeriodError(f"The {name.replace('_', ' ')} of a period needs a zone.")
            object.__setattr__(self, name, moment.astimezone(UTC))
        if self.end <= self.start:
            raise PeriodError
        if self.grain is None:
            object.__setattr__(self, "grain", self._usual_grain())

    @classmethod
    def last_days(cls, days: int, as_of: datetime, zone: str = "UTC") -> "Period":
        """`days` local days, up to and including the one that `as_of` falls on."""
        today = as_of.astimezone(zone_of(zone)).date()
        return cls.of_days(today - timedelta(days=days - 1), today + _ONE_DAY, as_of, zone)

    @classmethod
    def last_hours(cls, hours: int, as_of: datetime, zone: str = "UTC") -> "Period":
        """The `hours` hours before `as_of`, floored to the minute."""
        end = as_of.astimezone(UTC).replace(second=0, microsecond=0)
        return cls(end - timedelta(hours=hours), end, zone, as_of, rolling=True)

    @classmethod
    def of_days(cls, first: date, after: date, as_of: datetime, zone: str = "UTC") -> "Period":
        """The local days from `first` up to but not including `after`."""
        return cls(_day_start(first, zone), _day_start(after, zone), zone, as_of)

    @classmethod
    def parse(cls, text: str, as_of: datetime, zone: str = "UTC") -> "Period":
        """`30d`, `24h` or `2026-01-01..2026-02-01` (the second day is excluded).

        Raises: PeriodError, saying what was not understood.
        """
        zone_of(zone)
        if match := re.fullmatch(r"(\d{1,6})([dh])", text.strip()):
            number, make = int(match[1]), cls.last_days if match[2] == "d" else cls.last_hours
            if not 1 <= number <= _LONGEST or as_of.year - number // 365 < _FIRST_YEAR:
                raise PeriodError(f"{text} is not a length of time that can be shown.", hint=_FORMS)
            return make(number, as_of, zone)
        first, dots, after = text.strip().partition("..")
        if not dots:
            raise PeriodError(f"{text!r} is not a period.", hint=_FORMS)
        return cls.of_days(_day(first), _day(after), as_of, zone)

    @property
    def tz(self) -> ZoneInfo:
        return zone_of(self.zone)

    @property
    def running(self) -> bool:
        """Whether it has begun and is not over at `as_of`."""
        return self.start < self.as_of < self.end

    @property
    def first_day(self) -> date:
        return self.start.astimezone(self.tz).date()

    @property
    def last_day(self) -> date:
        """The last local day of which a moment is inside."""
        return (self.end - _TICK).astimezone(self.tz).date()

    @property
    def days(self) -> int:
        """Local days it touches."""
        return (self.last_day - self.first_day).days + 1

    def previous(self) -> "Period":
        """The equally long stretch before, cut at the same local time while this one runs.

        Whole days go back by calendar days, so a clock change does not move midnight.
        """
        if self.rolling:
            back = self.end - self.start
            return replace(self, start=self.start - back, end=self.start)
        back = timedelta(days=self.days)
        start = _day_start(self.first_day - back, self.zone)
        if not self.running:
            return replace(self, start=start, end=self.start)
        cut = (self.as_of.astimezone(self.tz) - back).replace(fold=0).astimezone(UTC)
        return replace(self, start=start, end=max(min(cut, self.start), start + _TICK))

    def buckets(self, grain: Grain | None = None) -> list[Bucket]:
        """The hours, days or ISO weeks of it, ascending; a day that a zone skipped is none."""
        return list(_buckets(self, grain or self.grain))

    def _days_or_weeks(self, grain: Grain | None) -> list[Bucket]:
        step = timedelta(days=7 if grain is Grain.WEEK else 1)
        day = self.first_day
        if step > _ONE_DAY:
            day -= timedelta(days=day.weekday())
        found = []
        while day <= self.last_day:
            start = max(self.start, _day_start(day, self.zone))
            end = min(self.end, _day_start(day + step, self.zone))
            if start < end:
                found.append(Bucket(datetime.combine(day, time()), start, end))
            day += step
        return found

    @property
    def text(self) -> str:
        """The period in words, its last day included."""
        first, last = self.start.astimezone(self.tz), self.end.astimezone(self.tz)
        if self.rolling:
            return f"{_words(first.date())} {first:%H:%M} to {_words(last.date())} {last:%H:%M}"
        if self.first_day == self.last_day:
            return _words(self.first_day)
        return f"{_words(self.first_day)} to {_words(self.last_day)}"

    def _usual_grain(self) -> Grain:
        if self.days <= HOURLY_UP_TO_DAYS or (self.rolling and self._hours_long <= 48):
            return Grain.HOUR
        return Grain.DAY if self.days <= DAILY_UP_TO_DAYS else Grain.WEEK

    @property
    def _hours_long(self) -> float:
        return (self.end - self.start) / timedelta(hours=1)

    def _hours(self) -> list[Bucket]:
        found, start = [], self.start
        while start < self.end:
            local = start.astimezone(self.tz).replace(tzinfo=None)
            label = local.replace(minute=0, second=0, microsecond=0)
            end = min(start + (label + timedelta(hours=1) - local), self.end)
            found.append(Bucket(label, start, end))
            start = end
        return found


@lru_cache(maxsize=256)
def _buckets(period: Period, grain: Grain | None) -> tuple[Bucket, ...]:
    """Kept, since all questions of a minute ask for the same, thousands of hours among them."""
    return tuple(period._hours() if grain is Grain.HOUR else period._days_or_weeks(grain))


_FORMS: Final = "Write 30d, 24h, or two days as 2026-01-01..2026-02-01; the second is excluded."


@cache
def zones() -> frozenset[str]:
    """The names of all zones; to find them reads a folder with its folders."""
    return frozenset(available_timezones())


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The time zone called `name`. Raises: PeriodError."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise PeriodError(
            f"{name!r} is not a time zone.", hint="Write it like Europe/Berlin or UTC."
        ) from error


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise PeriodError(f"{text!r} is not a day.", hint=_FORMS) from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise PeriodError(f"{text} is too far away.", hint=_FORMS)
    return day


def _day_start(day: date, zone: str) -> datetime:
    """The first instant of a local day, which is not always 00:00."""
    return datetime.combine(day, time(), zone_of(zone)).astimezone(UTC)


def _words(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
