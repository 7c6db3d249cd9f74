"""Charts of the webhooks page, each in its box."""

from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from domo_insights import metrics
from domo_insights.charts import alt_over_time, stacked_bars
from domo_insights.charts.log_histogram import log_histogram
from domo_insights.charts.many_lines import lines_by
from domo_insights.metrics import Metric
from domo_insights.queries import Query
from domo_insights.ui import blocks, exports
from domo_insights.ui.data import load, so_far
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.ui.trends import each

MEASURES: Final = {
    metric.label: metric
    for metric in (
        metrics.HANDLER_P50,
        metrics.HANDLER_P95,
        metrics.HANDLER_P99,
        metrics.LAG_P50,
        metrics.LAG_P95,
    )
}


def percentiles(asked: Asked, query: Query) -> None:
    """A percentile of handler time or delivery lag over time, by type."""
    with blocks.card(
        "Speed by event type",
        "Handler time is ours; delivery lag is how late the webhook was.",
        key="percentiles",
        export=exports.of(query, asked),
    ):
        chosen = st.segmented_control(
            "Measure",
            list(MEASURES),
            default=metrics.HANDLER_P95.label,
            required=True,
            key="percentile_measure",
            label_visibility="collapsed",
        )
        metric = MEASURES[str(chosen)]
        frame = _by_type(asked, query)
        if not frame[metric.key].notna().any():
            st.write("No event came over HTTP in this period.")
            return
        st.caption(metric.meaning)
        _chart(frame, metric, "percentiles", f"{metric.label} {each(asked)}, by event type")


def throughput(asked: Asked, query: Query) -> None:
    """Events over time, by type."""
    title = f"Events {each(asked)}"
    with blocks.card(
        title,
        "By type.",
        key="throughput",
        meaning=metrics.EVENTS.meaning,
        export=exports.of(query, asked),
    ):
        frame = _by_type(asked, query)
        if frame.empty:
            st.write("No event was stored in this period.")
            return
        _chart(frame, metrics.EVENTS, "throughput", f"{title}, by type")


def distribution(asked: Asked, query: Query, kpis: Query) -> None:
    """How handler times are spread."""
    with blocks.card(
        "Handler time",
        "How many events took how long; the axis is logarithmic.",
        key="distribution",
        meaning=metrics.HANDLER_P50.meaning,
        export=exports.of(query, asked),
    ):
        frame, row = load(query, *asked), load(kpis, *asked).iloc[0]
        if frame.empty:
            st.write("No event of this period has a handler time.")
            return
        marks = {f"p{n}": float(row[f"handler_p{n}"]) for n in (50, 95, 99)}
        words = ", ".join(f"{name} {metrics.HANDLER_P50.text(v)}" for name, v in marks.items())
        blocks.chart(
            log_histogram(frame, marks, count="events"),
            frame,
            key="distribution",
            alt=f"Distribution of handler times: {int(row['timed_events'])} of them, {words}.",
        )


def _by_type(asked: Asked, query: Query) -> pd.DataFrame:
    frame = load(query, *asked)
    kinds = frame["event_type"].nunique()
    frame = so_far(frame, asked.period, rows_per_bucket=kinds) if kinds else frame
    return frame.assign(event_type=frame["event_type"].map(plain))


def _chart(frame: pd.DataFrame, metric: Metric, key: str, title: str) -> None:
    parts = {kind: kind for kind in dict.fromkeys(frame["event_type"])}
    draw = stacked_bars if metric is metrics.EVENTS else lines_by
    blocks.chart(
        draw(frame, metric, parts, by="event_type"),
        partial(_table, frame, metric),
        key=key,
        alt=alt_over_time(title, frame, metric),
    )


def _table(frame: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    return frame.pivot_table(
        index="bucket", columns="event_type", values=metric.key, sort=False, dropna=False
    ).reset_index()
