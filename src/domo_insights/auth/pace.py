"""How often one asker is answered in a while, counted in this process."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

_MOST_ASKERS: Final = 10_000
_SECONDS: Final = 60.0


class Pace:
    """A bucket per asker that holds `per_minute` answers and fills up within a minute.

    Several processes count each for itself. 0 sets no limit. Askers that were not heard of for
    longest are forgotten first: their buckets are full by then.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def wait(self, asker: str, per_minute: int) -> int:
        """0 where `asker` may be answered now, which counts; else whole seconds to wait."""
        if per_minute <= 0:
            return 0
        now, rate = self._now(), per_minute / _SECONDS
        with self._lock:
            left, then = self._left.pop(asker, (float(per_minute), now))
            left = min(float(per_minute), left + (now - then) * rate)
            allowed = left >= 1
            self._left[asker] = (left - 1 if allowed else left, now)
            while len(self._left) > _MOST_ASKERS:
                self._left.popitem(last=False)
        return 0 if allowed else max(1, -int(-(1 - left) / rate))
