"""One measured quantity: how it is written, compared and explained."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

THIN: Final = "\u2009"
"""Thin space: between thousands, and between a number and its unit. The font has no narrower."""
NOTHING: Final = "–"


class Kind(StrEnum):
    """What kind of number it is, which decides how it is compared with the period before."""

    COUNT = "count"
    SHARE = "share"
    MEDIAN = "median"


class Better(StrEnum):
    """Which direction is good news."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured quantity. `key` is its column name in every frame.

    `spec` is a Python format and a d3 format at once. Shares are fractions of 1, durations
    seconds. `cases` is the column that says on how many cases a share or a median rests, or of how
    many a count of what is now is a part.
    """

    key: str
    label: str
    unit: str
    kind: Kind
    spec: str
    better: Better
    meaning: str
    source: str
    cases: str = ""

    @property
    def axis(self) -> str:
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def text(self, value: float | None) -> str:
        """`value` as people read it; a dash when there is none."""
        if value is None or value != value:
            return NOTHING
        if self.unit == "s" and value >= 60:
            return clock(value)
        number = f"{value:{self.spec}}".replace(",", THIN).replace("%", f"{THIN}%")
        return f"{number}{THIN}{self.unit}" if self.unit else number


def clock(seconds: float) -> str:
    """A length of a minute or more, as in 3 min 05 s or 1 h 02 min."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600}{THIN}h {whole % 3600 // 60:02}{THIN}min"
    return f"{whole // 60}{THIN}min {whole % 60:02}{THIN}s"
