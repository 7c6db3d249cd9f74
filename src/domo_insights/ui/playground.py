"""The playground's question, its settings, and the road to an answer."""

from dataclasses import dataclass, replace
from html import escape
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import streamlit as st
from sqlalchemy import Connection

from domo_insights import embedding
from domo_insights.database.engine import engine_for
from domo_insights.database.reads import read
from domo_insights.metrics import NOTHING, THIN
from domo_insights.queries import demos, knowledge, knowledge_answer
from domo_insights.queries.knowledge import Mode, Vector
from domo_insights.queries.knowledge_answer import Answer, Knowledge
from domo_insights.settings import current
from domo_insights.ui import cards, empty, filters
from domo_insights.ui.cards import Fact
from domo_insights.ui.data import kept, load
from domo_insights.ui.session import current_viewer

PARAMETER: Final = "question"
_TEXT, _SEEN, _PAST = "playground_question", "_playground_seen", "_playground_past"
_LONGEST: Final = 50_000
_KEPT: Final = 30
_OFFERED: Final = 12
_SHORT: Final = {
    "all-MiniLM-L6-v2": "MiniLM",
    "text-embedding-3-small": "3-small",
    "text-embedding-ada-002": "ada-002",
}
MODES: Final = {Mode.HYBRID: "Both", Mode.VECTOR: "Meaning", Mode.TEXT: "Words"}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and how."""

    text: str
    mode: Mode
    k: int
    threshold: float

    def otherwise(self, mode: Mode, k: int, threshold: float) -> "Question":
        """The same words with other settings."""
        return replace(self, mode=mode, k=k, threshold=threshold)


def demo() -> UUID | None:
    """The chosen demo; without one the page asks for it."""
    chosen = filters.asked().demo_id
    if chosen is None:
        with st.container(border=True, key="choose_demo"):
            if empty.no_demos():
                st.subheader("No demo yet", anchor=False)
                st.write("Knowledge belongs to a demo. Create one on the Domo platform.")
                return None
            st.subheader("Choose a demo", anchor=False)
            st.write("Knowledge belongs to one demo. Choose it here or at the top of the page.")
            _choice()
    return chosen


def _choice() -> None:
    """The demos as links to this page with one of them chosen: plain ones, since the labels of
    buttons read Markdown."""
    said = {key: st.query_params.get_all(key) for key in st.query_params}
    for demo_id in load(demos.mine)["demo_id"].head(_OFFERED):
        name = filters.name_of(demo_id) or ""
        where = urlencode(said | {filters.DEMO: [name]}, doseq=True)
        st.html(
            f'<a href="?{escape(where)}" target="_self" style="overflow-wrap: anywhere">'
            f"{escape(name)}</a>"
        )


def kpis(demo_id: UUID) -> Knowledge | None:
    """What there is to search; None for the product team, which is told why it ends here."""
    embedding.warm()
    known = knowledge_answer.knowledge_of(load(knowledge.overview, demo_id))
    cards.facts(_facts(known))
    if current_viewer().product_team:
        st.info(
            "The product team sees how much knowledge there is, not what it says: questions and"
            " answers are for the demo's owner alone.",
            icon=":material/lock:",
        )
        return None
    if known.obstacle:
        st.info(known.obstacle, icon=":material/info:")
    return known


def _facts(known: Knowledge) -> list[Fact]:
    chunks, rest = known.chunks, known.without + sum(known.others.values())
    return [
        Fact("chunks", "Chunks", f"{chunks:,}".replace(",", THIN),
             "Pieces of this demo's knowledge.", ["in this demo"]),
        Fact("not_embedded", "Without embedding", f"{rest:,}".replace(",", THIN),
             "Chunks with no embedding, one of another model, or a text that changed since. They"
             " can be found by words alone. `domo-insights embed` makes them up.",
             [f"of {chunks:,} chunk{'s' * (chunks != 1)}".replace(",", THIN)]),
        Fact("model", "Model", _SHORT.get(known.model or "", known.model or NOTHING),
             "It turned most chunks into vectors, and turns the question into one.",
             [known.model or "no chunk has a vector"]),
        Fact("threshold", "Threshold", f"{known.threshold:.2f}" if known.model else NOTHING,
             "The least cosine similarity of a match. It belongs to the model: MiniLM keeps 93 % of"
             " true matches at 0.35.", ["least similarity"]),
    ]  # fmt: skip


def question(known: Knowledge) -> Question | None:
    """The question box with its settings; None while nothing is asked."""
    _prefill()
    with st.container(border=True, key="ask"):
        text = st.text_input(
            "Question",
            key=_TEXT,
            max_chars=_LONGEST,
            icon=":material/search:",
            placeholder="Ask as a visitor would, then press Enter",
        )
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            mode, k, threshold = settings("a", known.threshold)
            _past()
    if not text or not text.strip():
        return None
    _remember(text)
    return Question(text, mode, k, threshold)


def settings(
    key: str, threshold: float, mode: Mode = Mode.HYBRID, k: int = 5
) -> tuple[Mode, int, float]:
    """Controls for how to search, each kept under `key`."""
    ways = list(MODES)
    chosen = st.segmented_control(
        "Search by",
        ways,
        default=mode,
        format_func=lambda way: MODES[way],
        required=True,
        key=f"playground_mode_{key}",
        help="Both: meaning and words, each ranked by itself and put together by reciprocal ranks.",
    )
    count = st.number_input("Answers (k)", 1, 50, k, key=f"playground_k_{key}", width=120)
    least = st.number_input(
        "Threshold",
        -1.0,
        1.0,
        threshold,
        step=0.01,
        key=f"playground_threshold_{key}_{threshold}",
        width=120,
        help="Least cosine similarity. The model's own until you choose another; when searching by"
        " words it does not apply.",
    )
    return Mode(chosen or mode), int(count), float(least)


def answer(demo_id: UUID, asked: Question) -> Answer:
    """What the knowledge says now. Raises: DatabaseError."""
    viewer = current_viewer()

    def embed(text: str, model: str | None) -> Vector | None:
        return _vector(viewer.user_id, text, model) if model else None

    def ask(conn: Connection) -> Answer:
        return knowledge_answer.answer(
            conn, demo_id, asked.text, asked.mode, asked.k, asked.threshold, embed
        )

    return read(engine_for(current().secret("database_url")), viewer, ask)


def ask_again(text: str) -> None:
    """Put a question into the box; for a callback."""
    st.session_state[_TEXT] = text


@kept(seconds=600, most=128)
def _vector(_user_id: UUID, text: str, model: str) -> Vector | None:
    # A vector is made of nothing but its arguments: whoever has the text may have it.
    return knowledge_answer.embedded(text, model)


def _prefill() -> None:
    """A question that the address brings, once: then it is the visitor's to change."""
    brought = str(st.query_params.get(PARAMETER, ""))[:_LONGEST]
    if brought and st.session_state.get(_SEEN) != brought:
        st.session_state[_SEEN] = st.session_state[_TEXT] = brought


def _past() -> None:
    past = st.session_state.get(_PAST, [])
    if not past:
        return
    with st.popover("Asked before", icon=":material/history:"), st.container(key="past"):
        chosen = st.selectbox(
            "Asked before", past, index=None, key="playground_past", width=320,
            format_func=lambda text: text[:120], placeholder="Choose a question",
        )  # fmt: skip
        if chosen:
            st.button("Ask again", on_click=ask_again, args=(chosen,), icon=":material/replay:")


def _remember(text: str) -> None:
    past = [text, *(known for known in st.session_state.get(_PAST, []) if known != text)]
    st.session_state[_PAST] = past[:_KEPT]


def problem(failure: str) -> None:
    """A model that could not be asked."""
    if failure:
        st.warning(failure, icon=":material/warning:")
