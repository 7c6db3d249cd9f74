"""How sure a label was against how it went on."""

import pandas as pd
import plotly.graph_objects as go

from domo_insights.charts.drawing import Drawing
from domo_insights.charts.slots import BLUE, SLATE
from domo_insights.intervals import wilson
from domo_insights.metrics import Metric


def calibration(frame: pd.DataFrame, well: Metric, sure: Metric) -> go.Figure:
    """A mark per step at the mean confidence, with Wilson's 95 % interval; the dotted line is
    where both are equal.

    `frame` holds step, judged, went_well, `well.key` and mean_confidence.
    """
    bounds = [
        wilson(int(hits), int(count))
        for hits, count in zip(frame["went_well"], frame["judged"], strict=True)
    ]
    above = [high - share for (_, high), share in zip(bounds, frame[well.key], strict=True)]
    below = [share - low for (low, _), share in zip(bounds, frame[well.key], strict=True)]
    figure = Drawing()
    _equal(figure)
    figure.add_scatter(
        x=frame["mean_confidence"],
        y=frame[well.key],
        mode="markers+lines",
        name=well.label,
        line={"width": 1.5, "color": BLUE},
        marker={"size": 9, "color": BLUE},
        error_y={"type": "data", "array": above, "arrayminus": below, "thickness": 1.2, "width": 4},
        customdata=[
            [int(count), f"{low:.0%}", f"{high:.0%}"]
            for count, (low, high) in zip(frame["judged"], bounds, strict=True)
        ],
        hovertemplate=f"Confidence %{{x:{sure.spec}}}: <b>%{{y:{well.spec}}}</b> went on well,"
        " 95 % interval %{customdata[1]} to %{customdata[2]},"
        " %{customdata[0]} messages<extra></extra>",
    )
    figure.update_xaxes(title="Confidence", range=[0, 1.03], tickformat=".1f", nticks=6)
    figure.update_yaxes(title=well.label, range=[0, 1.03], tickformat=".0%", nticks=6)
    figure.update_layout(
        height=360,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": None},
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
    )
    return figure.figure()


def _equal(figure: Drawing) -> None:
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="As sure as it went well",
        line={"width": 1, "dash": "dot", "color": SLATE},
        hoverinfo="skip",
    )
