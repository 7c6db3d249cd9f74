"""The version of each user's data, kept in memory by one thread per process.

It listens where the address allows it and asks for one row now and then where it does not (a
transaction-mode pooler has no LISTEN). What it hears is only a sign that something moved: the
versions themselves are read from the table, so a made-up NOTIFY shows nothing to anybody.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import psycopg
from sqlalchemy import Engine, make_url, select

from domo_insights.database import replica
from domo_insights.database.doors import maintaining
from domo_insights.database.engine import address
from domo_insights.database.reads import freshest
from domo_insights.database.tables_changes import data_version, demo_versions
from domo_insights.errors import DomoInsightsError
from domo_insights.viewer import Viewer

TRANSACTION_POOLER_PORT: Final = 6543
POLL_SECONDS: Final = 1.0
LISTEN_SECONDS: Final = 20.0
"""How long it listens before it looks by itself, in case a sign was lost."""
AWAY_SECONDS: Final = 1.0
APART_SECONDS: Final = 0.6
"""The least time between two looks: in a storm, tabs that are drawn meanwhile share answers."""
_log = logging.getLogger(__name__)


def listen_address(url: str, listen_url: str = "") -> str:
    """Where LISTEN works: `listen_url`, else `url` unless that is a transaction-mode pooler;
    empty when there is none. Raises: ConfigError."""
    chosen = listen_url or ("" if address(url).port == TRANSACTION_POOLER_PORT else url)
    return make_url(chosen).set(drivername="postgresql").render_as_string(False) if chosen else ""


class Versions:
    """The versions as last read. Every session of this process asks, one thread writes."""

    def __init__(
        self, engine: Engine, listen_url: str, read: Callable[[], None] = lambda: None
    ) -> None:
        """`read` is called in the thread whenever the versions were read."""
        self._engine = engine
        self._listen_url = listen_url
        self._read = read
        self._overall = 0
        self._by_user: dict[UUID, int] = {}
        self._fresh_at = float("-inf")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="versions", daemon=True)

    def of(self, viewer: Viewer) -> int:
        """The version of what `viewer` may see; it moves when that does."""
        return self._overall if viewer.product_team else self._by_user.get(viewer.user_id, 0)

    @property
    def known(self) -> bool:
        """Whether the versions can be relied on: somebody listened or looked a moment ago."""
        return time.monotonic() - self._fresh_at < LISTEN_SECONDS + 10 * POLL_SECONDS

    def look(self) -> None:
        """Read the versions that moved. Raises: DatabaseError."""
        where = freshest(self._engine)
        with maintaining(where) as conn:
            overall = conn.scalar(select(data_version.c.version)) or 0
            if overall < self._overall:
                if not replica.caught_up():  # the primary was asked before: what was told stays
                    overall = self._overall
                else:  # another database stands behind the address
                    self._overall, self._by_user = 0, {}
            if overall > self._overall and where is self._engine:
                replica.told()
            if overall > self._overall:
                moved = select(demo_versions.c.user_id, demo_versions.c.version).where(
                    demo_versions.c.version > self._overall
                )
                for user_id, version in conn.execute(moved):
                    self._by_user[user_id] = max(version, self._by_user.get(user_id, 0))
        self._overall, self._fresh_at = overall, time.monotonic()
        self._read()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(5)

    def _run(self) -> None:
        away = False
        while not self._stopping.is_set():
            try:
                # What the primary tells of, a replica may not have yet: there it is asked.
                if self._listen_url and replica.known() is None:
                    self._listen()
                else:
                    self.look()
                    self._stopping.wait(POLL_SECONDS)
                away = False
            except (DomoInsightsError, psycopg.Error) as problem:
                if not away:
                    _log.warning("Changes are not heard of now: %s", type(problem).__name__)
                away, self._fresh_at = True, float("-inf")
                self._stopping.wait(AWAY_SECONDS)

    def _listen(self) -> None:
        with psycopg.connect(self._listen_url, autocommit=True, connect_timeout=5) as conn:
            conn.execute("listen insights_changes")
            self.look()
            begun = time.monotonic()
            while not self._stopping.is_set():
                # One sign is enough: the rest of a burst is read along with it.
                heard = list(conn.notifies(timeout=POLL_SECONDS, stop_after=1))
                if heard or time.monotonic() - begun > LISTEN_SECONDS:
                    begun = time.monotonic()
                    self.look()
                    self._stopping.wait(APART_SECONDS)


_known: Versions | None = None


@contextmanager
def listening(
    engine: Engine, listen_url: str, read: Callable[[], None] = lambda: None
) -> Iterator[Versions]:
    """Keep the versions in memory for as long as the block lasts, and say when they were read."""
    global _known
    versions = Versions(engine, listen_url, read)
    versions.start()
    _known = versions
    try:
        yield versions
    finally:
        _known = None
        versions.stop()


def version_of(viewer: Viewer) -> int | None:
    """The version of what `viewer` may see; None while nobody keeps it."""
    return _known.of(viewer) if _known is not None and _known.known else None


def is_deaf() -> bool:
    """Whether this process should hear of changes and does not now: the database is away."""
    return _known is not None and not _known.known
