"""The three ways of having nothing to show, each with what to do about it."""

from uuid import UUID

import pandas as pd
import streamlit as st

from domo_insights.errors import ConfigError
from domo_insights.ingest.webhook import webhook_url
from domo_insights.queries import availability, conversations, demos, messages
from domo_insights.ui import filters, links, places
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import show
from domo_insights.ui.session import current_viewer


def anything(asked: Asked) -> bool:
    """Whether the page has something to show; if not, says why and what to do.

    Raises: DatabaseError.
    """
    talk, said = load(conversations.kpis, *asked), load(messages.kpis, *asked)
    if talk["conversations"].iloc[0] or said["messages"].iloc[0]:
        return True
    ever = load(availability.conversations_ever, None, True).iloc[0]
    passing = load(availability.conversations_ever, asked.demo_id, asked.include_test).iloc[0]
    with st.container(border=True, key="empty"):
        if not ever["conversations"]:
            _nothing_yet(asked.demo_id)
        elif not passing["conversations"]:
            _too_narrow(asked)
        else:
            _nothing_in_this_period(asked, passing["last_start"])
    return False


def no_demos() -> bool:
    """Whether the viewer has no demo at all."""
    return load(demos.mine).empty


def _nothing_yet(demo_id: UUID | None) -> None:
    st.subheader("No conversations yet", anchor=False)
    if current_viewer().product_team:
        st.write("No owner has received a conversation so far.")
        return
    mine = load(demos.mine)
    if mine.empty:
        st.write("You have no demo yet. Create one on the Domo platform, or bring its callbacks:")
        st.code("domo-insights ingest FILE --owner YOUR-EMAIL", language=None)
        return
    st.write("Give this address to Tavus as the callback address of the demo:")
    chosen = mine[mine["demo_id"] == demo_id] if demo_id else mine
    for row in chosen.head(3).itertuples():
        show(row.demo)
        try:
            st.code(webhook_url(UUID(str(row.demo_id))), language=None, wrap_lines=True)
        except ConfigError as problem:
            st.caption(f"{problem} {problem.hint}")
    links.to(places.WEBHOOKS, "Send a test event", demo_id)
    st.write("Or bring callbacks that you have as a file:")
    st.code("domo-insights ingest FILE", language=None)


def _nothing_in_this_period(asked: Asked, last: pd.Timestamp) -> None:
    day = last.astimezone(asked.period.tz).date()
    st.subheader("No conversations in this period", anchor=False)
    st.write(f"The last one started on {day.day} {day:%B %Y}.")
    st.button(
        "Jump to the last period with data",
        icon=":material/event:",
        on_click=filters.jump_to,
        args=(day, asked.period.days if not asked.period.rolling else 1),
    )


def _too_narrow(asked: Asked) -> None:
    st.subheader("Nothing passes the filter", anchor=False)
    if asked.demo_id:
        st.write("Only conversations of this demo are shown, and it has none:")
        show(asked.demo)
    if not asked.include_test:
        st.write("Test conversations are left out.")
    st.button("Clear the filter", icon=":material/filter_alt_off:", on_click=filters.clear)
