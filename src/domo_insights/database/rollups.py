"""What is kept ready for pages: brought up to date, and filled in on a database that had rows
before. What is not kept yet is counted when a page asks, so nothing here makes a number wrong.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, column, func, select

from domo_insights.database.doors import maintaining
from domo_insights.database.queue import FILLED_AT_ONCE, drain, fill_some, keep_zones
from domo_insights.database.tables_changes import rollup_state
from domo_insights.settings import current

_RETRY_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Part:
    """How far the first filling of one kind of rollup is: conversations, or days of messages."""

    part: str
    done: int
    total: int
    complete: bool


def progress(engine: Engine) -> list[Part]:
    """Where each kind stands now, in the order in which they are filled. Raises: DatabaseError."""
    names = ("part", "done", "total", "complete")
    filling = func.insights.filling().table_valued(*map(column, names))
    with maintaining(engine) as conn:
        found = conn.execute(select(*(filling.c[name] for name in names))).all()
    return [Part(name, done, max(done, total), complete) for name, done, total, complete in found]


def refresh(
    engine: Engine, stopping: Callable[[], bool] = lambda: False, most: int = FILLED_AT_ONCE
) -> Iterator[int]:
    """Work off the queue, then fill in what is missing, until all is kept or `stopping`.

    Yields the number of changes, then of what was filled in since the last time: conversations,
    then days. Every step is a transaction of its own: it may be stopped at any time and run again.
    Raises: DatabaseError.
    """
    keep_zones(engine, current().insights_rollup_zones)
    yield drain(engine)
    while not stopping():
        done = fill_some(engine, most)
        if done == 0:
            return
        if done is None:
            time.sleep(_RETRY_SECONDS)
        yield done or 0


def start_over(engine: Engine) -> None:
    """Have everything counted and kept anew. Raises: DatabaseError."""
    fresh = {"complete": False, "position": "", "done": 0, "updated_at": func.now()}
    with maintaining(engine) as conn:
        conn.execute(rollup_state.update().values(fresh))


def sum_up(engine: Engine, most: int = 20) -> int:
    """Sum up `most` days of all demos now, where the worker lets a minute pass since they changed.
    Answers how many they were, 0 when none is left. Raises: DatabaseError."""
    alone = func.pg_advisory_xact_lock(func.hashtextextended("insights.drain_changes", 0))
    with maintaining(engine) as conn:
        conn.execute(select(alone))
        return int(conn.scalar(select(func.insights.sum_platform_days(most, func.now()))) or 0)
