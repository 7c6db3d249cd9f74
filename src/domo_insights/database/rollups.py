"""What is kept ready for pages: brought up to date, and filled in on a database that had rows
before. What is not kept yet is counted when a page asks, so nothing here makes a number wrong.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, func, select

from domo_insights.database.doors import maintaining
from domo_insights.database.queue import FILLED_AT_ONCE, drain, fill_some
from domo_insights.database.tables import conversation_map
from domo_insights.database.tables_changes import change_queue, rollup_state

_RETRY_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the first filling is, in conversations, and how many changes wait."""

    done: int
    total: int
    waiting: int
    complete: bool


def progress(engine: Engine) -> Progress:
    """Where it stands now. Raises: DatabaseError."""
    with maintaining(engine) as conn:
        state = conn.execute(
            select(rollup_state.c.done, rollup_state.c.complete).where(
                rollup_state.c.part == "conversations"
            )
        ).one()
        total = conn.scalar(select(func.count()).select_from(conversation_map)) or 0
        waiting = conn.scalar(select(func.count()).select_from(change_queue)) or 0
    done = total if state.complete else min(state.done, total)
    return Progress(done, total, waiting, bool(state.complete))


def refresh(
    engine: Engine, stopping: Callable[[], bool] = lambda: False, most: int = FILLED_AT_ONCE
) -> Iterator[int]:
    """Work off the queue, then fill in what is missing, until all is kept or `stopping`.

    Yields what was done since the last time: changes, then conversations. Every step is a
    transaction of its own: it may be stopped at any time and run again.
    Raises: DatabaseError.
    """
    yield drain(engine)
    while not stopping():
        done = fill_some(engine, most)
        if done == 0:
            return
        if done is None:
            time.sleep(_RETRY_SECONDS)
        yield done or 0


def start_over(engine: Engine) -> None:
    """Have everything counted and kept anew, while the rows that are kept go on serving.

    Raises: DatabaseError.
    """
    with maintaining(engine) as conn:
        conn.execute(
            rollup_state.update().values(complete=False, position="", done=0, updated_at=func.now())
        )
