"""The lines of a transcript: messages with their labels, and what happened between them."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
import streamlit as st

from domo_insights.ui import filters, places
from domo_insights.ui.plain import plain, show

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
_EVENTS: Final = {
    "system.replica_joined": ("Agent joined", ":material/login:"),
    "system.shutdown": ("Conversation ended", ":material/logout:"),
    "conversation.tool_call": ("Tool called", ":material/build:"),
    "application.objective_completed": ("Objective completed", ":material/flag:"),
    "application.perception_analysis": ("Perception analysed", ":material/visibility:"),
    "application.recording_ready": ("Recording ready", ":material/videocam:"),
}
_OTHER: Final = ("Event", ":material/bolt:")


def event_words(event_type: object) -> str:
    """An event in words of ours: senders choose the names of types."""
    return _EVENTS.get(str(event_type), _OTHER)[0]


def everything(
    said: pd.DataFrame, happened: pd.DataFrame, demo_id: UUID, start: pd.Timestamp
) -> None:
    """Messages and events by their moment, each drawn as text."""
    lines: list[tuple[Any, int, int, Any]] = []
    for spoken, frame in ((1, said), (0, happened)):
        rows = enumerate(frame.itertuples())
        lines += [(row.occurred_at, spoken, number, row) for number, row in rows]
    for at, spoken, _, row in sorted(lines, key=lambda line: line[:3]):
        if spoken:
            _message(row, demo_id)
        else:
            _event(row, at, start)


def _message(row: Any, demo_id: UUID) -> None:
    at = row.occurred_at.tz_convert(filters.zone())
    when = f"{at:%H:%M:%S}" if row.has_time else "time unknown"
    with st.chat_message(_NAMES[row.role], avatar=_ICONS[row.role]):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"{_NAMES[row.role]}, {when}", width="content")
            _sentiment(row.sentiment)
            if isinstance(row.intent, str):
                st.text(f"intent: {plain(row.intent)}")
            if row.confidence == row.confidence:
                st.caption(f"confidence {row.confidence:.2f}", width="content")
        show(row.content)
        if row.role == "user" and isinstance(row.content, str):
            _try(row.content, demo_id)


def _try(question: str, demo_id: UUID) -> None:
    """The way to the playground with this question, where the demo can be chosen."""
    name = filters.name_of(demo_id)
    if name is None:
        return
    st.page_link(
        places.PLAYGROUND.path,
        label="Try in playground",
        icon=":material/science:",
        query_params={filters.DEMO: name, "question": plain(question)[:500]},
    )


def _sentiment(label: object) -> None:
    """Only the words that are known are drawn as a badge: a badge reads Markdown."""
    if label in _FEELINGS:
        icon, colour = _FEELINGS[label]
        st.badge(str(label), icon=icon, color=colour)
    elif isinstance(label, str):
        st.text(plain(label))


def _event(row: Any, at: pd.Timestamp, start: pd.Timestamp) -> None:
    words, icon = _EVENTS.get(row.event_type, _OTHER)
    after = round((at - start).total_seconds())
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(words, icon=icon, color="orange")
        named = [row.detail] if row.event_type == "system.shutdown" else [row.name, row.detail]
        told = [plain(text).replace("_", " ") for text in named if isinstance(text, str) and text]
        st.caption(f"{at.tz_convert(filters.zone()):%H:%M:%S}, {after:+} s", width="content")
        if told:
            st.text(": ".join(told)[:300])
