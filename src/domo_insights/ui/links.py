"""Ways from one page to another that keep what is chosen."""

from typing import Final, NoReturn
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
_FELT: Final = frozenset(
    {"negative_share", "positive_share", "unlabelled_share", "intents", "average_confidence"}
)


def named(title: str) -> Place | None:
    """The page of that title, if the viewer has it."""
    return next((place for place in places.open_to(current_viewer()) if place.title == title), None)


def to(title: str, label: str, demo_id: UUID | None = None, **more: str) -> None:
    """A link to a page with the shared controls as they are, and with `demo_id` chosen.

    The browser takes the controls' own values along: to name them here as well would double them.
    """
    place = named(title) or places.DEMOS
    name = filters.name_of(demo_id) if demo_id else None
    if name and name != filters.demo():
        more[filters.DEMO] = name
    st.page_link(place.path, label=label, icon=place.icon, query_params=more)


def go(place: Place, **more: str) -> NoReturn:
    """Switch to a page with the shared controls as they are, from within a run.

    Streamlit refuses to write what a control is bound to: the controls keep it themselves.
    """
    st.switch_page(place.path, query_params=more)


def explained(metric: Metric) -> Place | None:
    """The page that says more of a number; None where that is the page that is open."""
    source = metric.source.partition(",")[0].partition(" ")[0]
    title = _EXPLAINED.get(source, "Conversations")
    place = places.SENTIMENT if metric.key in _FELT else named(title) or places.CONVERSATIONS
    return None if place.title == filters.page() else place
