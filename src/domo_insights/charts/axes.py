"""What every figure shares: quiet axes, readable in light and dark, numbers as the pages write
them."""

from typing import Final

import pandas as pd

from domo_insights.charts.drawing import Drawing
from domo_insights.metrics import THIN, Kind, Metric

HEIGHT: Final = 280
_FEW: Final = 5
_LEGEND: Final = {"orientation": "h", "x": 0, "yanchor": "top", "title": None}


def moment_format(times: pd.Series) -> str:
    """The d3 format of the moments of an axis: hours are named when there are any."""
    hours = bool(len(times)) and bool((times.dt.hour != 0).any())
    return "%-d %b %H:%M" if hours else "%-d %b %Y"


def lay_out(figure: Drawing, metric: Metric, times: pd.Series, *, legend: bool) -> None:
    """Set axes, hover and margins of a figure over time."""
    hours = bool(len(times)) and bool((times.dt.hour != 0).any())
    counted = metric.kind is Kind.COUNT and _highest(figure) < _FEW
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
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
    )


def _highest(figure: Drawing) -> float:
    return max((float(value) for trace in figure.traces for value in trace["y"]), default=0.0)


def tick_format(metric: Metric) -> str:
    """The d3 format of the ticks of an axis of `metric`: rounder than its numbers."""
    return ".1~%" if metric.kind is Kind.SHARE else metric.spec


def _suffix(metric: Metric) -> str:
    return f" {metric.unit}" if metric.unit == "s" else ""
