"""What the top line says where a period reaches back to days whose detail is gone."""

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from domo_insights.queries import detail
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked

_HELP = (
    "Whoever runs this database keeps conversations for a time only. Days before this date have no"
    " transcripts, and numbers that need them may be missing there."
)


def note(asked: Asked) -> None:
    """Say it where it is so; else nothing."""
    words = sentence(load(detail.since, asked.demo_id), asked)
    if words:
        st.caption(words, help=_HELP)


def lost(asked: Asked) -> bool:
    """Whether conversations of the period itself were deleted."""
    deleted: Any = load(detail.since, asked.demo_id)["deleted_before"]
    return bool((deleted > pd.Timestamp(asked.period.start)).any())


def sentence(kept: pd.DataFrame, asked: Asked) -> str:
    """What is gone of the period or of the one before it; empty when nothing is."""
    begins = min(asked.period.start, asked.before.period.start)
    parts = []
    for column, gone in (("deleted_before", "Detail"), ("anonymised_before", "Words")):
        dates: Any = kept[column][kept[column] > pd.Timestamp(begins)]
        if len(dates):
            whose = "" if asked.demo_id else f" of {len(dates)} demo{'s' * (len(dates) > 1)}"
            parts.append(f"{gone}{whose} deleted before {_day(dates.max(), asked)}.")
    return " ".join(parts)


def _day(moment: datetime, asked: Asked) -> str:
    local = moment.astimezone(asked.period.tz)
    return f"{local.day} {local:%B %Y}"
