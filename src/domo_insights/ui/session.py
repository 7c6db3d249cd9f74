"""Who is looking at this browser tab. The row of their session is read again at every run."""

from collections.abc import Mapping
from uuid import UUID

import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState

from domo_insights.auth import csrf_token, viewer_from_cookies
from domo_insights.auth.cookies import session_id
from domo_insights.errors import DomoInsightsError, NotSignedInError
from domo_insights.viewer import Viewer

_VIEWER = "_viewer"


def cookies() -> Mapping[str, str]:
    """What the browser sent when this tab connected."""
    return st.context.cookies


def enter() -> Viewer:
    """Find out who is signed in, at the start of a run. What another user left is cleared.

    Raises: NotSignedInError, AuthServiceError, DatabaseError.
    """
    before = st.session_state.pop(_VIEWER, None)
    viewer = viewer_from_cookies(cookies())
    if isinstance(before, Viewer) and _who(before) != _who(viewer):
        st.session_state.clear()
    st.session_state[_VIEWER] = viewer
    return viewer


def current_viewer() -> Viewer:
    """The viewer of this run. What a click does is done before the run finds out who is here: the
    session is read for it by itself. Raises: NotSignedInError; in a click as `enter`.
    """
    viewer = remembered()
    if viewer is None:
        raise NotSignedInError
    if ThreadState.get().run_location is RunLocation.CALLBACK:
        now = viewer_from_cookies(cookies())
        if _who(now) != _who(viewer):
            raise NotSignedInError
    return viewer


def remembered() -> Viewer | None:
    """Who was here when it was last asked."""
    viewer = st.session_state.get(_VIEWER)
    return viewer if isinstance(viewer, Viewer) else None


def changed_hands() -> bool:
    """Whether the browser is somebody else's by now, or their role another one.

    Raises: NotSignedInError, AuthServiceError, DatabaseError.
    """
    return _who(viewer_from_cookies(cookies())) != _who(current_viewer())


def is_readable() -> bool:
    """Whether somebody can say who is signed in, be it that nobody is."""
    try:
        viewer_from_cookies(cookies())
    except NotSignedInError:
        return True
    except DomoInsightsError:
        return False
    return True


def sign_out_token() -> str:
    """What the sign-out form must carry; empty when the session is over."""
    held = session_id(cookies())
    return (csrf_token(held) or "") if held else ""


def _who(viewer: Viewer) -> tuple[UUID, bool]:
    return viewer.user_id, viewer.product_team
