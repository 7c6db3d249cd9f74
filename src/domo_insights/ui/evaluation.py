"""The row of numbers at the top of the evaluation page."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
import streamlit as st

from domo_insights.evaluation import measures
from domo_insights.metrics import NOTHING, THIN, Metric
from domo_insights.metrics.knowledge import BELOW_THRESHOLD, COVERAGE, MRR_10, RECALL_5
from domo_insights.queries import evaluations, replays
from domo_insights.ranking import NOTHING as NO_CASES
from domo_insights.ranking import Estimate, share
from domo_insights.ui import cards
from domo_insights.ui.cards import Fact
from domo_insights.ui.clock import moment
from domo_insights.ui.data import load
from domo_insights.ui.session import current_viewer

_OF_RUNS: Final = (RECALL_5, MRR_10, BELOW_THRESHOLD)


def kpis(demo_id: UUID) -> bool:
    """Coverage of the latest replay, and what the latest run of a question set is worth. False for
    the product team, which is told why the page ends here."""
    mine = not current_viewer().product_team
    found = load(replays.coverage, demo_id).to_dict("records")
    replayed = found[0] if found else None
    run = _latest_run(demo_id) if mine else None
    none = "no run yet" if mine else "for the demo's owner alone"
    cards.facts([_coverage(replayed), *(_of_run(metric, run, none) for metric in _OF_RUNS)])
    if not mine:
        st.info(
            "The product team sees how much is answered, not what is asked: questions are for the"
            " demo's owner alone.",
            icon=":material/lock:",
        )
    return mine


def interval(metric: Metric, estimate: Estimate) -> str:
    """The 95 % interval in words."""
    if estimate.value is None:
        return NOTHING
    low, high = metric.text(estimate.low), metric.text(estimate.high)
    return f"95{THIN}% interval {low} to {high}"


def _coverage(row: dict[Any, Any] | None) -> Fact:
    if row is None:
        return _fact(COVERAGE, NO_CASES, "no replay yet")
    estimate = share(int(row["answered_well"]), int(row["questions"]))
    before = row["coverage_before"]
    was = "" if pd.isna(before) else f", was {COVERAGE.text(before)}"
    return _fact(COVERAGE, estimate, f"replay of {moment(row['ran_at'])}{was}")


def _of_run(
    metric: Metric, run: tuple[dict[Any, Any], dict[str, Estimate]] | None, none: str
) -> Fact:
    if run is None:
        return _fact(metric, NO_CASES, none)
    row, found = run
    return _fact(metric, found[metric.key], f"run of {moment(row['ran_at'])}, {row['mode']}")


def _latest_run(demo_id: UUID) -> tuple[dict[Any, Any], dict[str, Estimate]] | None:
    runs = load(evaluations.runs, demo_id)
    if runs.empty:
        return None
    row = runs.to_dict("records")[0]
    answers = load(evaluations.answers, row["run_id"])
    return row, measures.measures(answers, row["threshold"])


def _fact(metric: Metric, estimate: Estimate, of: str) -> Fact:
    about = f"{metric.meaning}\n\nRests on {estimate.count:,} questions."
    known = [] if estimate.value is None else [interval(metric, estimate)]
    return Fact(metric.key, metric.label, metric.text(estimate.value), about, [*known, of])
