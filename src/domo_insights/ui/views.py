"""Saved views: addresses of pages that the viewer keeps under a name.

An address says what is asked. Whoever opens it sees their own rows, so it can be shared as it is.
"""

from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import UUID

import streamlit as st

from domo_insights.actions import views
from domo_insights.errors import DomoInsightsError
from domo_insights.queries import views as queries
from domo_insights.settings import current
from domo_insights.ui import blocks, places, spoken
from domo_insights.ui.data import editing, load, wrote
from domo_insights.ui.places import Place
from domo_insights.ui.plain import plain
from domo_insights.ui.session import current_viewer


def menu(place: Place) -> None:
    """Keep this page as it is now; open or forget what was kept."""
    with st.popover("Views", icon=":material/bookmark:", key="views"), blocks.alone("views_list"):
        with st.form("views_form", border=False, clear_on_submit=True):
            name = st.text_input("Keep this view as", max_chars=views.LONGEST_NAME)
            if st.form_submit_button("Keep", icon=":material/bookmark_add:"):
                said = urlencode(
                    {key: st.query_params.get_all(key) for key in st.query_params}, doseq=True
                )
                _write(views.keep, name, place.path.stem, said)
        found = load(queries.kept)
        if found.empty:
            st.caption("Nothing is kept yet.")
        for row in found.itertuples():
            _kept(row)
        st.caption("To share a view, copy its address: whoever opens it sees their own rows.")


def _kept(row: Any) -> None:
    """A plain link: opened as an address, a view is one step of the browser's history. Controls
    that are set one by one would each be a step."""
    place = next(
        (p for p in places.open_to(current_viewer()) if p.path.stem == row.page), places.ALL[0]
    )
    page = "" if place is places.ALL[0] else place.path.stem
    said = urlencode(parse_qs(row.query, keep_blank_values=True), doseq=True)
    where = escape(f"{current().prefix}/{page}?{said}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(
            f'<a href="{where}" target="_self" style="overflow-wrap: anywhere">'
            f"{escape(plain(row.name))}</a> <small>{place.title}</small>"
        )
        label = spoken.label("Forget", row.name)
        if st.button(label, key=f"forget_{row.view_id}", type="tertiary"):
            _write(views.drop, UUID(str(row.view_id)))


def _write(action: Callable[..., None], *given: Any) -> None:
    try:
        with editing() as conn:
            action(conn, *given)
    except DomoInsightsError as problem:
        st.warning(str(problem))
        return
    wrote()
    st.rerun()
