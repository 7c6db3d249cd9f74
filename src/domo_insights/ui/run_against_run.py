"""Runs of question sets, and one against another: what improved, what broke."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
import streamlit as st

from domo_insights.evaluation import measures
from domo_insights.metrics import NOTHING
from domo_insights.metrics.knowledge import BELOW_THRESHOLD
from domo_insights.queries import evaluations
from domo_insights.ranking import Estimate
from domo_insights.ui import blocks
from domo_insights.ui.clock import moment
from domo_insights.ui.data import load
from domo_insights.ui.plain import plain
from domo_insights.ui.table_sizes import height_within

_LABELS: Final = {
    measures.RECALL_1: "Recall@1",
    measures.RECALL_5: "Recall@5",
    measures.MRR: "MRR@10",
    measures.NDCG: "nDCG@10",
}


def runs(demo_id: UUID) -> None:
    """Choose a run; beside it another of the same set."""
    with blocks.card("Runs, one against another", "Numbers with their 95 % interval.", key="runs"):
        known = load(evaluations.runs, demo_id)
        if known.empty:
            st.write("Nothing was run yet. Make a question set and run it.")
            return
        rows = {row["run_id"]: row for row in known.to_dict("records")}
        names = {run_id: _name(row) for run_id, row in rows.items()}
        now = st.selectbox(
            "Run", list(names), format_func=lambda one: names[one], key=f"run_{demo_id}"
        )
        same = {
            run_id: names[run_id]
            for run_id, row in rows.items()
            if row["set_id"] == rows[now]["set_id"] and run_id != now
        }
        earlier = [one for one in same if rows[one]["ran_at"] < rows[now]["ran_at"]]
        before = st.selectbox(
            "Against", list(same), format_func=lambda one: same[one], key=f"against_{now}",
            index=list(same).index(earlier[0]) if earlier else None,
            placeholder="Another run of the same set" if same else "There is no other run",
        )  # fmt: skip
        _numbers(rows[now], rows[before] if before else None)
        if before:
            _moves(before, now)


def _name(row: dict[Any, Any]) -> str:
    model = plain(row["model"]) or "no model"
    return (
        f"{moment(row['ran_at'])}: {plain(row['set_name'])}, {row['mode']}, k {row['k']}, {model}"
    )


def _numbers(now: dict[Any, Any], before: dict[Any, Any] | None) -> None:
    answers = load(evaluations.answers, now["run_id"])
    found = measures.measures(answers, now["threshold"])
    then: dict[str, Estimate] = {}
    steps: dict[str, Estimate] = {}
    if before:
        earlier = load(evaluations.answers, before["run_id"])
        then = measures.measures(earlier, before["threshold"])
        steps = measures.differences(earlier, answers)
        same = now["fingerprint"] == before["fingerprint"]
        st.caption(
            "The knowledge is the same in both." if same
            else "The knowledge was changed between the two."
        )  # fmt: skip
    _table(found, then, steps)
    st.caption(
        f"{len(answers):,} questions, {found[measures.MRR].count:,} with an expected chunk,"
        f" {now['chunks']:,} chunks, threshold {now['threshold']:g}, {now['seconds']:.1f} s."
        f" {BELOW_THRESHOLD.label}: {BELOW_THRESHOLD.meaning[0].lower()}"
        f"{BELOW_THRESHOLD.meaning[1:]}"
    )


def _table(
    found: dict[str, Estimate], then: dict[str, Estimate], steps: dict[str, Estimate]
) -> None:
    """A row per measure; without an earlier run nothing but the run's own values."""
    labels = {**_LABELS, measures.BELOW: BELOW_THRESHOLD.label}
    table = pd.DataFrame(
        {
            "measure": list(labels.values()),
            "now": [_value(found[name]) for name in labels],
            "before": [_value(then[name]) if then else NOTHING for name in labels],
            "step": [_step(steps.get(name)) for name in labels],
        }
    )
    st.dataframe(
        table if then else table[["measure", "now"]],
        hide_index=True,
        alt="What the run is worth",
        column_config={
            "measure": st.column_config.TextColumn("Measure"),
            "now": st.column_config.TextColumn("This run"),
            "before": st.column_config.TextColumn("Against"),
            "step": st.column_config.TextColumn(
                "Difference", help="Question by question; an interval that holds 0 tells nothing."
            ),
        },
    )


def _moves(before: UUID, now: UUID) -> None:
    moved = measures.moves(load(evaluations.answers, before), load(evaluations.answers, now))
    counts = moved["moved"].value_counts()
    st.caption(
        f"{counts.get(measures.BROKE, 0):,} broke, {counts.get(measures.IMPROVED, 0):,} improved,"
        f" {counts.get(measures.SAME, 0):,} as before."
    )
    some = moved[moved["moved"] != measures.SAME]
    if some.empty:
        return
    st.dataframe(
        some.assign(moved=some["moved"].str.capitalize(), question=some["question"].map(plain))[
            ["question", "moved", "rank_before", "rank"]
        ],
        hide_index=True,
        height=height_within(len(some), 300),
        alt="Questions that came out better or worse",
        column_config={
            "question": st.column_config.TextColumn("Question", width="medium", pinned=True),
            "moved": st.column_config.TextColumn("Moved", width="small"),
            "rank_before": st.column_config.NumberColumn(
                "Rank before", help="Of the first expected chunk; empty when it was not found."
            ),
            "rank": st.column_config.NumberColumn("Rank now"),
        },
    )


def _value(estimate: Estimate) -> str:
    if estimate.value is None:
        return NOTHING
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _step(estimate: Estimate | None) -> str:
    if estimate is None or estimate.value is None:
        return NOTHING
    clear = "" if (estimate.low or 0) * (estimate.high or 0) > 0 else ", no clear change"
    return f"{estimate.value:+.3f} ({estimate.low:+.3f} to {estimate.high:+.3f}){clear}"
