"""The frame around every page: who is here, navigation, the shared controls, and the top line.

It lies in the package, not beside pages/: Streamlit runs a page of a pages/ folder beside the
main script by itself, without the frame, on the first deep link of a fresh process.
"""

from html import escape
from pathlib import Path
from typing import Final

import streamlit as st

from domo_insights.errors import DomoInsightsError
from domo_insights.ui import blocks, filters, places, session
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.viewer import Viewer

IMAGES: Final = Path(__file__).parent / "images"
OVERVIEW: Final = "How are my demos doing, and what needs me now?"
CONVERSATIONS: Final = "How much do visitors talk, and where do they stop?"


def main() -> None:
    """Draw the frame and run the page that was asked for."""
    st.set_page_config(
        page_title="Domo Insights", page_icon=str(IMAGES / "icon.png"), layout="wide"
    )
    st.logo(str(IMAGES / "logo.svg"), icon_image=str(IMAGES / "icon.svg"), size="large")
    try:
        viewer = session.enter()
    except DomoInsightsError as problem:
        blocks.error(problem, "frame")
        return
    page = st.navigation(
        {
            "Analytics": [
                st.Page(
                    places.OVERVIEW,
                    title="Overview",
                    icon=":material/dashboard:",
                    help=OVERVIEW,
                    default=True,
                ),
                st.Page(
                    places.CONVERSATIONS,
                    title="Conversations",
                    icon=":material/forum:",
                    help=CONVERSATIONS,
                ),
            ]
        }
    )
    with st.sidebar:
        _account(viewer)
    try:
        _top_line(page.title, {"Overview": OVERVIEW, "Conversations": CONVERSATIONS}[page.title])
        page.run()
    except DomoInsightsError as problem:
        blocks.error(problem, "page")


def _top_line(title: str, question: str) -> None:
    with st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="bottom",
        key="top_line",
    ):
        with st.container(width="content", gap=None):
            st.title(title, anchor=False)
            st.caption(question)
        with st.container(horizontal=True, width="content", vertical_alignment="bottom"):
            filters.show()
    st.caption(_when(filters.asked()))


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
            '<form method="post" action="/sign-out">'
            f'<input type="hidden" name="csrf" value="{token}">'
            '<button type="submit" style="font: inherit; color: inherit; background: none;'
            " border: 1px solid currentcolor; border-radius: 8px; padding: .25rem .8rem;"
            ' opacity: .75; cursor: pointer">Sign out</button></form>'
        )


main()
