"""One conversation, word for word, for its owner; and its place in the URL."""

from collections.abc import Callable
from typing import Any, Final

import pandas as pd
import streamlit as st

from domo_insights.ui import blocks
from domo_insights.ui.data import load
from domo_insights.ui.filters import zone
from domo_insights.ui.plain import plain, show
from domo_insights.ui.session import current_viewer

PARAMETER: Final = "conversation"
_NAMES: Final = {"user": "Visitor", "assistant": "Agent", "system": "System"}
_ICONS: Final = {
    "user": ":material/person:",
    "assistant": ":material/smart_toy:",
    "system": ":material/settings:",
}

_FEELINGS: Final[dict[object, Any]] = {
    "negative": (":material/sentiment_dissatisfied:", "red"),
    "neutral": (":material/sentiment_neutral:", "gray"),
    "positive": (":material/sentiment_satisfied:", "green"),
}


def chosen() -> str:
    """The conversation that the URL names; empty when it names none."""
    return str(st.query_params.get(PARAMETER, ""))


def kept_query() -> dict[str, Any]:
    """What the URL holds already."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def follow(selected: str | None, key: str) -> None:
    """Put a newly selected conversation into the URL, and take out one that was left."""
    known = f"_followed_{key}"
    if selected == st.session_state.get(known):
        return
    st.session_state[known] = selected
    if selected:
        st.query_params[PARAMETER] = selected
    else:
        st.query_params.pop(PARAMETER, None)
    st.rerun()


def transcript(conversation_id: str, query: Callable[..., pd.DataFrame]) -> None:
    """Everything that was said, in order."""
    with blocks.card("Transcript", key="transcript"):
        show(conversation_id)
        if current_viewer().product_team:
            st.info(
                "The product team sees numbers, not what visitors said.", icon=":material/lock:"
            )
            return
        said = load(query, conversation_id)
        if said.empty:
            st.info("You have no conversation with this id, or nothing was said in it.")
            return
        with st.container(height=600, key="words", autoscroll=False):
            for row in said.itertuples():
                _message(row)


def _message(row: Any) -> None:
    at = row.occurred_at.tz_convert(zone())
    when = f"{at:%H:%M:%S}" if row.has_time else "time unknown"
    with st.chat_message(_NAMES[row.role], avatar=_ICONS[row.role]):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"{_NAMES[row.role]}, {when}", width="content")
            _sentiment(row.sentiment)
            if isinstance(row.intent, str):
                st.text(f"intent: {plain(row.intent)}")
        show(row.content)


def _sentiment(label: object) -> None:
    """Only the words that are known are drawn as a badge: a badge reads Markdown."""
    if label in _FEELINGS:
        icon, colour = _FEELINGS[label]
        st.badge(str(label), icon=icon, color=colour)
    elif isinstance(label, str):
        st.text(plain(label))
