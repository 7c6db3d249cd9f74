"""What the page of conversations shows beside its table: when, how far, how long, how they end."""

from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from domo_insights import metrics
from domo_insights.charts import distribution, heatmap, shares
from domo_insights.metrics import THIN
from domo_insights.queries import conversations_shape as shape
from domo_insights.queries import replies
from domo_insights.queries.conversations_behind import ConversationMark as Mark
from domo_insights.ui import blocks, exports
from domo_insights.ui.data import load, so_far
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.ui.reading import pick
from domo_insights.ui.table_sizes import first_column

INVITATION: Final = "Select a mark to see its conversations."
_STEPS: Final = {15: "15 s", 30: "30 s", 60: "1 min", 120: "2 min", 180: "3 min", 300: "5 min",
                 600: "10 min", 1200: "20 min"}  # fmt: skip


def starts(asked: Asked) -> None:
    """Weekday by hour, in the zone of the page."""
    title = "When conversations start"
    about = f"Weekday and hour, {asked.period.zone}. {INVITATION}"
    with blocks.card(
        title,
        about,
        key="starts",
        meaning=metrics.CONVERSATIONS.meaning,
        export=exports.of(shape.starts, asked),
    ):
        frame = load(shape.starts, *asked)
        blocks.chart(
            heatmap.week_of_hours(frame, metrics.CONVERSATIONS),
            frame.assign(weekday=[heatmap.DAYS[day] for day in frame["weekday"]]),
            key="starts",
            alt=heatmap.alt_week(title, frame, metrics.CONVERSATIONS),
            pick=pick([Mark(*slot) for slot in zip(frame["weekday"], frame["hour"], strict=True)]),
        )


def reach(asked: Asked) -> None:
    """How many come to their first, second, ... tenth message."""
    title = "How far visitors come"
    about = f"Share of conversations with at least so many visitor messages. {INVITATION}"
    with blocks.card(
        title,
        about,
        key="reach",
        meaning=metrics.REACH.meaning,
        export=exports.of(shape.reach, asked),
    ):
        frame = load(shape.reach, *asked)
        labels = [f"{turn} message" + "s" * (turn > 1) for turn in frame["turn"]]
        marks = [Mark(turns=turn) for turn in frame["turn"]]
        _bars(
            labels,
            frame["reach"],
            metrics.REACH,
            frame,
            "reach",
            title,
            marks,
            texts=True,
            axis="Visitor messages, at least",
            ticks=[str(turn) for turn in frame["turn"]],
        )


def lengths(asked: Asked) -> None:
    """Conversations by their number of messages."""
    title = "Length in messages"
    with blocks.card(
        title,
        INVITATION,
        key="lengths",
        meaning=metrics.MEDIAN_LENGTH.meaning,
        export=exports.of(shape.lengths, asked),
    ):
        frame = load(shape.lengths, *asked)
        labels = [_span(row.from_value, row.to_value) for row in frame.itertuples()]
        marks = [Mark(length_from=low, length_to=high) for low, high in _ranges(frame)]
        _bars(labels, frame["conversations"], metrics.CONVERSATIONS, frame, "lengths", title, marks)


def durations(asked: Asked) -> None:
    """Conversations by how long they took."""
    title = "Duration"
    with blocks.card(
        title,
        INVITATION,
        key="durations",
        meaning=metrics.MEDIAN_DURATION.meaning,
        export=exports.of(shape.durations, asked),
    ):
        frame = load(shape.durations, *asked)
        _first, *rest = frame["from_value"]
        labels = [f"< {_STEPS[rest[0]]}", *(f"≥ {_STEPS[step]}" for step in rest)]
        marks = [Mark(seconds_from=low, seconds_to=high) for low, high in _ranges(frame)]
        _bars(labels, frame["conversations"], metrics.CONVERSATIONS, frame, "durations", title,
              marks, axis="At least, and less than the next",
              ticks=["0 s", *(_STEPS[step].replace("min", "m") for step in rest)])  # fmt: skip


def ends(asked: Asked) -> None:
    """The reasons that the shutdown names."""
    about = f"As the shutdown event says. Without one, a conversation just stopped. {INVITATION}"
    with blocks.card(
        "How conversations end", about, key="ends", export=exports.of(shape.ends, asked)
    ):
        frame = load(shape.ends, *asked)
        marks = [Mark(ended=reason if isinstance(reason, str) else "")
                 for reason in frame["end_reason"]]  # fmt: skip
        frame["end_reason"] = frame["end_reason"].map(_reason)
        frame["share"] = frame["share"] * 100
        st.dataframe(
            frame,
            key="ends_rows",
            hide_index=True,
            on_select=partial(_picked, "ends_rows", marks),
            selection_mode="single-row",
            alt="Ways in which conversations end, with their number and share",
            column_config={
                "end_reason": st.column_config.TextColumn(
                    "How it ended", pinned=True, width=first_column(198)
                ),
                "conversations": st.column_config.NumberColumn(
                    "Conversations", format="localized", help=metrics.CONVERSATIONS.meaning
                ),
                "share": st.column_config.ProgressColumn(
                    "Share", format="%.1f %%", min_value=0, max_value=100, width=140
                ),
                "median_length": st.column_config.NumberColumn(
                    "Median length", format="%d msg", help=metrics.MEDIAN_LENGTH.meaning
                ),
                "negative_messages": st.column_config.NumberColumn(
                    "Negative messages", help="User messages with a negative sentiment."
                ),
            },
        )


def reply_time(asked: Asked) -> None:
    """Both percentiles over the period."""
    title = "Reply time"
    with blocks.card(
        title,
        key="reply_time",
        meaning=metrics.REPLY_P50.meaning,
        export=exports.of(replies.over_time, asked),
    ):
        frame = so_far(load(replies.over_time, *asked), asked.period)
        both = (metrics.REPLY_P95, metrics.REPLY_P50)
        whole = load(replies.kpis, *asked).iloc[0]
        told = "; ".join(f"{m.label} {m.text(float(whole[m.key]))}" for m in both)
        blocks.chart(
            shares.lines_over_time(frame, both),
            frame[["bucket", "replies", *(m.key for m in both)]],
            key="reply_time",
            alt=f"{title} over time. Of the whole period: {told}.",
        )
        left_out = int(whole["replies_without_time"])
        if left_out:
            st.caption(f"{left_out:,} replies without a time of their own are left out.")


def _picked(key: str, marks: list[Mark]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        pick(marks)(rows[0], None)


def _bars(
    labels: list[str],
    values: Any,
    metric: metrics.Metric,
    frame: pd.DataFrame,
    key: str,
    title: str,
    marks: list[Mark],
    **drawn: Any,
) -> None:
    numbers = [float(value) for value in values]
    blocks.chart(
        distribution.bars(labels, numbers, metric, **drawn),
        frame,
        key=key,
        alt=distribution.alt_bars(title, labels, numbers, metric),
        pick=pick(marks),
    )


def _ranges(frame: pd.DataFrame) -> list[tuple[int, int | None]]:
    highest = [None if pd.isna(value) else int(value) for value in frame["to_value"]]
    return list(zip(frame["from_value"].tolist(), highest, strict=True))


def _span(first: Any, last: Any) -> str:
    if pd.isna(last):
        return f"{first}+"
    return str(first) if first == last else f"{first}–{last}".replace(",", THIN)


def _reason(reason: object) -> str:
    return plain(reason).replace("_", " ") if isinstance(reason, str) else "No shutdown event"
