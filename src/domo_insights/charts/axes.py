"""What every figure shares: quiet axes, readable in light and dark, numbers as the pages write
them."""

from typing import Final

import pandas as pd

from domo_insights.charts.drawing import Drawing
from domo_insights.metrics import THIN, Kind, Metric

HEIGHT: Final = 280
_FEW: Final = 5
_DIGIT, _BESIDE, LINE = 8, 7, 23
"""Pixels: about the widest character of a label, what is left beside labels, a line below."""
_LEGEND: Final = {"orientation": "h", "x": 0, "yanchor": "top", "title": None}


def moment_format(times: pd.Series) -> str:
    """The d3 format of the moments of an axis: hours are named when there are any."""
    hours = bool(len(times)) and bool((times.dt.hour != 0).any())
    return "%-d %b %H:%M" if hours else "%-d %b %Y"


def lay_out(figure: Drawing, metric: Metric, times: pd.Series, *, legend: bool) -> None:
    """Set axes, hover and margins of a figure over time."""
    hours = bool(len(times)) and bool((times.dt.hour != 0).any())
    highest = _highest(figure)
    counted = metric.kind is Kind.COUNT and highest < _FEW
    figure.update_layout(
        xaxis={"title": None, "tickformat": "%H:%M<br>%-d %b" if hours else "%-d %b", "nticks": 7},
        yaxis={
            "title": None,
            "rangemode": "tozero",
            "tickformat": tick_format(metric),
            "ticksuffix": _suffix(metric),
            "nticks": 5,
            "dtick": 1 if counted else None,  # there is no half of a conversation
        },
        height=HEIGHT,
        hovermode="x unified",
        separators=f".{THIN}",
        showlegend=legend,
        legend=_LEGEND | {"y": -0.3 if hours else -0.16},  # hours have a second line, the day
        margin=margin(_ticks(highest, metric), below=0 if legend else LINE * (1 + hours)),
    )


def margin(ticks: str, *, below: int = LINE) -> dict[str, int]:
    """Margins in pixels with room for labels as wide as `ticks` at the left, and `below`. Plotly
    widens those that are too narrow by itself, but only after it has drawn everything once."""
    return {"l": _BESIDE + _DIGIT * len(ticks.replace(",", "")), "r": 0, "t": 8, "b": below}


def _ticks(highest: float, metric: Metric) -> str:
    """About the longest label of an axis up to `highest`."""
    if metric.kind is Kind.SHARE:
        return f"{highest:.0%}"
    return f"{highest * 1.05:,.0f}{_suffix(metric)}"


def _highest(figure: Drawing) -> float:
    values = (pd.Series(trace["y"], dtype=float).max() for trace in figure.traces)
    return float(max((value for value in values if pd.notna(value)), default=0.0))


def tick_format(metric: Metric) -> str:
    """The d3 format of the ticks of an axis of `metric`: rounder than its numbers."""
    return ".1~%" if metric.kind is Kind.SHARE else metric.spec


def _suffix(metric: Metric) -> str:
    return f" {metric.unit}" if metric.unit in ("s", "ms") else ""
