"""Bars over steps that grow with the value."""

from collections.abc import Mapping
from math import log10

import pandas as pd
import plotly.graph_objects as go

from domo_insights.charts.axes import HEIGHT
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
    figure = go.Figure(
        go.Bar(
            x=low,
            y=frame[count],
            width=high - low,
            offset=0,
            customdata=frame[["low_ms", "high_ms"]],
            hovertemplate="%{customdata[0]:,} to under %{customdata[1]:,} ms:"
            " <b>%{y:,}</b><extra></extra>",
        )
    )
    for number, (name, value) in enumerate(marks.items()):
        if value == value:
            figure.add_vline(
                x=max(value, _FLOOR),
                line={"width": 1.5, "dash": ("solid", "dash", "dot")[number % 3]},
                annotation={"text": name, "yanchor": "top", "y": 1 - 0.1 * number},
            )
    figure.update_xaxes(
        type="log",
        ticksuffix=" ms",
        tickvals=[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000],
        range=[log10(low.min() * 0.9), log10(high.max() * 1.1)] if len(frame) else None,
    )
    figure.update_yaxes(rangemode="tozero", tickformat=",", nticks=5)
    return figure.update_layout(
        height=HEIGHT,
        showlegend=False,
        bargap=0,
        separators=f".{THIN}",
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
    )
