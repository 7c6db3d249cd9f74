"""Bars over time."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from domo_insights.charts.axes import lay_out, moment_format
from domo_insights.charts.drawing import Drawing
from domo_insights.charts.words import word
from domo_insights.metrics import Metric

_PATTERNS = ("", "/", ".", "x")
"""So that parts can be told apart without colour."""


def stacked_bars(
    frame: pd.DataFrame,
    metric: Metric,
    parts: Mapping[str, str],
    *,
    by: str,
    time: str = "bucket",
) -> go.Figure:
    """`metric` over `time`, stacked by the values of column `by`.

    `frame` is long: `time` (datetime, ascending), `by` and `metric.key`. `parts` are the values of
    `by` in the order of the stack, each with its name.
    """
    figure = Drawing()
    for number, (value, name) in enumerate(parts.items()):
        rows, name = frame[frame[by] == value], word(name)
        figure.add_bar(
            x=rows[time],
            y=rows[metric.key],
            name=name,
            marker={
                "pattern": {
                    "shape": _PATTERNS[number % len(_PATTERNS)],
                    "fillmode": "overlay",
                    "size": 6,
                }
            },
            hovertemplate=f"{name}: <b>%{{y:{metric.spec}}}</b><extra></extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.25)
    lay_out(figure, metric, frame[time], legend=True)
    figure.update_xaxes(hoverformat=moment_format(frame[time]))
    return figure.figure()
