"""One question of a replay: who asked it and how, and a form that answers it from now on."""

from typing import Any, Final
from uuid import UUID

import streamlit as st

from domo_insights.ui import knowledge_editor, links, places, playground, reading
from domo_insights.ui.plain import plain

_LINKS: Final = 8


def gap(demo_id: UUID, row: dict[Any, Any]) -> None:
    """Its wordings, its transcripts, its nearest chunk; and the form."""
    left, right = st.columns(2)
    with left, st.container(border=True, key="gap"):
        st.text(plain(row["question"])[:1000])
        times = "once" if row["asked"] == 1 else f"{row['asked']:,} times"
        st.caption(f"Asked {times}, {row['unhappy']:,} with an unhappy outcome.")
        others = [wording for wording in row["wordings"][1:6] if wording]
        if others:
            st.caption("Also asked as:")
            for wording in others:
                st.text(plain(wording)[:200])
        if isinstance(row["chunk"], str):
            st.caption(f"The nearest chunk, with a similarity of {row['similarity']:.2f}:")
            st.text(plain(row["chunk"])[:300])
        _ways(demo_id, row)
    with right:
        knowledge_editor.write(demo_id, question=plain(row["question"]), key="close_gap")
        st.caption("After saving, replay again to see what it fixed.")


def _ways(demo_id: UUID, row: dict[Any, Any]) -> None:
    ids = list(row["conversations"])
    with st.container(horizontal=True, gap="small"):
        asked = {playground.PARAMETER: plain(row["question"])[:2000]}
        links.to(places.PLAYGROUND, "Try in playground", demo_id, **asked)
        for number, conversation_id in enumerate(ids[:_LINKS], 1):
            opened = {reading.CONVERSATION: conversation_id}
            links.to(places.CONVERSATIONS, f"Transcript {number}", demo_id, **opened)
    if len(ids) > _LINKS:
        st.caption(f"{len(ids) - _LINKS:,} more transcripts are in the export.")
