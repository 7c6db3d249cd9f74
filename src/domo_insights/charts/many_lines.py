"""Several lines over time."""

from collections.abc import Mapping
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from domo_insights.charts.axes import lay_out, moment_format
from domo_insights.charts.drawing import Drawing
from domo_insights.charts.words import word
from domo_insights.metrics import Metric

_DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_MARKS: Final = ("circle", "square", "diamond", "cross", "triangle-up", "x", "star")
"""So that lines can be told apart without colour."""
_TIMES: Final = ("ms", "s")
_FAR: Final = 20
"""Times that are this many times the shortest would press all others flat on a linear axis."""


def lines_by(
    frame: pd.DataFrame,
    metric: Metric,
    parts: Mapping[str, str],
    *,
    by: str,
    time: str = "bucket",
) -> go.Figure:
    """`metric` over `time`, one line per value of column `by`.

    `frame` is long: `time` (datetime, ascending), `by` and `metric.key` (missing where there is
    none, which leaves a gap). `parts` are the values of `by`, each with its name. Times that lie
    far apart, and are all above zero, get a logarithmic axis that says so.
    """
    figure = Drawing()
    unit = f" {metric.unit}" if metric.unit else ""
    for number, (value, name) in enumerate(parts.items()):
        rows, name = frame[frame[by] == value], word(name)
        figure.add_scatter(
            x=rows[time],
            y=rows[metric.key],
            name=name,
            mode="lines+markers",
            line={"width": 2, "dash": _DASHES[number % len(_DASHES)]},
            marker={"size": 5, "symbol": _MARKS[number % len(_MARKS)]},
            hovertemplate=f"{name}: <b>%{{y:{metric.spec}}}{unit}</b><extra></extra>",
        )
    lay_out(figure, metric, frame[time], legend=True)
    shown = frame[metric.key].dropna()
    if metric.unit in _TIMES and len(shown) and 0 < shown.min() < shown.max() / _FAR:
        figure.update_yaxes(type="log", dtick=1, tickformat=",~r", title="logarithmic")
    figure.update_xaxes(hoverformat=moment_format(frame[time]))
    return figure.figure()
