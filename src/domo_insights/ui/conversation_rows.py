"""Rows of conversations, and in words which of them a mark of a chart stands for."""

from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from domo_insights import metrics
from domo_insights.charts import heatmap
from domo_insights.queries.conversations_behind import ConversationMark
from domo_insights.ui import reading
from domo_insights.ui.clock import duration, local
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.ui.session import current_viewer
from domo_insights.ui.table_sizes import height

ROWS: Final = 25


def words(asked: ConversationMark) -> str:
    """What a mark stands for."""
    said = []
    if asked.weekday in range(7) and asked.hour in range(24):
        day = heatmap.DAYS[asked.weekday or 0]
        said.append(
            f"started on {day} between {asked.hour:02}:00 and {(asked.hour or 0) + 1:02}:00"
        )
    if asked.turns is not None:
        said.append(f"with at least {asked.turns} visitor message{'s' * (asked.turns != 1)}")
    if asked.length_from is not None:
        most = "or more" if asked.length_to is None else f"to {asked.length_to}"
        exact = asked.length_from == asked.length_to
        said.append(f"with {asked.length_from}{'' if exact else f' {most}'} messages")
    if asked.seconds_from is not None:
        least, end = duration(asked.seconds_from), asked.seconds_to
        said.append(f"of {least} or more" if end is None
                    else f"of {least} or more and less than {duration(end)}")  # fmt: skip
    if asked.ended is not None:
        name = plain(asked.ended).replace("_", " ")
        said.append(f"that ended: {name}" if name else "without a shutdown event")
    if asked.active is not None:
        said.append("that are active" if asked.active else "that are not active")
    return ", ".join(said)


def rows(frame: pd.DataFrame, asked: Asked, *, key: str, at: str = "") -> None:
    """A table of conversations; selecting one opens it, below the block `at` if that is named."""
    closed = current_viewer().product_team
    ids = frame["conversation_id"].tolist()
    st.dataframe(
        _shown(frame, asked),
        key=key,
        hide_index=True,
        height=height(len(frame), ROWS),
        on_select="ignore" if closed else partial(selected, key, ids, at),
        selection_mode="single-row",
        alt="Conversations, newest first",
        column_config=_columns(asked),
    )


def selected(key: str, ids: list[str], at: str) -> None:
    """Open the conversation of the row that was selected in the table `key`; for a callback."""
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        reading.choose(ids[rows[0]], at)


def _shown(frame: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "started_at": local(frame["started_at"], asked.period.zone),
            "demo": frame["demo"].map(plain),
            "messages": frame["user_messages"] + frame["assistant_messages"],
            "negative": frame["negative_messages"],
            "duration": [duration(seconds) for seconds in frame["duration_seconds"]],
            "end_reason": frame["end_reason"].map(lambda reason: plain(reason).replace("_", " ")),
            "is_test": frame["is_test"],
            "conversation_id": frame["conversation_id"].map(plain),
        }
    )


def _columns(asked: Asked) -> dict[str, Any]:
    config = st.column_config
    return {
        "started_at": config.DatetimeColumn("Started", format="D MMM YYYY, HH:mm", pinned=True),
        "demo": config.TextColumn("Demo"),
        "messages": config.NumberColumn("Messages", help=metrics.MESSAGES.meaning, width=80),
        "negative": config.NumberColumn(
            "Negative", help="User messages with a negative sentiment.", width=68
        ),
        "duration": config.TextColumn("Duration", width=78),
        "end_reason": config.TextColumn("How it ended"),
        "is_test": config.CheckboxColumn("Test") if asked.include_test else None,
        "conversation_id": config.TextColumn("Conversation"),
    }
