"""A read replica: pages read there, and everything else stays with the primary.

A thread compares the two every second. Lag is the age of the oldest position of the primary's log,
as this process saw it, that the replica has not replayed: it needs no rights and no common clock,
and it grows as well when the replica is cut off and believes itself up to date.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, Numeric, Text, cast, func, literal, select
from sqlalchemy.types import UserDefinedType

from domo_insights.database.failures import translated
from domo_insights.errors import DatabaseError, DomoInsightsError
from domo_insights.viewer import Viewer

EVERY_SECONDS: Final = 1.0
SILENT_SECONDS: Final = 5.0
"""A replica that was not heard of for so long is away."""
_log = logging.getLogger(__name__)


class _Position(UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "pg_lsn"


@dataclass(frozen=True, slots=True)
class ReplicaState:
    """How the replica is. `behind_seconds`: how old what it shows may be, None when unknown.
    `used`: whether pages read from it now."""

    used: bool
    behind_seconds: float | None


class Replica:
    """Knows whether the replica can be asked, and whether it has what somebody wrote."""

    def __init__(self, primary: Engine, engine: Engine, most_behind_seconds: float) -> None:
        self.engine = engine
        self._primary = primary
        self._most_behind = most_behind_seconds
        self._seen: deque[tuple[float, int]] = deque(maxlen=7200)
        self._replayed = 0
        self._answered_at = float("-inf")
        self._own_writes: dict[UUID, int] = {}
        self._told = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="replica", daemon=True)

    def state(self) -> ReplicaState:
        behind = self._behind()
        answers = time.monotonic() - self._answered_at < SILENT_SECONDS
        return ReplicaState(answers and behind <= self._most_behind, behind if answers else None)

    def serves(self, viewer: Viewer) -> bool:
        """Whether `viewer` may read there: it answers, and has what they wrote themselves and
        what open pages were told of."""
        needed = self._own_writes.get(viewer.user_id)
        if needed is not None and self._replayed >= needed:
            self._own_writes.pop(viewer.user_id, None)
            needed = None
        return needed is None and self.caught_up() and self.state().used

    def told(self) -> None:
        """Open pages are told of what the primary has now: they read it there until this one has
        it too. Raises: DatabaseError."""
        self._told = self._position()

    def caught_up(self) -> bool:
        """Whether it has all that open pages were told of."""
        return self._replayed >= self._told

    def wrote(self, viewer: Viewer) -> None:
        """`viewer` has committed something: until the replica has it, they read the primary."""
        try:
            self._own_writes[viewer.user_id] = self._position()
        except DatabaseError:
            self._own_writes[viewer.user_id] = self._seen[-1][1] + 1 if self._seen else 1

    def lost(self) -> None:
        """It has just failed somebody: nobody asks it before it has answered again."""
        self._answered_at = float("-inf")

    def look(self) -> None:
        """Compare the two once. Raises: DatabaseError when the replica gives no answer."""
        with suppress(DatabaseError):  # without the primary the replica may go on alone
            self._seen.append((time.monotonic(), self._position()))
        with translated(), self.engine.connect() as conn:
            replayed = conn.scalar(select(_bytes(func.pg_last_wal_replay_lsn())))
        if replayed is None:
            raise DatabaseError("DATABASE_READ_URL is no replica.")
        self._replayed, self._answered_at = int(replayed), time.monotonic()
        while self._seen and self._seen[0][1] <= self._replayed:
            self._seen.popleft()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(SILENT_SECONDS)

    def _behind(self) -> float:
        waiting = next((at for at, position in self._seen if position > self._replayed), None)
        return 0.0 if waiting is None else time.monotonic() - waiting

    def _position(self) -> int:
        with translated(), self._primary.connect() as conn:
            return int(conn.scalar(select(_bytes(func.pg_current_wal_lsn()))) or 0)

    def _run(self) -> None:
        away = False
        while not self._stopping.is_set():
            try:
                self.look()
                if away:
                    _log.warning("The read replica is back.")
                away = False
            except DomoInsightsError as problem:
                if not away:
                    _log.warning("The read replica is away: %s", type(problem).__name__)
                self.lost()
                away = True
            self._stopping.wait(EVERY_SECONDS)


_known: Replica | None = None


@contextmanager
def following(primary: Engine, replica: Engine, most_behind_seconds: float) -> Iterator[Replica]:
    """Pages of this process read from `replica` while it is well, inside the block."""
    global _known
    watched = Replica(primary, replica, most_behind_seconds)
    watched.start()
    _known = watched
    try:
        yield watched
    finally:
        _known = None
        watched.stop()


def known() -> Replica | None:
    """The replica of this process, if it has one."""
    return _known


def wrote(viewer: Viewer) -> None:
    """`viewer` has committed something: they read the primary until the replica has it."""
    if _known is not None:
        _known.wrote(viewer)


def told() -> None:
    """The version of the primary's data is about to be told. Raises: DatabaseError."""
    if _known is not None:
        _known.told()


def caught_up() -> bool:
    """Whether pages find all that they were told of wherever they read."""
    return _known is None or _known.caught_up()


def replica_state() -> ReplicaState | None:
    """How it is; None where there is none."""
    return _known.state() if _known is not None else None


def _bytes(position: Any) -> Any:
    """A position in the log as a number that grows."""
    return cast(func.pg_wal_lsn_diff(position, cast(literal("0/0", Text), _Position)), Numeric)
