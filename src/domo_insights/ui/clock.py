"""Moments and durations as pages write them."""

from typing import Any

import pandas as pd

from domo_insights.metrics import MEDIAN_DURATION
from domo_insights.ui.filters import zone


def local(moments: "pd.Series[pd.Timestamp]", of: str) -> "pd.Series[pd.Timestamp]":
    """Moments on the wall of the zone `of`, without a zone: a table would put them into the
    browser's."""
    return moments.dt.tz_convert(of).dt.tz_localize(None)


def duration(seconds: Any) -> str:
    """How long something took, as the numbers of durations are written; missing is told as such."""
    return MEDIAN_DURATION.text(None if pd.isna(seconds) else float(seconds))


def moment(when: pd.Timestamp) -> str:
    """A moment in the zone of the page: 2 Mar 2026, 12:00."""
    here = when.tz_convert(zone())
    return f"{here.day} {here:%b %Y, %H:%M}"
