"""Is the knowledge getting better?"""

import streamlit as st

from domo_insights.ui import (
    calibration,
    evaluation,
    filters,
    playground,
    question_sets,
    replays,
    run_against_run,
    xray,
)

demo_id = playground.demo()
if demo_id is None:
    st.stop()

if not evaluation.kpis(demo_id):
    st.stop()

replays.replay_the_week(demo_id, filters.asked())

left, right = st.columns([2, 3])
with left:
    question_sets.sets(demo_id)
    calibration.threshold(demo_id)
with right:
    run_against_run.runs(demo_id)

xray.xray(demo_id)
