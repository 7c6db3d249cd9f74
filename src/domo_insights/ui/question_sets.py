"""Question sets: made here, and run from here."""

from typing import Final
from uuid import UUID

import streamlit as st

from domo_insights.database.doors import reading
from domo_insights.database.engine import engine_for
from domo_insights.errors import DomoInsightsError
from domo_insights.evaluation import evaluating
from domo_insights.evaluation import question_sets as actions
from domo_insights.queries import evaluations
from domo_insights.queries.knowledge import Mode
from domo_insights.settings import current
from domo_insights.ui import blocks, long_jobs
from domo_insights.ui.data import editing, load, wrote
from domo_insights.ui.plain import plain
from domo_insights.ui.playground import MODES
from domo_insights.ui.session import current_viewer

_PASTE, _FILE, _OWN = "Paste", "CSV or JSONL", "This demo's questions"
_OUTCOME: Final = "_question_set_outcome"


def sets(demo_id: UUID) -> None:
    """Choose a set and run it; make a new one."""
    with blocks.card(
        "Question sets", "Questions with the chunks that should answer them.", key="sets"
    ):
        _outcome()
        known = load(evaluations.sets, demo_id)
        if known.empty:
            st.write("There is no question set yet. Make one below.")
        else:
            names = {
                row["set_id"]: f"{plain(row['name'])} ({row['questions']:,} questions,"
                f" {row['judged']:,} with an expected chunk)"
                for row in known.to_dict("records")
            }
            _run(demo_id, names)
        with st.expander("New question set", icon=":material/add:", expanded=known.empty):
            _new(demo_id)


def _run(demo_id: UUID, names: dict[UUID, str]) -> None:
    chosen = st.selectbox(
        "Question set", list(names), format_func=lambda one: names[one],
        key=f"set_{demo_id}", label_visibility="collapsed",
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mode = st.segmented_control(
            "Search by", list(MODES), default=Mode.HYBRID, format_func=lambda way: MODES[way],
            required=True, key="set_mode",
        )  # fmt: skip
        k = st.number_input("Answers (k)", 1, 50, 10, key="set_k", width=120)
        start = st.button("Run", type="primary", icon=":material/play_arrow:", key="run_set")
        st.button(
            "Delete", icon=":material/delete:", key="drop_set", on_click=_forget, args=(chosen,),
            help="The set and its runs.",
        )  # fmt: skip
    if start and chosen:
        engine, viewer = engine_for(current().secret("database_url")), current_viewer()
        made = long_jobs.run(
            "run",
            lambda told: evaluating.evaluate(
                engine, viewer, chosen, Mode(mode or Mode.HYBRID), int(k), progress=told
            ),
        )
        if made:
            st.session_state[_OUTCOME] = "The run is done."
            st.session_state.pop(f"run_{demo_id}", None)
            st.rerun()


def _new(demo_id: UUID) -> None:
    source = st.segmented_control(
        "From", [_PASTE, _FILE, _OWN], default=_PASTE, required=True, key="set_source"
    )
    with st.form("new_set", border=False):
        name = st.text_input("Name", max_chars=actions.LONGEST_NAME, key="set_name")
        pasted = ""
        if source == _PASTE:
            pasted = st.text_area("Questions", key="set_pasted", height=140, help=actions.PASTED)
            st.caption(actions.PASTED)
        elif source == _FILE:
            pasted = st.text_area("Content of the file", key="set_table", height=140)
            st.caption(
                "CSV with a column question and, if wanted, expected (several with | between"
                ' them); JSONL with lines of {"question": …, "expected": […]} or as'
                " `domo-insights evaluate` reads them. That command makes a set of a file with"
                " --keep NAME."
            )
        else:
            st.caption("The question of every chunk, each expecting its own chunk.")
        kept = st.form_submit_button("Keep set", icon=":material/save:")
    if kept:
        _keep(demo_id, name, str(source), pasted)


def _keep(demo_id: UUID, name: str, source: str, pasted: str) -> None:
    engine, viewer = engine_for(current().secret("database_url")), current_viewer()
    try:
        if source == _OWN:
            with reading(engine, viewer) as conn:
                written = actions.from_knowledge(conn, demo_id)
        elif source == _FILE:
            written = actions.from_table(pasted)
        else:
            written = actions.pasted(pasted)
        actions.keep(engine, viewer, demo_id, name, written)
    except DomoInsightsError as problem:
        blocks.error(problem, "keep_set")
        return
    wrote()
    st.session_state[_OUTCOME] = f"Kept {len(written.lines):,} questions."
    st.rerun()


def _forget(set_id: UUID) -> None:
    try:
        with editing() as conn:
            actions.forget(conn, set_id)
    except DomoInsightsError as problem:
        st.session_state[_OUTCOME] = problem
        return
    finally:
        wrote()
    st.session_state[_OUTCOME] = "The question set and its runs are deleted."


def _outcome() -> None:
    told = st.session_state.pop(_OUTCOME, None)
    if isinstance(told, DomoInsightsError):
        blocks.error(told, "set_outcome")
    elif told:
        st.success(told, icon=":material/check:")
