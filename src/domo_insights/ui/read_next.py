"""Conversations that somebody should read, each with its reason, a mark and a note."""

from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd
import streamlit as st

from domo_insights.actions import reviews
from domo_insights.errors import DomoInsightsError
from domo_insights.exports import reasons
from domo_insights.metrics import READ_NEXT, THIN
from domo_insights.queries import read_next as queries
from domo_insights.queries.scope import ANONYMOUS
from domo_insights.ui import blocks, detail, exports, links, places, reading, spoken
from domo_insights.ui.data import editing, load, wrote
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain, show
from domo_insights.ui.session import current_viewer

SHOWN: Final = 6
_WRAP: Final = """<style>
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-to_read_"]) { min-width: min(250px, 100%) }
</style>"""
"""Where the words would be narrower, what to do stands below them."""


def read_next(asked: Asked) -> None:
    """The first few conversations to read."""
    export = exports.of(queries.ranked, asked, limit=1000)
    words = None if current_viewer().product_team else export
    with blocks.card("Read next", key="read_next", meaning=READ_NEXT, export=words):
        if current_viewer().product_team:
            st.info("What visitors said is for the demo's owner alone.", icon=":material/lock:")
            return
        reviewed = st.toggle("Show reviewed ones as well", key="read_next_reviewed")
        found = load(queries.ranked, *asked, reviewed=reviewed, limit=SHOWN)
        deleted = _deleted(asked)
        if found.empty and not deleted:
            st.success("Nothing is left to read in this period.", icon=":material/check_circle:")
        st.html(_WRAP)
        for row in found.itertuples():
            _entry(row, asked)
        if deleted:
            st.caption(deleted)


def _deleted(asked: Asked) -> str:
    """What is not here because nothing of it is left."""
    if not detail.lost(asked):
        return ""
    count = int(load(queries.grown_old, *asked)["conversations"].iloc[0])
    if not count:
        return ""
    many = "1 conversation" if count == 1 else f"{count:,} conversations".replace(",", THIN)
    return (
        f"{many} with a reason to be here {'was' if count == 1 else 'were'} deleted when old, and"
        " can no longer be read."
    )


def _entry(row: Any, asked: Asked) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(gap=None, key=f"to_read_{row.conversation_id}"):
            show(row.demo)
            when = row.started_at.tz_convert(asked.period.zone)
            wordless = " Its words were deleted." * row.conversation_id.startswith(ANONYMOUS)
            st.caption(f"{when:%d %b, %H:%M}. {reasons.to_read(row)}.{wordless}")
            if row.note:
                st.text(f"Note: {plain(row.note)}")
        with st.container(
            horizontal=True, width="content", vertical_alignment="center", gap="small"
        ):
            which = f"{row.demo}, {when:%d %b, %H.%M}"
            label = spoken.label("Read", which)
            links.to(places.CONVERSATIONS, label, **{reading.CONVERSATION: row.conversation_id})
            _review(row, which)


def _review(row: Any, which: str) -> None:
    done = not pd.isna(row.reviewed_at)
    icon = ":material/task_alt:" if done else ":material/edit_note:"
    key, label = f"review_{row.conversation_id}", "Reviewed" if done else "Review"
    with st.popover(spoken.label(label, which), icon=icon, type="tertiary", key=key):
        with st.form(f"{key}_form", border=False):
            mark = st.checkbox("Reviewed", value=done)
            note = st.text_area("Note", row.note, max_chars=reviews.LONGEST_NOTE)
            kept = st.form_submit_button("Keep")
        if kept:
            _keep(row.conversation_id, mark, note)


def _keep(conversation_id: str, mark: bool, note: str) -> None:
    try:
        with editing() as conn:
            read = datetime.now(UTC) if mark else None
            reviews.review(conn, conversation_id, reviewed_at=read, note=note)
    except DomoInsightsError as problem:
        blocks.error(problem, f"keep_{conversation_id}")
        return
    wrote()
    st.rerun()
