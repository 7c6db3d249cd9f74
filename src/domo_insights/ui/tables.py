"""Tables of rows, each in its box."""

from collections.abc import Callable
from typing import Any, Final

import pandas as pd
import streamlit as st

from domo_insights import metrics
from domo_insights.metrics import Metric
from domo_insights.ui import blocks, exports, places, transcripts
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.ui.session import current_viewer

Query = Callable[..., pd.DataFrame]
NEWEST: Final = 8
PAGE: Final = 25
_ROW_HEIGHT: Final = 35


def ranked_demos(asked: Asked, query: Query) -> None:
    """Every demo, the one with most conversations first."""
    with blocks.card("Demos", "Most conversations first, with their trend.", key="demos",
                     export=exports.of(query, asked)):  # fmt: skip
        frame = load(query, *asked).drop(columns="demo_id")
        frame["demo"] = frame["demo"].map(plain)
        frame["last_activity"] = _local(frame["last_activity"], asked)
        busiest = max((max(trend) for trend in frame["trend"]), default=0) or 1
        for share in ("active_share", "negative_share"):
            frame[share] = frame[share] * 100
        st.dataframe(
            frame,
            hide_index=True,
            height=_height(len(frame), 10),
            alt="Demos with their conversations, messages, shares and trend",
            column_config={
                "demo": st.column_config.TextColumn("Demo", pinned=True, width=230),
                "conversations": _number(metrics.CONVERSATIONS),
                "active_share": _share(metrics.ACTIVE_SHARE),
                "messages": _number(metrics.MESSAGES),
                "negative_share": _share(metrics.NEGATIVE_SHARE),
                "last_activity": st.column_config.DatetimeColumn(
                    "Last activity", format="D MMM YYYY, HH:mm", help=metrics.LAST_ACTIVITY
                ),
                "trend": st.column_config.BarChartColumn(
                    "Trend", y_min=0, y_max=busiest, help=metrics.CONVERSATIONS.meaning, width=145
                ),
            },
        )


def newest_conversations(asked: Asked, query: Query) -> None:
    """The newest few, each a click away from its transcript."""
    with blocks.card("Newest conversations", _invitation(), key="newest",
                     export=exports.of(query, asked, limit=NEWEST)):  # fmt: skip
        frame = load(query, *asked, limit=NEWEST)
        opened = _conversations(frame, asked, key="newest_rows")
        if opened:
            st.switch_page(
                places.CONVERSATIONS.path,
                query_params={**transcripts.kept_query(), transcripts.PARAMETER: opened},
            )


def all_conversations(asked: Asked, query: Query, kpis: Query) -> None:
    """The period's conversations page by page; selecting one opens its transcript."""
    with blocks.card("Conversations", _invitation(), key="all"):
        count = int(load(kpis, *asked)["conversations"].iloc[0])
        if not count:
            st.write("No conversation started in this period.")
            return
        pages = -(-count // PAGE)
        scope = str(hash((asked.period.start, asked.period.end, asked.demo_id, asked.include_test)))
        held = min(int(st.session_state.get(f"page_{scope}", 1) or 1), pages)
        frame = load(query, *asked, limit=PAGE, offset=(held - 1) * PAGE)
        opened = _conversations(frame, asked, key=f"rows_{scope}_{held}")
        if pages > 1:
            st.pagination(pages, key=f"page_{scope}")
        st.caption(f"{metrics.CONVERSATIONS.text(count)} conversations in this period.")
        transcripts.follow(opened, f"rows_{scope}_{held}")


def _conversations(frame: pd.DataFrame, asked: Asked, *, key: str) -> str | None:
    shown = pd.DataFrame(
        {
            "started_at": _local(frame["started_at"], asked),
            "demo": frame["demo"].map(plain),
            "messages": frame["user_messages"] + frame["assistant_messages"],
            "negative": frame["negative_messages"],
            "duration": [
                metrics.MEDIAN_DURATION.text(None if pd.isna(seconds) else float(seconds))
                for seconds in frame["duration_seconds"]
            ],
            "end_reason": frame["end_reason"].map(lambda reason: plain(reason).replace("_", " ")),
            "is_test": frame["is_test"],
            "conversation_id": frame["conversation_id"].map(plain),
        }
    )
    state: Any = st.dataframe(
        shown,
        key=key,
        hide_index=True,
        height=_height(len(shown), PAGE),
        on_select="ignore" if current_viewer().product_team else "rerun",
        selection_mode="single-row",
        alt="Conversations, newest first",
        column_order=[str(c) for c in shown if c != "is_test" or asked.include_test],
        column_config={
            "started_at": st.column_config.DatetimeColumn(
                "Started", format="D MMM YYYY, HH:mm", pinned=True
            ),
            "demo": st.column_config.TextColumn("Demo"),
            "messages": st.column_config.NumberColumn("Messages", help=metrics.MESSAGES.meaning),
            "negative": st.column_config.NumberColumn(
                "Negative", help="User messages with a negative sentiment."
            ),
            "duration": st.column_config.TextColumn("Duration"),
            "end_reason": st.column_config.TextColumn("How it ended"),
            "is_test": st.column_config.CheckboxColumn("Test"),
            "conversation_id": st.column_config.TextColumn("Conversation"),
        },
    )
    if current_viewer().product_team:
        return None
    selected = state["selection"]["rows"]
    return str(frame["conversation_id"].iloc[selected[0]]) if selected else None


def _invitation() -> str:
    if current_viewer().product_team:
        return "Newest first. What visitors said is for the demo's owner alone."
    return "Newest first. Select one to read it."


def _number(metric: Metric) -> Any:
    return st.column_config.NumberColumn(metric.label, help=metric.meaning, format="localized")


def _share(metric: Metric) -> Any:
    return st.column_config.ProgressColumn(
        metric.label,
        help=metric.meaning,
        format="%.1f %%",
        min_value=0,
        max_value=100,
        width=132,
    )


def _local(moments: Any, asked: Asked) -> Any:
    """Moments as the wall of the chosen zone shows them."""
    return moments.dt.tz_convert(asked.period.zone).dt.tz_localize(None)


def _height(rows: int, most: int) -> Any:
    return "content" if rows <= most else (most + 1) * _ROW_HEIGHT
