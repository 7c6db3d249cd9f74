"""Blocks of the platform page: counts over all owners, for the product team."""

from typing import Final

import streamlit as st

from domo_insights import metrics
from domo_insights.queries import Query
from domo_insights.ui import blocks, exports, word_tables
from domo_insights.ui.clock import local
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked

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
        word_tables.table(
            frame,
            {"owner": "Owner", "demos": "Demos"},
            about="Owners with their demos, conversations, messages and events",
            meanings={"demos": "All demos of the owner."},
            metrics=(
                metrics.ACTIVE_DEMOS,
                metrics.CONVERSATIONS,
                metrics.MESSAGES,
                metrics.EVENTS,
            ),
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
        word_tables.table(
            frame,
            {"event_type": "Type"},
            about="Event types with their number, handler time and delivery lag",
            metrics=(
                metrics.EVENTS,
                metrics.HANDLER_P50,
                metrics.HANDLER_P95,
                metrics.HANDLER_P99,
                metrics.LAG_P50,
                metrics.LAG_P95,
            ),
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
