"""The chunks that answer, with what speaks for each."""

import re
from collections.abc import Iterable
from typing import Any, Final

import pandas as pd
import streamlit as st

from domo_insights.metrics import THIN
from domo_insights.queries.knowledge_answer import Answer
from domo_insights.ui import blocks
from domo_insights.ui.plain import plain
from domo_insights.ui.text_search import marked

_START, _STOP = "\ue000", "\ue001"
_LONG: Final = 700


def results(found: Answer) -> None:
    """Every chunk that came, best first, and why there are not more."""
    with blocks.card("Answers", _about(found), key="answers"):
        if found.problem:
            st.warning(found.problem, icon=":material/warning:")
        if found.note:
            st.info(found.note, icon=":material/info:")
        for row in found.results.itertuples():
            _result(row, found)


def with_marks(text: object, words: Iterable[str]) -> str:
    """`text` with marks around every one of `words` (lower case, whole words)."""
    clean = plain(text).replace(_START, "").replace(_STOP, "")
    known = sorted({word for word in words if word}, key=len, reverse=True)
    if not known:
        return clean
    pattern = rf"(?<!\w)({'|'.join(map(re.escape, known))})(?!\w)"
    return re.sub(pattern, rf"{_START}\1{_STOP}", clean, flags=re.IGNORECASE)


def age(moment: Any) -> str:
    """How long ago, in the largest unit that fits."""
    seconds = (pd.Timestamp.now("UTC") - moment).total_seconds()
    for size, name in ((86_400 * 365, "year"), (86_400 * 30, "month"), (86_400, "day"),
                       (3_600, "hour"), (60, "minute")):  # fmt: skip
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {name}{'s' * (count != 1)} old"
    return "new"


def _about(found: Answer) -> str:
    milliseconds = (found.embedding_seconds + found.database_seconds) * 1000
    searched = f"{found.searched:,}".replace(",", THIN)
    model = found.knowledge.model or "no model"
    return f"{searched} chunks searched in {milliseconds:.0f}{THIN}ms with {model}."


def _result(row: Any, found: Answer) -> None:
    with st.container(border=True, gap="xsmall", key=f"answer_{row.rank}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(f"{row.rank}", color="primary")
            if pd.notna(row.similarity):
                weak = row.similarity < found.threshold
                st.badge(
                    f"Similarity {row.similarity:.2f}",
                    color="gray" if weak else "green",
                    help="Cosine similarity of question and chunk, 1 at most."
                    + (" Below the threshold." if weak else ""),
                )
            else:
                st.badge("No embedding", color="orange", help="Found by its words alone.")
            for name, rank in (("meaning", row.vector_rank), ("words", row.text_rank)):
                if pd.notna(rank):
                    st.caption(f"no. {rank} by {name}", width="content")
        _words(row.question, row.matched, strong=True)
        _words(row.answer if isinstance(row.answer, str) else row.content, row.matched)
        source = plain(row.source) if isinstance(row.source, str) else "no source"
        st.text(f"{source}, {age(row.updated_at)}", width="stretch")


def _words(text: object, words: Iterable[str], *, strong: bool = False) -> None:
    if not isinstance(text, str):
        return
    shown = text if len(text) <= _LONG else text[:_LONG] + " …"
    body = marked(with_marks(shown, words))
    st.html(f"<strong>{body}</strong>" if strong else body)
    if len(text) > _LONG:
        with st.expander("All of it"):
            st.text(plain(text))
