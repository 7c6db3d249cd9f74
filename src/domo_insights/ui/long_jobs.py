"""Work that takes a while: how far it is, and a way to stop it."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from domo_insights.errors import DomoInsightsError
from domo_insights.ui import blocks
from domo_insights.ui.data import wrote

Result = TypeVar("Result")
Progress = Callable[[str, int, int], None]


def run(key: str, job: Callable[[Progress], Result]) -> Result | None:
    """Do `job`, which is given whom to tell how far it is. None when it failed, which is said.

    "Stop", any other control and leaving the page end it: the script does not come back from the
    next word of progress, and a job stores nothing before its end.
    """
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center", key=f"job_{key}"):
        bar = st.progress(0.0, text="Starting")
        st.button("Stop", key=f"stop_{key}", icon=":material/stop_circle:")

    def told(what: str, done: int, of: int) -> None:
        bar.progress(min(1.0, done / of) if of else 0.0, text=f"{what}: {done:,} of {of:,}")

    try:
        result = job(told)
    except DomoInsightsError as problem:
        place.empty()
        blocks.error(problem, f"job_{key}")
        return None
    place.empty()
    wrote()
    return result
