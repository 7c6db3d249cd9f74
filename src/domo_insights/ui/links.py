"""Ways from one page to another that keep what is chosen."""

from uuid import UUID

import streamlit as st

from domo_insights.ui import filters, places
from domo_insights.ui.places import Place
from domo_insights.ui.session import current_viewer


def to(place: Place, label: str, demo_id: UUID | None = None, **more: str) -> None:
    """A link to `place`, to Demos where the viewer does not have it, with the shared controls as
    they are, and with `demo_id` chosen.

    The browser takes the controls' own values along: to name them here as well would double them.
    """
    if place not in places.open_to(current_viewer()):
        place = places.DEMOS
    name = filters.name_of(demo_id) if demo_id else None
    if name and name != filters.demo():
        more[filters.DEMO] = name
    st.page_link(place.path, label=label, icon=place.icon, query_params=more)
