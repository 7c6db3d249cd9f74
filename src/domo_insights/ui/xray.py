"""What is wrong with the knowledge itself."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import pandas as pd
import streamlit as st

from domo_insights.embedding import dimensions_of
from domo_insights.queries import knowledge, knowledge_answer, replays
from domo_insights.queries import xray as queries
from domo_insights.ui import blocks
from domo_insights.ui.data import load
from domo_insights.ui.plain import plain
from domo_insights.ui.table_sizes import height_within

WINS_FOR_EVERYTHING: Final = 0.2
ENOUGH: Final = 10
"""Questions of a replay below which nothing is said about who wins."""
_QUICK: Final = 3_000
"""Up to so many chunks every pair is compared without being asked to."""
_WIDE_LONGEST: Final = 8_000
_SIMILARITY: Final = st.column_config.NumberColumn("Similarity", format="%.3f", width="small")
_CHUNK: Final = st.column_config.TextColumn("Chunk", width="large", pinned=True)


def xray(demo_id: UUID) -> None:
    """Near-duplicates, chunks that win too often or never, embeddings, lengths."""
    with blocks.card(
        "Knowledge X-ray", "What makes answers worse before anybody asks.", key="xray"
    ):
        known = knowledge_answer.knowledge_of(load(knowledge.overview, demo_id))
        if not known.chunks:
            st.write("This demo has no chunk yet. Write the first one in the playground.")
            return
        wide = known.model is not None and dimensions_of(known.model) > 1_000
        longest = _WIDE_LONGEST if wide else queries.LONGEST
        parts = st.tabs(
            ["Near-duplicates", "Wins for everything", "Never reached", "Embeddings", "Length"]
        )
        with parts[0], blocks.alone("xray_duplicates"):
            _duplicates(demo_id, known.searchable)
        reach = _reach(demo_id)
        with parts[1], blocks.alone("xray_wins"):
            _wins(reach)
        with parts[2], blocks.alone("xray_never"):
            _never(reach)
        with parts[3], blocks.alone("xray_embeddings"):
            _embeddings(demo_id, known.model)
        with parts[4], blocks.alone("xray_lengths"):
            _lengths(demo_id, longest)


def _duplicates(demo_id: UUID, count: int) -> None:
    st.caption(
        f"Pairs with a cosine similarity of {queries.SAME} or more: two answers to one question"
        " compete, and one of them is soon out of date."
    )
    if count > _QUICK and not st.button(
        f"Compare all {count:,} chunks", icon=":material/difference:", key="compare_all"
    ):
        return
    found = load(queries.duplicates, demo_id)
    _table(
        found[["chunk", "other", "similarity"]],
        "No two chunks say nearly the same.",
        {
            "chunk": _CHUNK,
            "other": st.column_config.TextColumn("Other chunk", width="large"),
            "similarity": _SIMILARITY,
        },
        "Pairs of chunks that say nearly the same",
    )


def _reach(demo_id: UUID) -> pd.DataFrame | None:
    """Chunks against the latest replay; None without one that has enough questions."""
    runs = load(replays.runs, demo_id, 1)
    if runs.empty or runs["questions"].iloc[0] < ENOUGH:
        return None
    return load(queries.reach, runs["run_id"].iloc[0])


def _wins(reach: pd.DataFrame | None) -> None:
    st.caption(
        f"Chunks that are nearest to at least {WINS_FOR_EVERYTHING:.0%} of the questions of the"
        " latest replay: too general, or the only one there is."
    )
    if reach is None:
        st.write(f"Replay a period with at least {ENOUGH} questions first.")
        return
    some = reach[reach["first_share"] >= WINS_FOR_EVERYTHING]
    _table(
        some.assign(first_share=some["first_share"] * 100)[["chunk", "first", "first_share"]],
        "No chunk does.",
        {
            "chunk": _CHUNK,
            "first": st.column_config.NumberColumn("Nearest to", help="Questions, as often asked."),
            "first_share": st.column_config.NumberColumn("Share", format="%.0f %%"),
        },
        "Chunks that win for everything",
    )


def _never(reach: pd.DataFrame | None) -> None:
    st.caption(
        "Chunks that were among the five nearest, and near enough, for no question of the latest"
        " replay: nobody asks for them, or not in these words."
    )
    if reach is None:
        st.write(f"Replay a period with at least {ENOUGH} questions first.")
        return
    some = reach.loc[reach["reached"] == 0, ["chunk"]]
    _table(some, "Every chunk is reached.", {"chunk": _CHUNK}, "Chunks that no question reaches")


def _embeddings(demo_id: UUID, model: str | None) -> None:
    st.caption(
        "Chunks that a search by meaning does not find. `domo-insights embed` makes missing ones;"
        " `domo-insights embed --declare NAME` says which model made vectors that are there."
    )
    found = load(queries.embeddings, demo_id, model)
    words = {"missing": "No embedding", "unknown": "Model not known, or its text was changed"}
    problems = found["problem"].map(lambda text: words.get(text, f"Of another model: {text}"))
    _table(
        found.assign(problem=problems.map(plain))[["chunk", "problem"]],
        "Every chunk has an embedding of the same model.",
        {"chunk": _CHUNK, "problem": st.column_config.TextColumn("Problem")},
        "Chunks without an embedding of the model",
    )


def _lengths(demo_id: UUID, longest: int) -> None:
    st.caption(
        f"Under {queries.SHORTEST} characters there is little to find; of more than {longest:,} the"
        " model reads the beginning only, and a search by meaning finds several things at once"
        " badly."
    )
    _table(
        load(queries.lengths, demo_id, longest)[["chunk", "problem", "characters"]],
        "No chunk is too short or too long.",
        {
            "chunk": _CHUNK,
            "problem": st.column_config.TextColumn("Problem"),
            "characters": st.column_config.NumberColumn("Characters", format="localized"),
        },
        "Chunks that are too short or too long",
    )


def _table(frame: pd.DataFrame, nothing: str, columns: Mapping[str, Any], alt: str) -> None:
    if frame.empty:
        st.success(nothing, icon=":material/check_circle:")
        return
    texts = {name: frame[name].map(plain) for name in ("chunk", "other") if name in frame}
    st.caption(f"{len(frame):,} found.")
    st.dataframe(
        frame.assign(**texts), hide_index=True, height=height_within(len(frame), 300), alt=alt,
        column_config=dict(columns),
    )  # fmt: skip
