"""Callbacks that come at the same time go into one transaction: what they cost together is little
more than what one costs alone."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine

from domo_insights.database.doors import ingesting
from domo_insights.errors import (
    BusyError,
    ConflictingDataError,
    DatabaseError,
    DatabaseUnreachableError,
    DomoInsightsError,
    NoRoomError,
    NotAllowedError,
    ReadOnlyError,
)
from domo_insights.ingest.store import Fate, Received, Stored, settle

MOST: Final = 20
"""Callbacks in one transaction."""
AT_ONCE: Final = 2
"""Transactions at the same time: while one waits for a conversation, the other goes on."""
_ATTEMPTS: Final = 5


_OF_ALL: Final = (
    BusyError,
    DatabaseUnreachableError,
    NoRoomError,
    NotAllowedError,
    ReadOnlyError,
)
"""What would befall each of a group alone as well."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A callback whose sender waits: in the end it has a fate or an error."""

    engine: Engine
    item: Received
    fate: Fate | None = None
    error: DomoInsightsError | None = None
    done: bool = False


class _Queue:
    """The callbacks that wait, and the turns that are taken."""

    def __init__(self) -> None:
        self.waiting: list[_Waiting] = []
        self._taken = 0
        self._moved = threading.Condition()

    def turn(self, mine: _Waiting) -> list[_Waiting]:
        """A turn, with the callbacks to store in it; none when somebody else has stored `mine`."""
        with self._moved:
            self.waiting.append(mine)
            while not mine.done and (self._taken == AT_ONCE or mine not in self.waiting):
                self._moved.wait()
            if mine.done:
                return []
            self._taken += 1
            same = [one for one in self.waiting if one.engine is mine.engine and one is not mine]
            group = [mine, *same[: MOST - 1]]
            self.waiting = [one for one in self.waiting if one not in group]
            return group

    def over(self, group: Sequence[_Waiting]) -> None:
        with self._moved:
            for one in group:
                one.done = True
            self._taken -= 1
            self._moved.notify_all()


queue: Final = _Queue()


def store_together(engine: Engine, item: Received) -> Fate:
    """Store a callback, with those that wait as well; it is committed when this answers.

    Whoever gets a turn stores for the others too. One that cannot be stored keeps no other from
    it. Raises: as `settle_patiently`, on account of this callback.
    """
    mine = _Waiting(engine, item)
    if group := queue.turn(mine):
        try:
            _settle(group)
        finally:
            queue.over(group)
    if mine.fate is None:
        raise mine.error or DatabaseError()
    return mine.fate


def _settle(group: Sequence[_Waiting]) -> None:
    """Give each of `group` a fate or an error."""
    try:
        _, fates = settle_patiently(group[0].engine, [one.item for one in group])
        for one, fate in zip(group, fates, strict=True):
            one.fate = fate
    except _OF_ALL as problem:
        for one in group:
            one.error = problem
    except DomoInsightsError as problem:
        if len(group) == 1:
            group[0].error = problem
        else:
            for one in group:
                _settle([one])


def settle_patiently(engine: Engine, received: Sequence[Received]) -> tuple[Stored, list[Fate]]:
    """`settle` in a transaction of its own, tried again while another one is in the way.

    Raises: as `settle`; BusyError when it stays in the way.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with ingesting(engine) as conn:
                return settle(conn, received)
        except (BusyError, ConflictingDataError):
            if attempt == _ATTEMPTS:
                raise
            time.sleep(0.05 * 2**attempt)
    raise BusyError
