"""Replay the week: what visitors asked, held against today's knowledge, the gaps first."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
import streamlit as st

from domo_insights.database.engine import engine_for
from domo_insights.evaluation import questions as rules
from domo_insights.evaluation import replaying
from domo_insights.metrics.knowledge import COVERAGE
from domo_insights.queries import replays
from domo_insights.queries.replays_compared import compared, in_words
from domo_insights.queries.visitor_questions import UNHAPPY
from domo_insights.settings import current
from domo_insights.ui import blocks, exports, long_jobs, replay_gap
from domo_insights.ui.clock import moment
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.ui.session import current_viewer
from domo_insights.ui.table_sizes import height_within

ANSWERED: Final = {"not": "Not at all", "weakly": "Weakly", "well": "Well"}
_COLOURS: Final[dict[str, Any]] = {"not": "red", "weakly": "orange", "well": "green"}
_ICONS: Final = {"not": "cancel", "weakly": "error", "well": "check_circle"}
_COLUMNS: Final = {"well": "answered_well", "weakly": "answered_weakly", "not": "not_answered"}
_CHOSEN: Final = "_replay_chosen"


def replay_the_week(demo_id: UUID, asked: Asked) -> None:
    """Start a replay of the page's period; look at a stored one, and close its gaps."""
    runs = load(replays.runs, demo_id)
    run = _chosen(runs, demo_id)
    export = exports.of(replays.questions, asked, run_id=run["run_id"]) if run else None
    about = f"What visitors asked in the period of the page ({asked.period.text}), against today's"
    with blocks.card(
        "Replay the week", f"{about} knowledge.", key="replay", meaning=rules.RULE, export=export
    ):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            start = st.button("Replay now", type="primary", icon=":material/replay:", key="start")
            if run:
                names = _names(runs)
                st.selectbox(
                    "Stored replay", list(names), format_func=lambda one: names[one],
                    key=f"replay_run_{demo_id}", index=list(names).index(run["run_id"]), width=330,
                )  # fmt: skip
        if start:
            _start(demo_id, asked)
        elif run is None:
            st.write("No replay is stored yet. Start the first one: it changes no data.")
        if run:
            _summary(run)
            _changes(runs, run)
            _questions(demo_id, run)


def _start(demo_id: UUID, asked: Asked) -> None:
    engine, viewer = engine_for(current().secret("database_url")), current_viewer()
    made = long_jobs.run(
        "replay",
        lambda told: replaying.replay(
            engine, viewer, demo_id, asked.period, asked.include_test, told
        ),
    )
    if made:
        st.session_state[_CHOSEN] = made
        st.session_state.pop(f"replay_run_{demo_id}", None)
        st.rerun()


def _chosen(runs: pd.DataFrame, demo_id: UUID) -> dict[str, Any] | None:
    if runs.empty:
        return None
    rows: dict[Any, Any] = {row["run_id"]: row for row in runs.to_dict("records")}
    wanted = st.session_state.get(f"replay_run_{demo_id}") or st.session_state.get(_CHOSEN)
    found: dict[str, Any] = rows.get(wanted) or next(iter(rows.values()))
    return found


def _names(runs: pd.DataFrame) -> dict[UUID, str]:
    return {
        row["run_id"]: f"{moment(row['ran_at'])}: {COVERAGE.text(row['coverage'])} of"
        f" {row['questions']:,} in {(row['period_end'] - row['period_start']).round('D').days} d"
        for row in runs.to_dict("records")
    }


