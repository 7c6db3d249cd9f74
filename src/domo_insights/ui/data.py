"""The one road from a page to the database: pooled, cached for moments, in the viewer's name."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, Final, TypeVar, cast
from uuid import UUID

import pandas as pd
import streamlit as st
from sqlalchemy import Connection

from domo_insights.database import doors, replica
from domo_insights.database.engine import engine_for
from domo_insights.database.listening import version_of
from domo_insights.database.reads import read
from domo_insights.period import Period
from domo_insights.queries.derived import derivation_of
from domo_insights.settings import current
from domo_insights.ui.answers import Answers, hashable
from domo_insights.ui.session import current_viewer, remembered
from domo_insights.viewer import Viewer

FRESH_SECONDS: Final = 3
"""How long an answer is kept while nobody says when data change."""
KEPT_SECONDS: Final = 10
"""How long it is kept at most, by the version of the viewer's data: some tables have no version."""
_answers: Final = Answers(seconds=KEPT_SECONDS, most=2048)
_written: Final[dict[UUID, float]] = {}
"""When somebody last wrote here, by user: their other tabs, and pages opened anew, see it too."""


@dataclass(frozen=True, slots=True)
class Question:
    """A query and what it was asked with."""

    query: Callable[..., pd.DataFrame]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


_overhearing: Final[list[list[Question]]] = []


Ask = TypeVar("Ask", bound=Callable[..., Any])


def kept(*, seconds: float, most: int) -> Callable[[Ask], Ask]:
    """Keep what a function answers, as `st.cache_data` does. The cache is made by the first call:
    where no server runs, as when a command imports this, Streamlit would warn of it."""

    def decorate(ask: Ask) -> Ask:
        @cache
        def made() -> Callable[..., Any]:
            return st.cache_data(ttl=seconds, max_entries=most, show_spinner=False)(ask)

        @wraps(ask)
        def answer(*args: Any, **kwargs: Any) -> Any:
            return made()(*args, **kwargs)

        return cast("Ask", answer)

    return decorate


def load(query: Callable[..., pd.DataFrame], *args: Any, **kwargs: Any) -> pd.DataFrame:
    """Answer `query`, from the cache while it is fresh; one that is derived from another's frame
    from that frame.

    Raises: NotSignedInError, DatabaseError.
    """
    if derivation := derivation_of(query):
        frame = load(derivation.base, *args, **kwargs)
        return derivation.make(frame, args[0] if args else kwargs["period"])
    viewer = current_viewer()
    for heard in _overhearing:
        heard.append(Question(query, args, kwargs))

    def ask() -> pd.DataFrame:
        address = current().secret("database_url")
        # No more of the viewer than what the answer is kept under.
        who = Viewer(viewer.user_id, product_team=viewer.product_team)
        return read(engine_for(address), who, lambda conn: query(conn, *args, **kwargs))

    # Whoever asks is part of what was asked: the answers are shared by all sessions.
    who = viewer.user_id, viewer.product_team
    given = hashable((args, tuple(sorted(kwargs.items()))))
    return _answers.get((who, _state_of(viewer), query, given), ask)


def forget() -> None:
    """Forget all answers, of all viewers."""
    _answers.clear()


@contextmanager
def overheard() -> Iterator[list[Question]]:
    """What pages ask inside the block, in all sessions of this process, in order."""
    found: list[Question] = []
    _overhearing.append(found)
    try:
        yield found
    finally:
        _overhearing.remove(found)


def editing() -> AbstractContextManager[Connection]:
    """A transaction to write in, in the viewer's name. Raises: NotSignedInError, DatabaseError."""
    return doors.editing(engine_for(current().secret("database_url")), current_viewer())


def wrote() -> None:
    """Say that the viewer has just changed something: what they load next is asked anew."""
    viewer = remembered()
    if viewer is not None:
        _written[viewer.user_id] = time.monotonic()
        replica.wrote(viewer)


def _state_of(viewer: Viewer) -> tuple[float, ...]:
    """What the data are like, as far as it is known: their version, or else the time."""
    version, written = version_of(viewer), _written.get(viewer.user_id, 0.0)
    if version is not None:
        return version, written
    return time.monotonic() // FRESH_SECONDS, written, -1


def so_far(frame: pd.DataFrame, period: Period, rows_per_bucket: int = 1) -> pd.DataFrame:
    """The rows of buckets that have begun: what is to come is no zero."""
    begun = sum(bucket.start <= period.as_of for bucket in period.buckets()) or 1
    return frame.iloc[: begun * rows_per_bucket]
