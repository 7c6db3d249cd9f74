"""Tables of rows, each in its box."""

from typing import Any, Final

import pandas as pd
import streamlit as st

from domo_insights import metrics
from domo_insights.metrics import Metric
from domo_insights.queries import Query, conversations, conversations_behind
from domo_insights.ui import blocks, conversation_rows, exports, filters, reading, transcripts
from domo_insights.ui.clock import local
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.ui.session import current_viewer
from domo_insights.ui.table_sizes import first_column, height

NEWEST: Final = 8
_GROWN_OLD: Final = "These were deleted when they grew old. What was counted is kept."
_SCOPE: Final = "_page_of"
_CHARACTER: Final = 7
_PADDING: Final = 18
_NARROWEST: Final = 150
_WIDEST: Final = 284


def ranked_demos(asked: Asked, query: Query) -> None:
    """Every demo, the one with most conversations first."""
    with blocks.card("Demos", "Most conversations first, with their trend.", key="demos",
                     export=exports.of(query, asked)):  # fmt: skip
        frame = load(query, *asked).drop(columns="demo_id")
        frame["demo"] = frame["demo"].map(plain)
        frame["last_activity"] = local(frame["last_activity"], asked.period.zone)
        busiest = max((max(trend) for trend in frame["trend"]), default=0) or 1
        for share in ("active_share", "negative_share"):
            frame[share] = frame[share] * 100
        st.dataframe(
            frame,
            hide_index=True,
            height=height(len(frame), 10),
            alt="Demos with their conversations, messages, shares and trend",
            column_config={
                "demo": name_column(frame["demo"]),
                "conversations": _number(metrics.CONVERSATIONS),
                "trend": st.column_config.BarChartColumn(
                    "Trend", y_min=0, y_max=busiest, help=metrics.CONVERSATIONS.meaning, width=72
                ),
                "active_share": _share(metrics.ACTIVE_SHARE),
                "messages": _number(metrics.MESSAGES),
                "negative_share": _share(metrics.NEGATIVE_SHARE),
                "last_activity": st.column_config.DatetimeColumn(
                    "Last activity", format="D MMM YYYY", help=metrics.LAST_ACTIVITY, width=95
                ),
            },
            column_order=[
                "demo",
                "conversations",
                "trend",
                "active_share",
                "messages",
                "negative_share",
                "last_activity",
            ],
        )


def newest_conversations(asked: Asked, query: Query) -> None:
    """The newest few, each a click away from its transcript."""
    with blocks.card("Newest conversations", _invitation(), key="newest",
                     export=exports.of(query, asked, limit=NEWEST)):  # fmt: skip
        frame = load(query, *asked, limit=NEWEST)
        if frame.empty:
            counted = load(conversations.kpis, *asked)["conversations"].iloc[0]
            st.write(_GROWN_OLD if counted else "No conversation started in this period.")
            return
        conversation_rows.rows(frame, asked, key="newest_rows", at="newest")
    transcripts.below("newest")


def all_conversations(asked: Asked, query: Query) -> None:
    """The period's conversations page by page, those behind a mark if one is selected."""
    mark = reading.mark()
    with blocks.card("Conversations", _invitation(), key="all",
                     export=exports.of(query, asked, mark=mark)):  # fmt: skip
        if said := conversation_rows.words(mark):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.badge(f"Only those {said}", icon=":material/filter_alt:")
                st.button("Show all", key="forget_mark", type="tertiary",
                          on_click=reading.forget)  # fmt: skip
        count = int(load(conversations_behind.count, *asked, mark)["conversations"].iloc[0])
        if not count:
            st.write("No conversation started in this period." if not said else "None is.")
            return
        pages = -(-count // conversation_rows.ROWS)
        number = _page(pages, (filters.said(), mark))
        frame = load(query, *asked, limit=conversation_rows.ROWS, mark=mark,
                     offset=(number - 1) * conversation_rows.ROWS)  # fmt: skip
        if frame.empty:
            st.write(_GROWN_OLD)
        else:
            conversation_rows.rows(frame, asked, key="all_rows")
        if pages > 1:
            st.pagination(pages, key=reading.PAGE, bind="query-params")
        one = "conversation" if count == 1 else "conversations"
        st.caption(f"{metrics.CONVERSATIONS.text(count)} {one}.")


def _page(pages: int, scope: tuple[object, ...]) -> int:
    """The page that is open: the first one again when other rows are asked for."""
    state = st.session_state
    known, state[_SCOPE] = state.get(_SCOPE), scope
    if known not in (None, scope) and reading.PAGE in state:
        state[reading.PAGE] = 1
    said = state.get(reading.PAGE) or st.query_params.get(reading.PAGE) or 1
    number = int(said) if str(said).isdecimal() else 1
    return min(max(number, 1), pages)


def _invitation() -> str:
    if current_viewer().product_team:
        return "Newest first. What visitors said is for the demo's owner alone."
    return "Newest first. Select one to read it."


def name_column(names: pd.Series) -> Any:
    """The first column of a table of demos: as wide as the longest of its names, within
    reason."""
    longest = int(names.str.len().max()) if len(names) else 0
    width = min(max(longest * _CHARACTER + _PADDING, _NARROWEST), _WIDEST)
    return st.column_config.TextColumn("Demo", pinned=True, width=first_column(width))


def _number(metric: Metric) -> Any:
    return st.column_config.NumberColumn(metric.label, help=metric.meaning, format="localized")


def _share(metric: Metric) -> Any:
    return st.column_config.ProgressColumn(
        metric.label,
        help=metric.meaning,
        format="%.1f %%",
        min_value=0,
        max_value=100,
        width=101,
    )
