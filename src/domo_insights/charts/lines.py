"""Lines over time."""

import pandas as pd
import plotly.graph_objects as go

from domo_insights.charts.axes import lay_out, moment_format
from domo_insights.charts.drawing import Drawing
from domo_insights.metrics import Metric


def line_over_time(
    frame: pd.DataFrame,
    metric: Metric,
    before: pd.DataFrame | None = None,
    *,
    time: str = "bucket",
) -> go.Figure:
    """`metric` over `time` as an area from zero, the period before as a thin dotted line over it.

    `frame` and `before` hold `time` (datetime, ascending) and `metric.key` (number, missing where
    there is none); their rows are laid over each other in order, the hover names both moments.
    """
    figure = Drawing()
    figure.add_scatter(
        x=frame[time],
        y=frame[metric.key],
        name="This period",
        mode="lines+markers" if len(frame) == 1 else "lines",
        fill="tozeroy",
        line={"width": 2.5},
        hovertemplate=_hover(metric, "%{x|" + moment_format(frame[time]) + "}"),
    )
    if before is not None:
        together = min(len(frame), len(before))
        figure.add_scatter(
            x=frame[time].iloc[:together],
            y=before[metric.key].iloc[:together],
            name="Period before",
            mode="lines",
            line={"width": 1.2, "dash": "dot"},
            customdata=before[time].iloc[:together].dt.strftime(moment_format(before[time])),
            hovertemplate=_hover(metric, "%{customdata}"),
        )
    lay_out(figure, metric, frame[time], legend=before is not None)
    return figure.figure()


def _hover(metric: Metric, moment: str) -> str:
    unit = f" {metric.unit}" if metric.unit else ""
    return f"<b>%{{y:{metric.spec}}}{unit}</b> on {moment}<extra></extra>"
