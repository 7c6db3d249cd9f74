"""One demo: its numbers beside others, its videos, its knowledge, how it presents itself."""

from html import escape
from typing import Any, Final
from uuid import UUID

import pandas as pd
import streamlit as st

from domo_insights.auth import storage
from domo_insights.metrics import NOTHING, Metric
from domo_insights.queries import (
    conversations,
    demos_compared,
    demos_now,
    demos_others,
    messages,
)
from domo_insights.queries.demos_compared import ROWS as _ROWS
from domo_insights.ui import blocks, exports, filters, links, places, spoken
from domo_insights.ui.clock import duration, local
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain, show
from domo_insights.ui.session import current_viewer

_NAME: Final = "margin: 0; padding: 0; font-size: 1.25rem; overflow-wrap: anywhere"
_NO_STORAGE: Final = (
    "The files are not here: the embedded database has no file storage. On a hosted project each"
    " video has a link to watch it."
)
_STATUS: Final[dict[str, Any]] = {
    "completed": (":material/check_circle:", "green"),
    "processing": (":material/autorenew:", "blue"),
    "pending": (":material/schedule:", "orange"),
    "failed": (":material/error:", "red"),
}


def heading(asked: Asked) -> None:
    """The demo's name in full, the way back, and the ways to every other page with it chosen."""
    with st.container(horizontal=True, vertical_alignment="center", key="demo_heading"):
        st.button(
            "All demos", icon=":material/arrow_back:", on_click=filters.choose, args=(filters.ALL,)
        )
        st.html(f'<h2 style="{_NAME}">{escape(plain(asked.demo))}</h2>', width="stretch")
        exports.summary_link(asked)
    with st.container(horizontal=True, key="demo_links"):
        for place in places.open_to(current_viewer()):
            if place not in (places.DEMOS, places.MY_ACCESS, places.PLATFORM):
                links.to(place, place.title, asked.demo_id)


def compared(asked: Asked) -> None:
    """The demo now, before, and beside the owner's other demos."""
    with blocks.card(
        "Beside before and the other demos",
        "Counts of the other demos are the mean of a demo; the rest is over all their"
        " conversations.",
        key="compared",
        export=exports.of(demos_compared.compared, asked),
    ):
        now, before = _numbers(asked), _numbers(asked.before)
        others = load(demos_others.others, *asked).iloc[0].to_dict()
        found = demos_compared.beside(now, before, others).to_dict("records")
        rows = [_in_words(metric, row) for metric, row in zip(_ROWS, found, strict=True)]
        st.dataframe(
            pd.DataFrame(rows, columns=["Number", "Now", "Before", "Change", "Other demos"]),
            hide_index=True,
            alt="Numbers of this demo now, before, and of the owner's other demos",
        )


def _numbers(asked: Asked) -> dict[Any, Any]:
    talks, words = (load(subject.kpis, *asked).iloc[0] for subject in (conversations, messages))
    return {**talks.to_dict(), **words.to_dict()}


def _in_words(metric: Metric, row: dict[Any, Any]) -> tuple[str, ...]:
    now, before, others = (metric.text(row[name]) for name in ("now", "before", "other_demos"))
    return metric.label, now, before, str(row["change"]), others


def videos(asked: Asked) -> None:
    """The demo's videos, with what became of them and what is said in them."""
    export = exports.of(demos_now.videos, asked)
    with blocks.card("Videos", key="videos", export=_unless_product(export)):
        if _closed():
            return
        found = load(demos_now.videos, asked.demo_id)
        if found.empty:
            st.info("This demo has no video yet.")
        kept = storage.is_there()
        for row in found.itertuples():
            _video(row, asked.demo_id if kept and storage.path_of(str(row.storage_url)) else None)
        if len(found) and not kept:
            st.caption(_NO_STORAGE)


def _video(row: Any, watched_of: UUID | None) -> None:
    icon, colour = _STATUS.get(row.status, (":material/help:", "gray"))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(row.status, icon=icon, color=colour)
        show(row.title)
        if not pd.isna(row.duration_seconds):
            st.caption(duration(row.duration_seconds), width="content")
        if watched_of:
            exports.video_link(watched_of, row.number, row.title)
    if row.transcript:
        label = spoken.label("Transcript", row.title)
        with (
            st.expander(label, icon=":material/subtitles:", key=f"video_{row.number}"),
            st.container(height=220, border=False),
        ):
            show(row.transcript)


def knowledge(asked: Asked) -> None:
    """How much the demo knows, and where that came from."""
    export = exports.of(demos_now.sources, asked)
    with blocks.card("Knowledge", key="knowledge", export=_unless_product(export)):
        made = load(demos_now.state, asked.demo_id)
        if made.empty:
            return
        row = made.iloc[0]
        st.write(
            f"{row['chunks']:,} chunks, of these {row['chunks_without_embedding']:,} without"
            " embedding."
        )
        if current_viewer().product_team:
            return
        found = load(demos_now.sources, asked.demo_id)
        found["source"] = [plain(source) or "no source named" for source in found["source"]]
        edits = local(found["last_edit"], asked.period.zone)
        st.dataframe(
            found.assign(last_edit=edits),
            hide_index=True,
            height="content" if len(found) <= 6 else 245,
            alt="Chunks of knowledge by source",
            column_config={
                "source": st.column_config.TextColumn("Source", pinned=True),
                "chunks": st.column_config.NumberColumn("Chunks"),
                "with_question": st.column_config.NumberColumn("With question"),
                "last_edit": st.column_config.DatetimeColumn("Last edit", format="D MMM YYYY"),
            },
        )


def persona(asked: Asked) -> None:
    """How the demo's agent presents itself, and what it asks visitors to do."""
    export = _unless_product(exports.of(demos_now.persona, asked))
    with blocks.card("Persona and call to action", key="persona", export=export):
        if _closed():
            return
        found = load(demos_now.persona, asked.demo_id)
        for row in found.itertuples():
            _beside(("Status", row.status), ("Agent", row.agent_name))
            _said("Personality", row.agent_personality)
            _said("Greeting", row.agent_greeting)
            _beside(("Tavus persona", row.persona_id), ("Call to action", row.cta_text))
            _said("It leads to", row.cta_link)
            _said("Published at", row.published_url)


def _beside(*said: tuple[str, object]) -> None:
    for column, (name, words) in zip(st.columns(len(said)), said, strict=True):
        with column:
            _said(name, words)


def _said(name: str, words: object) -> None:
    with st.container(gap=None):
        st.caption(name)
        show(words if words else NOTHING)


def _closed() -> bool:
    closed = current_viewer().product_team
    if closed:
        st.info("What owners wrote is for the demo's owner alone.", icon=":material/lock:")
    return closed


def _unless_product(export: exports.Export) -> exports.Export | None:
    return None if current_viewer().product_team else export
