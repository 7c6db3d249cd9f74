"""Answers that are kept for moments, shared by all sessions of this process."""

import pickle
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from domo_insights.ui import turns


def hashable(value: Hashable) -> Hashable:
    """`value`, or where something inside it can change all that it is made of."""
    try:
        hash(value)
    except TypeError:
        return pickle.dumps(value)
    return value


@dataclass(slots=True)
class _Kept:
    until: float
    asking: threading.Lock = field(default_factory=threading.Lock)
    frame: pd.DataFrame | None = None


class Answers:
    """Frames by what was asked, at most `most` of them, each for `seconds`.

    What was asked must say who asked. A frame is handed out as a copy that shares its values until
    somebody writes to one of the two (pandas' copy-on-write): a hit costs next to nothing, where
    `st.cache_data` would hash all arguments and unpickle the frame.
    """

    def __init__(self, *, seconds: float, most: int) -> None:
        self._seconds: Final = seconds
        self._most: Final = most
        self._kept: dict[Hashable, _Kept] = {}
        self._lock = threading.Lock()

    def get(self, asked: Hashable, ask: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """The answer to `asked`; `ask` gives it once, whoever else waits for the same."""
        kept = self._place(asked)
        if kept.frame is None:
            with turns.holding(kept.asking):
                if kept.frame is None:
                    kept.frame = ask()
        return kept.frame.copy(deep=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()

    def _place(self, asked: Hashable) -> _Kept:
        now = time.monotonic()
        with self._lock:
            kept = self._kept.get(asked)
            if kept is not None and kept.until > now:
                return kept
            self._kept.pop(asked, None)
            # The oldest ones come first: a place is never taken again under the same name.
            while self._kept and (len(self._kept) >= self._most or self._oldest().until <= now):
                del self._kept[next(iter(self._kept))]
            self._kept[asked] = kept = _Kept(now + self._seconds)
            return kept

    def _oldest(self) -> _Kept:
        return next(iter(self._kept.values()))
