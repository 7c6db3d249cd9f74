"""Open pages follow the data: a small fragment looks at the version of what the viewer may see.

The version is in this process's memory, so a look costs no query. The server has a tab look when
that version moves (ui/tabs.py); browsers ask by themselves as well, seldom. What moved is drawn by
running the page again; while much moves, runs keep a distance that grows with their length.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import streamlit as st

from domo_insights.database.listening import is_deaf, version_of
from domo_insights.errors import (
    AuthServiceError,
    BusyError,
    DatabaseError,
    DatabaseUnreachableError,
    DomoInsightsError,
    NotSignedInError,
)
from domo_insights.ui import session, tabs

WOKEN_SECONDS: Final = 15.0
"""How often a browser asks by itself, so that a sign-out ends an idle tab as well."""
UNWOKEN_SECONDS: Final = 1.5
"""The same where nobody wakes tabs."""
AGAIN_SECONDS: Final = 4.0
"""How often a page that could not be drawn at all looks whether it can be."""
REST: Final = 2.0
"""A page rests this many times as long as its last run took."""
LONGEST_REST_SECONDS: Final = 2.0
REST_PER_TAB_SECONDS: Final = 0.25
"""It rests for so long for each tab that something moves under: often one browser draws them."""
_SEEN, _BEGUN, _TOOK, _LOOKS = "_live_seen", "_live_begun", "_live_took", "_live_looks"
_RUN, _READ, _RESTED = "_live_run", "_live_session_read_at", "_live_rested_at"
_MISSED = "_live_missed"


def begin() -> None:
    """Note what this run is about to show, before any of it is read."""
    tabs.busy()
    state = st.session_state
    state[_SEEN], state[_BEGUN] = version_of(session.current_viewer()), time.monotonic()
    state[_READ], state[_MISSED] = state[_BEGUN], False


@contextmanager
def following() -> Iterator[None]:
    """The page that the block draws is run again when what it shows has moved."""
    state = st.session_state
    state[_TOOK], state[_LOOKS], state[_RESTED] = 0.0, 0, state[_BEGUN]
    every = WOKEN_SECONDS if tabs.are_woken() else UNWOKEN_SECONDS
    st.fragment(_look, run_every=every)()  # first: a page with nothing to show stops its run
    try:
        yield
    finally:
        now = time.monotonic()
        state[_TOOK] = now - state[_BEGUN]
        others = tabs.lively() * REST_PER_TAB_SECONDS
        rest = min(max(state[_TOOK] * REST, others), LONGEST_REST_SECONDS)
        if state[_MISSED]:
            state[_SEEN], rest = None, AGAIN_SECONDS
        state[_RESTED] = now + rest
        _wait()


def missed(problem: DomoInsightsError) -> None:
    """A part of the page could not be drawn. Where that is because the database was away for a
    moment, the page does not show its version: it is drawn again soon, whatever else happens."""
    if isinstance(problem, DatabaseUnreachableError | BusyError):
        st.session_state[_MISSED] = True


def again() -> None:
    """The page, which nobody could draw, is drawn by itself once its session can be read."""
    tabs.gave_up()
    st.session_state[_LOOKS] = 0
    st.fragment(_try, run_every=AGAIN_SECONDS)()


def is_live() -> bool:
    """Whether changes are heard of now."""
    return version_of(session.current_viewer()) is not None


def _look() -> None:
    state = st.session_state
    state[_LOOKS] = looks = state.get(_LOOKS, 0) + 1
    if looks == 1:  # the page's own run
        state[_RUN] = tabs.this_run()
        return
    if time.monotonic() - state[_READ] > WOKEN_SECONDS - 1:
        state[_READ] = time.monotonic()
        if _ended():
            st.rerun()
    version = version_of(session.current_viewer())
    if version is not None and version != state[_SEEN] and time.monotonic() > state[_RESTED]:
        if session.is_readable():  # else what is shown stays, and is better than an error
            st.rerun()
        state[_RESTED] = time.monotonic() + AGAIN_SECONDS
    if is_deaf():
        st.warning(
            "The database does not answer. What you see is from the last update; this page follows"
            " again by itself.",
            icon=":material/cloud_off:",
        )
    _wait()


def _try() -> None:
    state = st.session_state
    state[_LOOKS] = looks = state.get(_LOOKS, 0) + 1
    if looks > 1 and session.is_readable():
        st.rerun()


def _wait() -> None:
    state = st.session_state
    # What it says of a database that is away is out of date as soon as that is back.
    seen = None if is_deaf() else state[_SEEN]
    tabs.wait(session.current_viewer(), seen, state[_RESTED], state[_RUN])


def _ended() -> bool:
    """Whether the session is over, or is somebody else's by now. Nobody answering is no end."""
    try:
        return session.changed_hands()
    except NotSignedInError:
        return True
    except (AuthServiceError, DatabaseError):
        return False
