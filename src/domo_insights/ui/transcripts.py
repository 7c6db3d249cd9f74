"""One conversation, word for word, for its owner; and its place in the URL."""

from collections.abc import Callable
from typing import Any, Final

import pandas as pd
import streamlit as st

from domo_insights.actions.conversations import mark_test
from domo_insights.charts.strip import alt_strip, strip
from domo_insights.errors import DomoInsightsError
from domo_insights.queries import conversations
from domo_insights.queries import conversations_one as one
from domo_insights.queries.scope import GONE
from domo_insights.ui import blocks, erasing, exports, reading, transcript_parts
from domo_insights.ui.clock import duration, local, moment
from domo_insights.ui.data import editing, load, wrote
from domo_insights.ui.filters import asked, zone
from domo_insights.ui.plain import plain, show
from domo_insights.ui.session import current_viewer

_REFUSED: Final = "_test_flag_refused"


def below(key: str) -> None:
    """The conversation that was opened from the rows `key`, if one was."""
    if opened := reading.chosen_at(key):
        transcript(opened, conversations.transcript)


def transcript(conversation_id: str, query: Callable[..., pd.DataFrame]) -> None:
    """Everything that was said and happened, in order."""
    with blocks.card("Transcript", key="transcript"):
        if current_viewer().product_team:
            show(conversation_id)
            st.info(
                "The product team sees numbers, not what visitors said.", icon=":material/lock:"
            )
            return
        about, said = load(one.summary, conversation_id), load(query, conversation_id)
        if about.empty:
            show(conversation_id)
            st.info("You have no conversation with this id, or nothing was said in it.")
            return
        row = about.to_dict("records")[0]
        if conversation_id.startswith(GONE):
            _head(row, left=False)
            st.info(
                "What was said here was deleted when it grew old. What was counted is kept.",
                icon=":material/auto_delete:",
            )
            return
        happened = load(one.happenings, conversation_id)
        _head(row)
        _strip(said, happened)
        with st.container(height=560, key="words", autoscroll=False):
            transcript_parts.everything(said, happened, row["demo_id"], row["started_at"])
            if said.empty:
                st.write("Nothing was said.")


def _head(row: dict[Any, Any], *, left: bool = True) -> None:
    parts = [
        moment(row["started_at"]),
        duration(row["duration_seconds"]),
        f"{row['user_messages']} visitor and {row['assistant_messages']} agent messages",
    ]
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        with st.container(gap=None, width="stretch"):
            st.text(plain(row["demo"]))
            st.caption(", ".join(parts))
            if isinstance(row["end_reason"], str):
                st.text(f"Ended: {plain(row['end_reason']).replace('_', ' ')}")
        st.button(
            "Close", key="close_transcript", icon=":material/close:", type="tertiary",
            on_click=reading.close,
        )  # fmt: skip
    if not left:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        _test_flag(str(row["conversation_id"]), bool(row["is_test"]))
        rows = {"Messages": conversations.transcript, "Events": one.happenings}
        exports.transcript_menu(str(row["conversation_id"]), rows, asked())
        erasing.menu(str(row["conversation_id"]))


def _test_flag(conversation_id: str, is_test: bool) -> None:
    key = f"is_test_{conversation_id}"
    st.session_state[key] = is_test
    st.toggle(
        "Test conversation",
        key=key,
        help="Left out of every number but those of webhooks, unless test conversations are asked"
        " for.",
        on_change=_mark,
        args=(conversation_id, key),
    )
    problem = st.session_state.pop(_REFUSED, None)
    if isinstance(problem, DomoInsightsError):
        blocks.error(problem, "test_flag")


def _mark(conversation_id: str, key: str) -> None:
    try:
        with editing() as conn:
            mark_test(conn, conversation_id, bool(st.session_state[key]))
    except DomoInsightsError as problem:
        st.session_state[_REFUSED] = problem
    wrote()


def _strip(said: pd.DataFrame, happened: pd.DataFrame) -> None:
    if said.empty and happened.empty:
        return
    words = said.assign(at=local(said["occurred_at"], zone()))
    events = happened.assign(
        at=local(happened["occurred_at"], zone()),
        what=happened["event_type"].map(transcript_parts.event_words),
    )
    st.plotly_chart(
        strip(words, events),
        key="strip",
        alt=alt_strip(said, happened),
        config={"displayModeBar": False},
    )
