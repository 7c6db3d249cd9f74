"""Open pages follow the data: a small fragment looks at the version of what the viewer may see.

The version is in this process's memory, so a look costs no query. What moved is drawn by running
the page again; while much moves, runs keep a distance to each other that grows with their length.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import streamlit as st

from domo_insights.database.listening import version_of
from domo_insights.errors import AuthServiceError, DatabaseError, NotSignedInError
from domo_insights.ui import session

EVERY_SECONDS: Final = 1.5
SESSION_EVERY: Final = 10
"""Looks between two readings of the session row, so that a sign-out ends an idle tab as well."""
REST: Final = 2.0
"""A page rests this many times as long as its last run took."""
LONGEST_REST_SECONDS: Final = 4.0
_SEEN, _BEGUN, _TOOK, _LOOKS = "_live_seen", "_live_begun", "_live_took", "_live_looks"


def begin() -> None:
    """Note what this run is about to show, before any of it is read."""
    state = st.session_state
    state[_SEEN], state[_BEGUN] = version_of(session.current_viewer()), time.monotonic()


@contextmanager
def following() -> Iterator[None]:
    """The page that the block draws is run again when what it shows has moved."""
    state = st.session_state
    state[_TOOK], state[_LOOKS] = 0.0, 0
    _look()  # first, since a page with nothing to show stops its run
    try:
        yield
    finally:
        state[_TOOK] = time.monotonic() - state[_BEGUN]


def is_live() -> bool:
    """Whether changes are heard of now."""
    return version_of(session.current_viewer()) is not None


@st.fragment(run_every=EVERY_SECONDS)
def _look() -> None:
    state = st.session_state
    state[_LOOKS] = looks = state.get(_LOOKS, 0) + 1
    if looks == 1:  # the page's own run
        return
    if looks % SESSION_EVERY == 0 and _ended():
        st.rerun()
    version = version_of(session.current_viewer())
    rest = min(state[_TOOK] * REST, LONGEST_REST_SECONDS)
    rested = time.monotonic() - state[_BEGUN] > state[_TOOK] + rest
    if version is not None and version != state[_SEEN] and rested:
        st.rerun()


def _ended() -> bool:
    """Whether the session is over, or is somebody else's by now. Nobody answering is no end."""
    try:
        return session.changed_hands()
    except NotSignedInError:
        return True
    except (AuthServiceError, DatabaseError):
        return False
