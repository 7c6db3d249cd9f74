"""Pages are made one after the other, in the order in which they were asked for.

Python runs one thread at a time. Were all pages made at once, each would take as long as all of
them together, and what sends them to browsers would wait among them. A page keeps its turn while it
computes, gives it up while the database works for it, and takes it again before those who asked
later. A turn that is kept for long is passed on: it is a courtesy, not a lock.
"""

import heapq
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Engine, event

LONGEST_SECONDS: Final = 0.25
"""A page that computes for longer, or waits for something else than the database, is overtaken."""


@dataclass(order=True, slots=True)
class _Turn:
    asked_at: float
    came: threading.Event = field(default_factory=threading.Event, compare=False)


class Turns:
    """One turn at a time, of those who wait the one that asked first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Turn] = []
        self._holder: _Turn | None = None
        self._since = 0.0

    def take(self, asked_at: float) -> _Turn:
        """Wait for the turn of a page that was `asked_at` (monotonic seconds)."""
        mine = _Turn(asked_at)
        with self._lock:
            if self._holder is None and not self._waiting:
                self._give(mine)
            else:
                heapq.heappush(self._waiting, mine)
        while not mine.came.wait(LONGEST_SECONDS):
            with self._lock:
                if time.monotonic() - self._since >= LONGEST_SECONDS:
                    self._next()
        return mine

    def give_up(self, turn: _Turn) -> None:
        """The turn is over; nothing happens when it was passed on before."""
        with self._lock:
            if self._holder is turn:
                self._next()

    def _next(self) -> None:
        if self._waiting:
            self._give(heapq.heappop(self._waiting))
        else:
            self._holder = None

    def _give(self, turn: _Turn) -> None:
        self._holder, self._since = turn, time.monotonic()
        turn.came.set()


_turns: Final = Turns()
_own = threading.local()


@contextmanager
def turn() -> Iterator[None]:
    """What is made inside the block waits for its turn, and for the database without one."""
    _own.asked_at = asked_at = time.monotonic()
    _own.turn = _turns.take(asked_at)
    try:
        yield
    finally:
        _leave()
        _own.asked_at = None


@contextmanager
def holding(lock: threading.Lock) -> Iterator[None]:
    """Hold `lock`. Who has to wait for it, since another page makes what both need, waits without a
    turn: the other one needs it to go on."""
    waited = not lock.acquire(blocking=False)
    if waited:
        _leave()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
        if waited:
            _return()


def _leave(*_: Any) -> None:
    held: _Turn | None = getattr(_own, "turn", None)
    if held is not None:
        _own.turn = None
        _turns.give_up(held)


def _return(*_: Any) -> None:
    asked_at: float | None = getattr(_own, "asked_at", None)
    if asked_at is not None and _own.turn is None:
        _own.turn = _turns.take(asked_at)


event.listen(Engine, "before_cursor_execute", _leave)
event.listen(Engine, "after_cursor_execute", _return)
