"""The worker that empties the queue of changes and keeps the rollups: a thread of the server.

Each process has one; a lock in the database lets one of them work at a time. It asks for work
instead of being told: a NOTIFY by the transactions that store callbacks would make them commit one
after the other.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine, Text, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from domo_insights.database.doors import maintaining
from domo_insights.errors import DomoInsightsError, QueryTimeoutError
from domo_insights.settings import current

EVERY_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 0.2
"""The least time between two looks, so that a storm is worked off in batches."""
PATIENCE_SECONDS: Final = 10.0
"""Without having reached the database for twice as long, it does not count as working."""
AWAY_SECONDS: Final = 1.0
"""How long it waits between two tries while the database is away."""
BATCH: Final = 10_000
LEAST: Final = 100
"""Rows of a batch that is not made smaller when it takes too long."""
FILLED_AT_ONCE: Final = 1_000
"""Conversations filled in by one transaction: about a quarter of a second of work."""
_log = logging.getLogger(__name__)


def drain(engine: Engine) -> int:
    """Work off what is queued, batch after batch; one that takes too long is halved, and again.
    Answers how many rows that were; 0 as well when another process is at it.
    Raises: DatabaseError."""
    total, most = 0, BATCH
    while True:
        try:
            with maintaining(engine) as conn:
                taken = conn.scalar(select(func.insights.drain_changes(most)))
        except QueryTimeoutError:
            if most <= LEAST:
                raise
            most //= 2
            continue
        total += taken or 0
        if not taken or taken < most:
            return total


def fill_some(engine: Engine, most: int = FILLED_AT_ONCE) -> int | None:
    """Fill in the next `most` conversations of those that were stored before their rows were kept.
    Answers how many they were: 0 when all are done, None where another process is at it.
    Raises: DatabaseError."""
    with maintaining(engine) as conn:
        return conn.scalar(select(func.insights.fill_rollups(most)))


def keep_zones(engine: Engine, zones: Sequence[str]) -> None:
    """Have days of conversations kept for `zones`, and UTC; those of other zones go. New ones are
    filled in like everything that was stored before. Raises: DatabaseError."""
    with maintaining(engine) as conn:
        conn.execute(select(func.insights.keep_zones(literal(list(zones), ARRAY(Text())))))


class Worker:
    """Drains until it is stopped, whatever happens to the database meanwhile."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stopping = threading.Event()
        self._told = threading.Event()
        self._last_try = 0.0
        self._thread = threading.Thread(target=self._run, name="queue worker", daemon=True)

    @property
    def working(self) -> bool:
        """Whether it reached the database lately."""
        return self._thread.is_alive() and time.monotonic() - self._last_try < PATIENCE_SECONDS * 2

    def start(self) -> None:
        self._thread.start()

    def tell(self) -> None:
        """Something was committed: look soon."""
        self._told.set()

    def stop(self) -> None:
        self._stopping.set()
        self._told.set()
        self._thread.join(PATIENCE_SECONDS)

    def ended(self) -> None:
        """Wait until it has: what it was at when it was stopped may take longer than `stop`."""
        self._thread.join()

    def _run(self) -> None:
        wait, away, zones_kept = EVERY_SECONDS, False, False
        while not self._stopping.wait(PAUSE_SECONDS):
            self._told.wait(max(0.0, wait - PAUSE_SECONDS))
            if self._stopping.is_set():
                return
            self._told.clear()
            try:
                drain(self._engine)
                if not zones_kept:
                    keep_zones(self._engine, current().insights_rollup_zones)
                    zones_kept = True
                more = fill_some(self._engine)
                self._last_try = time.monotonic()
                if away:
                    _log.warning("The database is back.")
                wait, away = PAUSE_SECONDS if more else EVERY_SECONDS, False
            except DomoInsightsError as problem:
                if not away:
                    _log.warning("The queue cannot be worked off: %s", type(problem).__name__)
                wait, away = AWAY_SECONDS, True


_running: Worker | None = None


@contextmanager
def working(engine: Engine) -> Iterator[Worker]:
    """The worker of this process, for as long as the block lasts."""
    global _running
    worker = Worker(engine)
    worker.start()
    _running = worker
    try:
        yield worker
    finally:
        _running = None
        worker.stop()


def tell() -> None:
    """Say that this process has committed something that pages show."""
    if _running is not None:
        _running.tell()


def is_working() -> bool:
    """Whether the worker of this process is there and reaches the database."""
    return _running is not None and _running.working
