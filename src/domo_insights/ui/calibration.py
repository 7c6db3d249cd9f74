"""Which threshold would keep true matches and keep the rest out."""

from uuid import UUID

import streamlit as st

from domo_insights.charts.threshold import kept_and_let_through
from domo_insights.evaluation import evaluating, measures
from domo_insights.queries import evaluations
from domo_insights.ranking import Estimate
from domo_insights.ui import blocks
from domo_insights.ui.clock import moment
from domo_insights.ui.data import load
from domo_insights.ui.plain import plain


def threshold(demo_id: UUID) -> None:
    """Kept against let through, from the latest run that expects chunks, and a recommendation."""
    count = len(evaluating.off_topic())
    meaning = (
        "Kept: questions whose expected chunk is at least so similar. Let through: of"
        f" {count} questions that no demo is about (the capital of Mongolia, sourdough bread, ...),"
        " those that find a chunk at least so similar. Recommended is where kept minus let through"
        " is greatest."
    )
    with blocks.card("Threshold calibration", key="calibration", meaning=meaning):
        for row in load(evaluations.runs, demo_id).to_dict("records"):
            answers = load(evaluations.answers, row["run_id"])
            found = measures.calibrate(answers, row["off_topic"], row["threshold"])
            if found is None:
                continue
            st.caption(f"From the run of {moment(row['ran_at'])}, set {plain(row['set_name'])}.")
            st.write(
                f"Recommended threshold: **{found.recommended:.2f}**. It keeps"
                f" {_share(found.kept)} of true matches and lets {_share(found.let_through)} of"
                f" questions off the topic through; {row['threshold']:g} keeps"
                f" {_share(found.kept_now)} and lets {_share(found.let_through_now)} through."
            )
            if found.kept.count < 30:
                st.caption(
                    f"It rests on {found.kept.count:,} questions only: with 30 or more the"
                    " recommendation is steadier."
                )
            blocks.chart(
                kept_and_let_through(found.frame, row["threshold"], found.recommended),
                found.frame,
                key="calibration",
                alt="Share of true matches kept and of questions off the topic let through, by"
                " threshold.",
            )
            st.caption("Try it in the playground: its threshold can be set for a question.")
            return
        st.write("Run a question set with expected chunks first.")


def _share(estimate: Estimate) -> str:
    if estimate.value is None:
        return "none"
    return f"{estimate.value:.0%} ({estimate.low:.0%} to {estimate.high:.0%})"
