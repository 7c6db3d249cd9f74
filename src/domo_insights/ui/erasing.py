"""The way to erase a conversation, when whoever had it asks for that."""

from typing import Final

import streamlit as st

from domo_insights.actions import erasing
from domo_insights.errors import DomoInsightsError
from domo_insights.ui import blocks, reading
from domo_insights.ui.data import editing, wrote

_REFUSED: Final = "_erasing_refused"


def menu(conversation_id: str) -> None:
    """Say what it does, and ask once more."""
    with st.popover("Erase", icon=":material/delete_forever:", type="tertiary", key="erase"):
        st.write(
            "Everything that was said and happened in this conversation is deleted for good, and"
            " numbers are counted without it. A callback that is delivered again brings nothing"
            " back."
        )
        st.caption("Files that were exported and backups made before still hold it.")
        st.button(
            "Erase for good",
            key="erase_for_good",
            type="primary",
            on_click=_erase,
            args=(conversation_id,),
        )
    problem = st.session_state.pop(_REFUSED, None)
    if isinstance(problem, DomoInsightsError):
        blocks.error(problem, "erasing")


def _erase(conversation_id: str) -> None:
    try:
        with editing() as conn:
            done = erasing.erase(conn, conversation_id)
    except DomoInsightsError as problem:
        st.session_state[_REFUSED] = problem
        return
    wrote()
    reading.close()
    st.toast(
        f"The conversation is erased: {done.messages} messages, {done.events} events.",
        icon=":material/check:",
    )