def _summary(run: dict[str, Any]) -> None:
    with st.container(horizontal=True, gap="small"):
        for verdict, column in _COLUMNS.items():
            part = run[column] / run["questions"]
            st.badge(
                f"{ANSWERED[verdict]}: {run[column]:,} ({part:.0%})",
                icon=f":material/{_ICONS[verdict]}:", color=_COLOURS[verdict],
            )  # fmt: skip
    st.caption(
        f"{run['questions']:,} questions of {run['messages']:,} messages, threshold"
        f" {run['threshold']:g}, {run['chunks']:,} chunks, {run['seconds']:.1f} s. Left out:"
        f" {run['small_talk']:,} greetings and small talk, {run['fragments']:,} fragments,"
        f" {run['remarks']:,} remarks."
    )
    with st.expander("What is left out, and what the words mean", icon=":material/rule:"):
        st.write(rules.RULE)
        st.write(COVERAGE.meaning)
        st.write(f"Unhappy: {UNHAPPY[0].lower()}{UNHAPPY[1:]}")
        st.write(replays.ORDER)
        st.write(
            "Questions count as the same when their words are the same, or their vectors are at"
            f" least {rules.same_cut(run['threshold']):.2f} similar."
        )


def _changes(runs: pd.DataFrame, run: dict[str, Any]) -> None:
    older = runs[runs["ran_at"] < run["ran_at"]]
    if older.empty:
        return
    before = older.iloc[0]["run_id"]
    changes = compared(load(replays.questions, before), load(replays.questions, run["run_id"]))
    words = in_words(changes)
    if not words:
        return
    st.info(words, icon=":material/compare_arrows:")
    moved = changes[changes["moved"].isin(["fixed", "better", "worse"])]
    if moved.empty:
        return
    with st.expander(f"The {len(moved):,} that moved", icon=":material/swap_vert:"):
        st.dataframe(
            pd.DataFrame(
                {
                    "moved": moved["moved"].str.capitalize(),
                    "question": moved["question"].map(plain),
                    "asked": moved["asked"],
                    "before": moved["similarity_before"],
                    "now": moved["similarity"],
                    "chunk": moved["chunk"].map(plain),
                }
            ),
            hide_index=True,
            alt="Questions that are answered better or worse than in the replay before",
            column_config={
                "moved": st.column_config.TextColumn("Moved", width="small"),
                "question": st.column_config.TextColumn("Question", width="large"),
                "asked": st.column_config.NumberColumn("Asked", width="small"),
                "before": st.column_config.NumberColumn("Similarity before", format="%.2f"),
                "now": st.column_config.NumberColumn("Similarity now", format="%.2f"),
                "chunk": st.column_config.TextColumn("Nearest chunk now"),
            },
        )


def _questions(demo_id: UUID, run: dict[str, Any]) -> None:
    found = load(replays.questions, run["run_id"])
    every = st.toggle("Show questions answered well, too", key=f"replay_all_{demo_id}")
    shown = found if every else found[found["verdict"] != "well"]
    if shown.empty:
        st.success("Every question is answered well.", icon=":material/check_circle:")
        return
    shown = shown.reset_index(drop=True)
    st.caption(f"{len(shown):,} different questions. Select one to see who asked, and close it.")
    state: Any = st.dataframe(
        pd.DataFrame(
            {
                "question": shown["question"].map(lambda text: plain(text)[:500]),
                "verdict": shown["verdict"].map(ANSWERED),
                "asked": shown["asked"],
                "unhappy": shown["unhappy"],
                "similarity": shown["similarity"],
                "chunk": shown["chunk"].map(plain),
            }
        ),
        key=f"gaps_{run['run_id']}_{every}",
        hide_index=True,
        height=height_within(len(shown), 388),
        on_select="rerun",
        selection_mode="single-row",
        alt="Questions of visitors with how they are answered, gaps first",
        column_config={
            "question": st.column_config.TextColumn("Question", width="large", pinned=True),
            "verdict": st.column_config.TextColumn("Answered", help=COVERAGE.meaning),
            "asked": st.column_config.NumberColumn("Asked", help="Messages that ask it."),
            "unhappy": st.column_config.NumberColumn("Unhappy", help=UNHAPPY),
            "similarity": st.column_config.NumberColumn("Similarity", format="%.2f"),
            "chunk": st.column_config.TextColumn("Nearest chunk"),
        },
    )
    selected = state["selection"]["rows"]
    if selected:
        replay_gap.gap(demo_id, shown.to_dict("records")[selected[0]])
