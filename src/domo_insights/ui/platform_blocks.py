"""Blocks of the platform page: counts over all owners, for the product team."""

from typing import Any, Final

import streamlit as st

from domo_insights import metrics
from domo_insights.metrics import NOTHING, Metric
from domo_insights.queries import Query
from domo_insights.ui import blocks, exports, word_tables
from domo_insights.ui.clock import local
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.ui.table_sizes import first_column

_SHOWN: Final = 20
_WHAT: Final = {
    "Video": "a completed video",
    "Knowledge": "an embedded knowledge chunk",
    "Webhooks": "a webhook event",
}


def adoption(asked: Asked, query: Query) -> None:
    """What active demos use."""
    with blocks.card(
        "Adoption",
        key="adoption",
        meaning=metrics.ADOPTION.meaning,
        export=exports.of(query, asked),
    ):
        frame = load(query, *asked)
        total = int(frame["active_demos"].max())
        if not total:
            st.write("No demo was active in this period.")
            return
        st.caption(f"Of {metrics.ACTIVE_DEMOS.text(total)} active demos")
        for row in frame.itertuples():
            share = metrics.ADOPTION.text(float(str(row.adoption)))
            words = f"{share} have {_WHAT[str(row.what)]} ({row.demos} of {total})"
            st.progress(min(1.0, float(str(row.adoption))), text=words)


def owners(asked: Asked, query: Query) -> None:
    """Owners by volume, as e-mail domain and short id."""
    with blocks.card(
        "Heaviest owners",
        "By conversations of the period; named by e-mail domain and short id.",
        key="owners",
        export=exports.of(query, asked),
    ):
        frame = load(query, *asked)
        if frame.empty:
            st.write("No owner had anything in this period.")
            return
        measures = (
            metrics.ACTIVE_DEMOS,
            metrics.CONVERSATIONS,
            metrics.MESSAGES,
            metrics.EVENTS,
        )
        word_tables.table(
            frame,
            {"owner": "Owner", "demos": "Demos", **{one.key: one.label for one in measures}},
            about="Owners with their demos, conversations, messages and events",
            meanings={one.key: one.meaning for one in measures}
            | {"demos": "All demos of the owner."},
        )


def latency(asked: Asked, query: Query) -> None:
    """Handler time and delivery lag per event type."""
    with blocks.card(
        "Latency by event type",
        key="latency",
        meaning=metrics.HANDLER_P95.meaning,
        export=exports.of(query, asked),
    ):
        frame = load(query, *asked)
        if frame.empty:
            st.write("No event was stored in this period.")
            return
        shown = frame.drop(columns=["http_events", "timed_events"])
        measures: dict[str, Metric] = {
            metric.key: metric
            for metric in (
                metrics.EVENTS,
                metrics.HANDLER_P50,
                metrics.HANDLER_P95,
                metrics.HANDLER_P99,
                metrics.LAG_P50,
                metrics.LAG_P95,
            )
        }
        st.dataframe(
            shown.assign(event_type=shown["event_type"].map(plain)),
            hide_index=True,
            height=386 if len(shown) > 10 else "content",
            placeholder=NOTHING,
            alt="Event types with their number, handler time and delivery lag",
            column_config={
                "event_type": st.column_config.TextColumn(
                    "Type", pinned=True, width=first_column(235)
                ),
                **{key: _measure(metric) for key, metric in measures.items()},
            },
        )


def conflicts(asked: Asked, query: Query) -> None:
    """Deliveries that were refused, repeated, or claimed another's conversation."""
    with blocks.card(
        "Mapping conflicts",
        "Claims on another demo's conversation, refused and repeated deliveries.",
        key="conflicts",
        meaning=metrics.MAPPING_CONFLICTS.meaning,
        export=exports.of(query, asked),
    ):
        frame = load(query, *asked)
        if frame.empty:
            st.write("None in this period.")
            return
        shown = frame.head(_SHOWN).assign(
            demo_id=frame["demo_id"].map(lambda demo: str(demo)[:8] if demo else ""),
            last_at=local(frame["last_at"], asked.period.zone),
        )
        word_tables.table(
            shown,
            {"owner": "Owner", "demo_id": "Demo", "conflicts": "Conflicts", "refused": "Refused",
             "duplicates": "Repeated", "last_at": "Last"},
            about="Demos with conflicts, refused and repeated deliveries",
            meanings={"conflicts": metrics.MAPPING_CONFLICTS.meaning,
                      "refused": "Deliveries that were no callback.",
                      "duplicates": metrics.DUPLICATES.meaning},
        )  # fmt: skip
        if len(frame) > _SHOWN:
            st.caption(f"{len(frame) - _SHOWN:,} more demos are in the export.")


def _measure(metric: Metric) -> Any:
    label = f"{metric.label}, ms" if metric.unit == "ms" else metric.label
    form = "%.1f s" if metric.unit == "s" else "localized"
    return st.column_config.NumberColumn(label, help=metric.meaning, format=form)
