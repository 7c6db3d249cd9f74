"""Ways from one page to another that keep what is chosen."""

from typing import Any, Final
from uuid import UUID

import streamlit as st

from domo_insights.metrics import Metric
from domo_insights.ui import filters, places
from domo_insights.ui.places import Place
from domo_insights.ui.session import current_viewer

_EXPLAINED: Final = {
    "insights.conversations": "Conversations",
    "conversation_messages": "Conversations",
    "insights.judged_messages": "Sentiment and intent",
    "processed_webhook_events": "Webhooks",
    "demos": "Demos",
    "demo_videos": "Demos",
    "knowledge_chunks": "Demos",
}
_ON: Final = {"negative_share": "Sentiment and intent", "positive_share": "Sentiment and intent"}


def named(title: str) -> Place | None:
    """The page of that title, if the viewer has it."""
    return next((place for place in places.open_to(current_viewer()) if place.title == title), None)


def kept() -> dict[str, Any]:
    """What the URL holds of the shared controls."""
    shared = (filters.PERIOD, filters.DAYS, filters.DEMO, filters.ZONE, filters.TESTS)
    return {name: st.query_params.get_all(name) for name in shared if name in st.query_params}


def to(title: str, label: str, demo_id: UUID | None = None, **more: str) -> None:
    """A link to a page with the same period, and with `demo_id` chosen."""
    place = named(title) or places.DEMOS
    said = kept() | more
    if demo_id and (name := filters.name_of(demo_id)):
        said[filters.DEMO] = name
    st.page_link(place.path, label=label, icon=place.icon, query_params=said)


def explaining(metric: Metric) -> None:
    """A link to the page that says more of a number."""
    source = metric.source.partition(",")[0].partition(" ")[0]
    title = _ON.get(metric.key) or _EXPLAINED.get(source, "Conversations")
    to(title if named(title) else "Conversations", f"More in {title}")
