"""95 % intervals of shares, and of their differences."""

from math import sqrt
from typing import Final

_Z95: Final = 1.959963984540054


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Of a share of at least one case: stays inside 0..1 and holds for few cases (Wilson 1927)."""
    part, whole = hits / count, 1 + _Z95**2 / count
    middle = part + _Z95**2 / (2 * count)
    spread = _Z95 * sqrt(part * (1 - part) / count + _Z95**2 / (4 * count**2))
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def newcombe(hits: int, count: int, hits_before: int, count_before: int) -> tuple[float, float]:
    """Of the difference of two independent shares (Newcombe 1998, method 10)."""
    low, high = wilson(hits, count)
    low_before, high_before = wilson(hits_before, count_before)
    now, before = hits / count, hits_before / count_before
    down = sqrt((now - low) ** 2 + (high_before - before) ** 2)
    up = sqrt((high - now) ** 2 + (before - low_before) ** 2)
    return now - before - down, now - before + up
