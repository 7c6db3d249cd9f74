"""The table of demos: searched, filtered by status, sorted, one click from each of them."""

from typing import Any, Final

import pandas as pd
import streamlit as st

from domo_insights import metrics
from domo_insights.queries import demos, demos_now
from domo_insights.ui import blocks, exports, filters, tables
from domo_insights.ui.clock import local
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.ui.table_sizes import height

STATUSES: Final = ("published", "draft", "archived")
_SORTS: Final = {
    "Most conversations": ("conversations", False),
    "Name": ("demo", True),
    "Highest negative share": ("negative_share", False),
    "Latest activity": ("last_activity", False),
    "Most videos waiting": ("videos_waiting", False),
    "Most chunks not embedded": ("chunks_without_embedding", False),
}
_MOST: Final = 14


def table(asked: Asked) -> None:
    """All demos of the viewer with their numbers and trend; selecting one opens it."""
    export = exports.of(demos.ranked, asked)
    with blocks.card("All demos", "Select one to open it.", key="all_demos", export=export):
        searched, status, sort = _controls()
        frame = load(demos.ranked, *asked).merge(
            load(demos_now.state).drop(columns="demo"), on="demo_id"
        )
        frame["name"] = [filters.name_of(demo) or filters.ALL for demo in frame["demo_id"]]
        found = frame[frame["demo"].str.casefold().str.contains(searched.casefold(), regex=False)]
        if status:
            found = found[found["status"].isin(status)]
        column, ascending = _SORTS[sort]
        by = found[column].str.casefold() if column == "demo" else found[column]
        found = found.loc[by.sort_values(ascending=ascending, kind="stable").index]
        if found.empty:
            st.info("No demo passes the search and the status filter.")
            return
        _rows(found, asked)


def _controls() -> tuple[str, list[str], str]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        searched = st.text_input(
            "Search", key="demos_search", placeholder="Name of a demo", icon=":material/search:",
            label_visibility="collapsed", width=240,
        )  # fmt: skip
        status = st.pills(
            "Status", STATUSES, selection_mode="multi", format_func=str.capitalize,
            key="demos_status", label_visibility="collapsed",
        )  # fmt: skip
        sort = st.selectbox(
            "Sort by", list(_SORTS), key="demos_sort", label_visibility="collapsed", width=220
        )
    return searched.strip(), list(status), sort


def _rows(found: pd.DataFrame, asked: Asked) -> None:
    names = found["name"].tolist()
    shown = found[
        ["demo", "status", "conversations", "trend", "active_share", "negative_share", "messages",
         "videos_waiting", "chunks_without_embedding", "last_activity"]
    ].copy()  # fmt: skip
    shown["demo"] = shown["demo"].map(plain)
    for share in ("active_share", "negative_share"):
        shown[share] = shown[share] * 100
    shown["last_activity"] = local(shown["last_activity"], asked.period.zone)
    key = "demos_rows_" + str(hash(tuple(names)))
    st.dataframe(
        shown,
        key=key,
        hide_index=True,
        height=height(len(shown), _MOST),
        on_select=lambda: _open(key, names),
        selection_mode="single-row",
        alt="Demos with their conversations, trend, shares, videos, knowledge and last activity",
        column_config=_columns(int(max(max(trend) for trend in found["trend"])), shown["demo"]),
    )


def _open(key: str, names: list[str]) -> None:
    selected = st.session_state[key]["selection"]["rows"]
    if selected:
        filters.choose(names[selected[0]])


def _columns(most: int, names: pd.Series) -> dict[str, Any]:
    config = st.column_config
    return {
        "demo": tables.name_column(names),
        "status": config.TextColumn("Status", width=90),
        "conversations": _number(metrics.CONVERSATIONS),
        "trend": config.AreaChartColumn(
            "Trend", y_min=0, y_max=most, help=metrics.CONVERSATIONS.meaning, width=130
        ),
        "active_share": _share(metrics.ACTIVE_SHARE),
        "negative_share": _share(metrics.NEGATIVE_SHARE),
        "messages": _number(metrics.MESSAGES),
        "videos_waiting": _number(metrics.VIDEOS_WAITING),
        "chunks_without_embedding": _number(metrics.CHUNKS_WITHOUT_EMBEDDING),
        "last_activity": config.DatetimeColumn(
            "Last activity", format="D MMM YYYY, HH:mm", help=metrics.LAST_ACTIVITY
        ),
    }


def _number(metric: metrics.Metric) -> Any:
    return st.column_config.NumberColumn(metric.label, help=metric.meaning, format="localized")


def _share(metric: metrics.Metric) -> Any:
    return st.column_config.ProgressColumn(
        metric.label, help=metric.meaning, format="%.1f %%", min_value=0, max_value=100, width=124
    )
