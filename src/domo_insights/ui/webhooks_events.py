"""Rows of the webhooks page: the slowest events, silent hours, and what does not fit together."""

from typing import Any, Final, cast

import pandas as pd
import streamlit as st

from domo_insights import metrics
from domo_insights.metrics import NOTHING
from domo_insights.queries import Query
from domo_insights.ui import blocks, exports, filters, payloads
from domo_insights.ui.clock import local
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.ui.session import current_viewer
from domo_insights.ui.table_sizes import first_column

MOST: Final = 20
MOST_IN_A_FILE: Final = 1_000
_MOMENT: Final = "D MMM YYYY, HH:mm:ss"


def slowest(asked: Asked, query: Query, payload: Query) -> None:
    """The events that took longest; an owner reads what they carried."""
    about = "By handler time. Select one to read its payload."
    if current_viewer().product_team:
        about = "By handler time. What events carry is for the demo's owner alone."
    export = exports.of(query, asked, limit=MOST_IN_A_FILE)
    with blocks.card("Slowest events", about, key="slowest", export=export):
        frame = load(query, *asked, limit=MOST)
        if frame.empty:
            st.write("No event of this period has a handler time.")
            return
        opened = table(frame, asked, key="slowest_rows", which="slowest", height=390)
        if opened is not None:
            read(load(payload, opened), key="slowest_payload")


def table(
    frame: pd.DataFrame, asked: Asked, *, key: str, which: str, height: Any = "content"
) -> Any:
    """Events, newest or slowest first; the id of the selected one, which owners can choose."""
    newest, frame = frame, _while_read(frame, key)
    shown = pd.DataFrame(
        {
            "event_type": frame["event_type"].map(plain),
            "processed_at": local(frame["processed_at"], asked.period.zone),
            "handler_ms": frame["handler_ms"],
            "lag_seconds": frame["lag_seconds"].where(frame["received_via"] == "http"),
            "demo": frame["demo"].map(plain),
            "conversation_id": frame["conversation_id"].map(plain),
        }
    )
    owner = not current_viewer().product_team
    state: Any = st.dataframe(
        shown,
        key=key,
        hide_index=True,
        height=height if len(shown) > 10 else "content",
        on_select="rerun" if owner else "ignore",
        selection_mode="single-row",
        placeholder=NOTHING,
        alt=f"The {which} events with their type, time, handler time and delivery lag",
        column_config=_columns(),
    )
    if frame["event_id"].tolist() != newest["event_id"].tolist():
        st.caption("There are newer rows. They come when no event is selected.")
    if not owner or not state["selection"]["rows"]:
        return None
    return frame["event_id"].iloc[state["selection"]["rows"][0]]


def _columns() -> dict[str, Any]:
    return {
        "event_type": st.column_config.TextColumn("Type", pinned=True, width=first_column(230)),
        "processed_at": st.column_config.DatetimeColumn("Stored", format=_MOMENT),
        "handler_ms": st.column_config.NumberColumn(
            "Handler, ms", format="localized", help=metrics.HANDLER_P50.meaning
        ),
        "lag_seconds": st.column_config.NumberColumn(
            "Delivery lag", format="%.1f s", help=metrics.LAG_P50.meaning
        ),
        "demo": st.column_config.TextColumn("Demo"),
        "conversation_id": st.column_config.TextColumn("Conversation"),
    }


def _while_read(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """The rows; while one is selected those among which it was: newer ones would push another
    under the selection, and its payload out of sight."""
    state, held = st.session_state, f"_{key}_rows"
    said = state.get(key)
    if said and said["selection"]["rows"] and held in state:
        controls, rows = state[held]
        if controls == filters.said():
            return cast("pd.DataFrame", rows)
    state[held] = (filters.said(), frame)
    return frame


def read(frame: pd.DataFrame, *, key: str) -> None:
    """The payload of one event."""
    if frame.empty:
        st.write("This event is gone.")
    else:
        payloads.viewer(frame["payload"].iloc[0], key=key)


def silence(asked: Asked, query: Query) -> None:
    """Hours without events where there used to be some."""
    with blocks.card(
        "Silent hours",
        key="silence",
        meaning=metrics.SILENT_HOURS.meaning,
        export=exports.of(query, asked),
    ):
        frame = load(query, *asked)
        judged, silent = frame[frame["judged"]], frame[frame["silent"]]
        short = len(frame) - len(judged)
        if judged.empty:
            st.write("Not enough history.")
            st.caption("Events must go back 4 weeks before an hour to say that it was silent.")
            return
        count = metrics.SILENT_HOURS.text(len(silent))
        st.write(f"{count} of {len(judged):,} hours were silent." if len(silent)
                 else f"None of {len(judged):,} hours was silent.")  # fmt: skip
        if short:
            st.caption(f"Not enough history for {short:,} more hours.")
        if len(silent):
            _hours(silent.iloc[::-1])


def _hours(silent: pd.DataFrame) -> None:
    shown = silent[["hour", "usual"]]
    st.dataframe(
        shown,
        hide_index=True,
        height=246 if len(shown) > 6 else "content",
        alt="Silent hours, the latest first, with the number of weeks before that had events",
        column_config={
            "hour": st.column_config.DatetimeColumn(
                "Hour from", format="ddd D MMM YYYY, HH:mm", pinned=True
            ),
            "usual": st.column_config.ProgressColumn(
                "Weeks before with events", format="%d of 4", min_value=0, max_value=4
            ),
        },
    )


def unfitting(asked: Asked, without_events: Query, without_conversation: Query) -> None:
    """Conversations that no event told of, and events of conversations that nothing else knows."""
    with blocks.card(
        "What does not fit together",
        "Either can mean that webhooks were lost, or set up late.",
        key="unfitting",
    ):
        silent, odd = load(without_events, *asked), load(without_conversation, *asked)
        _odd(silent, asked, "conversations without an event", "started_at", "Started")
        _download(silent, without_events, asked, "without_events")
        _odd(odd, asked, "conversations of which nothing but events is known", "last_at", "Last")
        _download(odd, without_conversation, asked, "without_conversation")


def _download(frame: pd.DataFrame, query: Query, asked: Asked, key: str) -> None:
    if len(frame):
        what = key.replace("_", " ")
        exports.menu(exports.of(query, asked, limit=MOST_IN_A_FILE), key, what)


def _odd(frame: pd.DataFrame, asked: Asked, what: str, moment: str, label: str) -> None:
    count = int(frame["of"].iloc[0]) if len(frame) else 0
    st.markdown(f"**{metrics.EVENTS.text(count) if count else 'No'}** {what}")
    if not count:
        return
    number = "messages" if "messages" in frame else "events"
    shown = frame[["conversation_id", "demo", moment, number]].copy()
    shown[moment] = local(shown[moment], asked.period.zone)
    for name in ("conversation_id", "demo"):
        shown[name] = shown[name].map(plain)
    st.dataframe(
        shown,
        hide_index=True,
        height=246 if len(shown) > 6 else "content",
        alt=f"The newest {len(shown)} {what}",
        column_config={
            "conversation_id": st.column_config.TextColumn("Conversation", pinned=True),
            "demo": st.column_config.TextColumn("Demo"),
            moment: st.column_config.DatetimeColumn(label, format="D MMM YYYY, HH:mm"),
            number: st.column_config.NumberColumn(number.capitalize(), format="localized"),
        },
    )
    if count > len(shown):
        st.caption(f"The newest {len(shown)} are shown.")
