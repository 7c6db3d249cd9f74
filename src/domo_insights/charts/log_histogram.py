"""Bars over steps that grow with the value."""

from collections.abc import Mapping
from math import log10

import pandas as pd
import plotly.graph_objects as go

from domo_insights.charts.axes import HEIGHT, margin
from domo_insights.charts.drawing import Drawing
from domo_insights.charts.slots import AMBER
from domo_insights.metrics import THIN

_FLOOR = 0.7
"""Where zero lies on an axis that has none."""


def log_histogram(frame: pd.DataFrame, marks: Mapping[str, float], *, count: str) -> go.Figure:
    """How many lie in each step `low_ms` <= value < `high_ms`, on a logarithmic axis.

    `frame` holds low_ms and high_ms (milliseconds, ascending) and column `count`. `marks` are
    values to draw as lines, each with its name; those that are missing are left out.
    """
    low = frame["low_ms"].clip(lower=_FLOOR).astype(float)
    high = frame["high_ms"].clip(upper=200_000).astype(float)
    figure = Drawing()
    figure.add_bar(
        x=low,
        y=frame[count],
        width=high - low,
        offset=0,
        customdata=frame[["low_ms", "high_ms"]],
        hovertemplate="%{customdata[0]:,} to under %{customdata[1]:,} ms:"
        " <b>%{y:,}</b><extra></extra>",
    )
    for number, (name, value) in enumerate(marks.items()):
        if value == value:
            _mark(figure, number, name, max(value, _FLOOR))
    figure.update_xaxes(
        type="log",
        tickvals=[10**power for power in range(6)],
        ticktext=["1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s"],
        range=[log10(low.min() * 0.9), log10(high.max() * 1.1)] if len(frame) else None,
    )
    figure.update_yaxes(rangemode="tozero", tickformat=",", nticks=5)
    figure.update_layout(
        height=HEIGHT,
        showlegend=False,
        bargap=0,
        separators=f".{THIN}",
        margin=margin(f"{frame[count].max():,}" if len(frame) else ""),
    )
    return figure.figure()


def _mark(figure: Drawing, number: int, name: str, at: float) -> None:
    """A line at `at` with its name, each in a style and at a height of its own."""
    dash = ("solid", "dash", "dot")[number % 3]
    figure.add_line_at(at, {"width": 1.5, "dash": dash, "color": AMBER})
    figure.add_annotation(
        x=log10(at), y=1 - 0.12 * number, yref="paper", text=name, showarrow=False,
        xanchor="left", xshift=3,
    )  # fmt: skip
