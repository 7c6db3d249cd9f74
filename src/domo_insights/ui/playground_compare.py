"""Why a chunk is not there, and what other settings would bring."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from domo_insights.metrics import NOTHING
from domo_insights.queries import knowledge, knowledge_why
from domo_insights.queries.knowledge_answer import Answer
from domo_insights.ui import blocks, playground
from domo_insights.ui.data import load
from domo_insights.ui.plain import plain
from domo_insights.ui.playground import MODES, Question


def why_not(demo_id: UUID, asked: Question, found: Answer) -> None:
    """Pick any chunk; hear how it stands to the question."""
    with blocks.card(
        "Why not this chunk?", "Choose any chunk to see what keeps it out, or in.", key="why"
    ):
        all_of_them = load(knowledge.listing, demo_id)
        if all_of_them.empty:
            st.write("There is no chunk yet.")
            return
        names = chunk_names(all_of_them)
        chosen = st.selectbox(
            "Chunk", list(names), format_func=lambda one: names[one], index=None,
            key=f"why_{demo_id}",
            placeholder="Choose a chunk", label_visibility="collapsed",
        )  # fmt: skip
        if chosen is None:
            return
        standing = load(
            knowledge_why.explain, demo_id, found.vector, asked.text, asked.mode, asked.k,
            found.threshold, found.knowledge.model, chosen,
        )  # fmt: skip
        if standing.empty:
            st.write("This chunk is no longer there.")
            return
        told = knowledge_why.verdict(standing, asked.mode, asked.k, found.threshold)
        icon = ":material/check_circle:" if told.admitted else ":material/do_not_disturb_on:"
        (st.success if told.admitted else st.warning)(told.words[0], icon=icon)
        for line in told.words[1:]:
            st.write(line)


def other_way(demo_id: UUID, asked: Question, found: Answer) -> None:
    """The same question with other settings, and what moved."""
    with blocks.card("A or B", "The same question asked another way.", key="a_or_b"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            other = next(mode for mode in reversed(MODES) if mode is not asked.mode)
            settings = playground.settings("b", found.knowledge.threshold, other, asked.k)
        second = playground.answer(demo_id, asked.otherwise(*settings))
        moved = differences(found, second)
        if moved.empty:
            st.write("Neither finds anything.")
            return
        same = int((moved["moved"] == "same").sum())
        st.caption(f"{same} of {len(moved)} chunks keep their place.")
        st.dataframe(
            moved,
            hide_index=True,
            alt="Chunks with their place under both settings",
            column_config={
                "A": st.column_config.TextColumn("A", help="Place with the settings above."),
                "B": st.column_config.TextColumn("B", help="Place with the settings of this box."),
                "moved": st.column_config.TextColumn("From A to B"),
                "chunk": st.column_config.TextColumn("Chunk", width="medium"),
            },
        )


def differences(first: Answer, second: Answer) -> pd.DataFrame:
    """Every chunk that one of both found: A, B (places as text), moved, chunk."""
    a, b = (one.results.set_index("chunk_id")["rank"] for one in (first, second))
    both = pd.concat([first.results, second.results]).drop_duplicates("chunk_id")
    texts = chunk_names(both)
    rows = [
        {
            "A": str(a.get(chunk, NOTHING)),
            "B": str(b.get(chunk, NOTHING)),
            "moved": _moved(a.get(chunk), b.get(chunk)),
            "chunk": texts[chunk],
        }
        for chunk in both["chunk_id"]
    ]
    return pd.DataFrame(rows, columns=["A", "B", "moved", "chunk"])


def chunk_names(chunks: pd.DataFrame) -> dict[UUID, str]:
    """What chunks are called in a list, by id."""
    return {row["chunk_id"]: _name(row) for row in chunks.to_dict("records")}


def _name(row: Mapping[Any, Any]) -> str:
    words = row["question"] if isinstance(row["question"], str) else row["content"]
    return plain(words).replace("\n", " ")[:110]


def _moved(a: int | None, b: int | None) -> str:
    if a is None:
        return "new"
    if b is None:
        return "gone"
    return "same" if a == b else f"{'up' if b < a else 'down'} {abs(a - b)}"
