"""Writing, changing and taking back knowledge. Other pages use `write` where a gap shows."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import streamlit as st
from sqlalchemy import Engine

from domo_insights.actions import knowledge as actions
from domo_insights.actions.knowledge import Saved
from domo_insights.database.engine import engine_for
from domo_insights.errors import DomoInsightsError
from domo_insights.queries import knowledge
from domo_insights.settings import current
from domo_insights.ui import blocks, spoken
from domo_insights.ui.data import load, wrote
from domo_insights.ui.filters import zone
from domo_insights.ui.plain import plain
from domo_insights.ui.playground_compare import chunk_names
from domo_insights.ui.session import current_viewer

_OUTCOME: Final = "_knowledge_outcome"
_DONE: Final = {"insert": "Written", "update": "Changed", "delete": "Deleted"}


def write(demo_id: UUID, question: str = "", key: str = "write") -> None:
    """A form for a new chunk, its question filled in."""
    with blocks.card(
        "Close the gap", "A question with its answer becomes a chunk, searchable at once.", key=key
    ):
        _outcome(key)
        scope = f"{key}_{demo_id}_{hash(question)}"
        with st.form(f"{scope}_form", border=False, clear_on_submit=False):
            st.text_area("Question", question.strip()[:1000], key=f"{scope}_q", height=68)
            st.text_area("Answer", key=f"{scope}_a", height=120, placeholder="What it should say")
            st.form_submit_button(
                "Save", type="primary", icon=":material/save:", on_click=_save,
                args=(key, demo_id, f"{scope}_q", f"{scope}_a"),
            )  # fmt: skip


def chunks(demo_id: UUID, key: str = "edit") -> None:
    """Every chunk of the demo; the chosen one can be changed or deleted."""
    with blocks.card("Knowledge of this demo", "Choose a chunk to change it.", key=key):
        _outcome(key)
        found = load(knowledge.listing, demo_id)
        if found.empty:
            st.write("This demo has no chunk yet. Write the first question with its answer.")
            return
        names = chunk_names(found)
        chosen = st.selectbox(
            "Chunk", list(names), format_func=lambda one: names[one], index=None,
            key=f"{key}_{demo_id}",
            placeholder=f"{len(names):,} chunks", label_visibility="collapsed",
        )  # fmt: skip
        if chosen is not None:
            _form(found[found["chunk_id"] == chosen].to_dict("records")[0], key)


def history(demo_id: UUID, key: str = "history") -> None:
    """What was changed lately, each change with its way back."""
    with blocks.card("Last changes", key=key):
        _outcome(key)
        logged = load(knowledge.history, demo_id, 8)
        if logged.empty:
            st.write("Nothing was changed yet.")
        for number, row in enumerate(logged.to_dict("records")):
            at = row["happened_at"].tz_convert(zone())
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                with st.container(gap=None, width="stretch"):
                    st.text(plain(row["question"])[:90])
                    st.caption(f"{_DONE[row['action']]}, {at.day} {at:%b, %H:%M}")
                which = f"{row['question']!s:.90}, {at:%d %b, %H.%M}"
                label = spoken.label("Undo", which)
                st.button(
                    label, key=f"undo_{number}_{row['audit_id']}", type="tertiary",
                    icon=":material/undo:", on_click=_undo, args=(key, row["audit_id"]),
                )  # fmt: skip


def _form(row: dict[Any, Any], key: str) -> None:
    chunk_id, seen = row["chunk_id"], row["updated_at"]
    scope = f"{key}_{chunk_id}_{seen.value}"
    question = row["question"] if isinstance(row["question"], str) else ""
    answer = row["answer"] if isinstance(row["answer"], str) else row["content"]
    with st.form(f"{scope}_form", border=False):
        st.text_area("Question", question, key=f"{scope}_q", height=68)
        st.text_area("Answer", answer, key=f"{scope}_a", height=160)
        with st.container(horizontal=True):
            st.form_submit_button(
                "Save", type="primary", icon=":material/save:", on_click=_edit,
                args=(key, chunk_id, seen, f"{scope}_q", f"{scope}_a"),
            )  # fmt: skip
            st.form_submit_button(
                "Delete", icon=":material/delete:", on_click=_remove, args=(key, chunk_id, seen)
            )
    if not row["model"]:
        st.caption("It has no embedding yet: a search by meaning does not find it.")


def _save(key: str, demo_id: UUID, question: str, answer: str) -> None:
    state = st.session_state
    if _do(
        key,
        lambda engine: actions.save(
            engine, current_viewer(), demo_id, state[question], state[answer]
        ),
        "Saved. Ask again to see it found.",
    ):
        state[answer] = ""


def _edit(key: str, chunk_id: UUID, seen: Any, question: str, answer: str) -> None:
    state, moment = st.session_state, seen.to_pydatetime()
    _do(
        key,
        lambda engine: actions.edit(
            engine, current_viewer(), chunk_id, moment, state[question], state[answer]
        ),
        "Changed. Undo is in the list of last changes.",
    )


def _remove(key: str, chunk_id: UUID, seen: Any) -> None:
    moment = seen.to_pydatetime()
    _do(
        key,
        lambda engine: actions.remove(engine, current_viewer(), chunk_id, moment),
        "Deleted. Undo is in the list of last changes.",
    )


def _undo(key: str, audit_id: UUID) -> None:
    _do(key, lambda engine: actions.undo(engine, current_viewer(), audit_id), "Taken back.")


def _do(key: str, act: Callable[[Engine], Saved | None], done: str) -> bool:
    """Do it now and say on the next run how it went."""
    try:
        saved = act(engine_for(current().secret("database_url")))
    except DomoInsightsError as problem:
        st.session_state[f"{_OUTCOME}_{key}"] = problem
        return False
    finally:
        wrote()
    words = done
    if saved and saved.problem:
        words = f"Saved, but not searchable by meaning yet. {saved.problem}"
    st.session_state[f"{_OUTCOME}_{key}"] = words
    return True


def _outcome(key: str) -> None:
    told = st.session_state.pop(f"{_OUTCOME}_{key}", None)
    if isinstance(told, DomoInsightsError):
        blocks.error(told, f"outcome_{key}")
    elif told:
        st.success(told, icon=":material/check:")
