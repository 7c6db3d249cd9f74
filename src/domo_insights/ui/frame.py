"""The frame around every page: who is here, navigation, the shared controls, and the top line.

It lies in the package, not beside pages/: Streamlit runs a page of a pages/ folder beside the
main script by itself, without the frame, on the first deep link of a fresh process.
"""

from contextlib import nullcontext
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st

from domo_insights.errors import DomoInsightsError, NotSignedInError, PeriodError
from domo_insights.settings import current
from domo_insights.ui import (
    blocks,
    detail,
    filters,
    freshness,
    live,
    places,
    session,
    styles,
    turns,
    views,
)
from domo_insights.ui.filters import Asked
from domo_insights.ui.places import Place
from domo_insights.ui.plain import plain
from domo_insights.viewer import Viewer

IMAGES: Final = Path(__file__).parent / "images"
# Pixels: its longest title fits, and beside it the top line is one line on a laptop.
_SIDEBAR: Final = 246
# The name in full: the control above has room for a part of it.
_DEMO: Final = '<p style="margin: 0; overflow-wrap: anywhere">Demo: <strong>{name}</strong></p>'


def main() -> None:
    """Draw the frame and run the page that was asked for."""
    st.set_page_config(
        page_title="Domo Insights",
        page_icon=str(IMAGES / "icon.png"),
        layout="wide",
        initial_sidebar_state=_SIDEBAR,
    )
    st.logo(str(IMAGES / "logo.svg"), icon_image=str(IMAGES / "icon.svg"), size="large")
    styles.page()
    try:
        viewer = session.enter()
        live.begin()
        with turns.turn():
            _draw(viewer)
    except DomoInsightsError as problem:
        blocks.error(problem, "frame")
        if not isinstance(problem, NotSignedInError | PeriodError):
            filters.put_aside()
            live.again()


def _draw(viewer: Viewer) -> None:
    found = places.open_to(viewer)
    pages = _pages(found)
    menu: dict[str, list[st.Page]] = {}
    for page, place in pages.items():
        menu.setdefault(place.section, []).append(page)
    chosen = st.navigation(menu)
    with st.sidebar:
        _account(viewer)
    place = next(place for page, place in pages.items() if page.title == chosen.title)
    if place not in found:
        _refused()
        return
    filters.arrive(place.title)
    _top_line(place)
    with live.following() if place.live else nullcontext():
        try:
            chosen.run()
        except DomoInsightsError as problem:
            live.missed(problem)
            blocks.error(problem, "page")


def _pages(found: tuple[Place, ...]) -> dict[st.Page, Place]:
    """Every page, those that the viewer does not find in the menu hidden."""
    return {
        st.Page(
            place.path,
            title=place.title,
            icon=place.icon,
            help=place.question,
            default=place is places.ALL[0],
            visibility="visible" if place in found else "hidden",
        ): place
        for place in places.ALL
    }


def _top_line(place: Place) -> None:
    with st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="bottom",
        key="top_line",
    ):
        with st.container(width="content", gap=None):
            st.title(place.title, anchor=False)
            st.caption(place.question)
        with st.container(
            horizontal=True, width="content", vertical_alignment="bottom", gap="xsmall"
        ):
            filters.show(dated=place.dated)
            views.menu(place)
    if place.dated:
        if filters.demo() != filters.ALL and place is not places.DEMOS:
            st.html(_DEMO.format(name=escape(plain(filters.demo()))))
        st.caption(_when(filters.asked()))
        detail.note(filters.asked())
    freshness.notice()


def _refused() -> None:
    st.title("This page is for the product team", anchor=False)
    st.write("Its numbers are about all owners. Yours are on the other pages.")
    st.page_link(places.ALL[0].path, label=f"Go to {places.ALL[0].title}", icon=places.ALL[0].icon)


def _when(asked: Asked) -> str:
    period, before = asked.period, asked.period.previous()
    now = period.as_of.astimezone(period.tz)
    against = f"compared with {before.text}"
    if period.running and not period.rolling:
        against += f" at {before.end.astimezone(period.tz):%H:%M}"
    return f"Updated {now:%H:%M}, {period.zone}. {period.text}, {against}."


def _account(viewer: Viewer) -> None:
    with st.container(key="account"):
        if viewer.product_team:
            st.badge("Product team", icon=":material/shield_person:")
        token = escape(session.sign_out_token(), quote=True)
        st.text(plain(viewer.email))
        st.html(
            f'<form method="post" action="{current().prefix}/sign-out">'
            f'<input type="hidden" name="csrf" value="{token}">'
            '<button type="submit" style="font: inherit; color: inherit; background: none;'
            " border: 1px solid currentcolor; border-radius: 8px; padding: .25rem .8rem;"
            ' opacity: .75; cursor: pointer">Sign out</button></form>'
        )


main()
