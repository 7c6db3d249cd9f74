"""The search over what was said: passages with their hits marked."""

from html import escape
from typing import Any, Final

import streamlit as st

from domo_insights import metrics
from domo_insights.queries import text_search
from domo_insights.ui import blocks, exports, reading, spoken
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.ui.session import current_viewer

MOST: Final = 20
_WHO: Final = {"user": "Visitor", "assistant": "Agent"}
_MARK: Final = (
    '<mark style="background: rgba(217, 119, 6, .28); color: inherit; font-weight: 600;'
    ' border-radius: 3px; padding: 0 2px">'
)


def search(asked: Asked) -> None:
    """A field, and the messages of the period that hold its words."""
    if current_viewer().product_team:
        return
    with blocks.card("Search what was said", key="search"):
        words = st.text_input(
            "Words",
            key=reading.WORDS,
            bind="query-params",
            max_chars=200,
            icon=":material/search:",
            placeholder="Words of a visitor or the agent",
            label_visibility="collapsed",
            help='The beginning of a word is enough. "Quotes" keep words in order, -word leaves'
            " messages out that hold it.",
        )
        if words := plain(words).strip():
            _found(asked, words)


def _found(asked: Asked, words: str) -> None:
    here = (asked.period, asked.demo_id, asked.include_test)
    frame = load(text_search.messages, *here, words=words, limit=MOST)
    if frame.empty:
        st.write("No message of this period holds these words.")
        return
    hits = int(frame["hits"].iloc[0])
    newest = f", the newest {MOST} are shown" if hits > MOST else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        many = metrics.MESSAGES.text(min(hits, text_search.COUNTED))
        found = f"{many} message{'s' * (hits != 1)} found{newest}."
        more = "More than " * (hits > text_search.COUNTED)
        st.caption(more + found, width="stretch")
        export = exports.of(text_search.messages, asked, words=words, limit=200)
        exports.menu(export, "search", "messages found")
    with st.container(height=420 if len(frame) > 4 else "content", key="hits", gap="small"):
        for number, row in enumerate(frame.itertuples()):
            _hit(number, row, asked)


def _hit(number: int, row: Any, asked: Asked) -> None:
    at = row.occurred_at.tz_convert(asked.period.zone)
    with st.container(key=f"hit_{number}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.text(
                f"{_WHO[row.role]}, {at.day} {at:%b %Y, %H:%M}, {plain(row.demo)}", width="stretch"
            )
            st.button(
                spoken.label("Open", f"{plain(row.demo)}, {at.day} {at:%b %Y, %H.%M.%S}"),
                key=f"open_hit_{number}",
                icon=":material/forum:",
                type="tertiary",
                help="Read the whole conversation",
                on_click=reading.choose,
                args=(row.conversation_id,),
            )
        st.html(marked(row.shown))


def marked(shown: object) -> str:
    """A passage as HTML: every character of it is text, only the marks around hits are ours."""
    safe = escape(plain(shown), quote=True)
    safe = safe.replace(text_search.HIT_STARTS, _MARK).replace(text_search.HIT_ENDS, "</mark>")
    return f'<div style="overflow-wrap: anywhere">{safe}</div>'
