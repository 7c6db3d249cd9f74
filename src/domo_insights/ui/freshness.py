"""How old what a page shows may be, where it is read from a replica."""

from typing import Final

import streamlit as st

from domo_insights.database.replica import replica_state

WORTH_SAYING_SECONDS: Final = 5.0


def notice() -> None:
    """Say that a replica is behind, or that pages do without it. Nothing where all is well."""
    state = replica_state()
    if state is None:
        return
    if not state.used:
        away = state.behind_seconds is None
        why = "does not answer" if away else f"is {_age(state.behind_seconds)} behind"
        st.warning(
            f"The read replica {why}. Pages read from the primary database until it is back:"
            " the numbers are right, and may take longer.",
            icon=":material/database_off:",
        )
    elif state.behind_seconds and state.behind_seconds >= WORTH_SAYING_SECONDS:
        st.caption(
            f"Data may be {_age(state.behind_seconds)} old: they are read from a replica that is"
            " catching up."
        )


def _age(seconds: float | None) -> str:
    whole = round(seconds or 0)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min"
