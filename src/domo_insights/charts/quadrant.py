"""Many and unhappy, many and happy, few: names over two measures, with a third as size."""

from math import log10
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from domo_insights.charts.drawing import Drawing
from domo_insights.charts.slots import BLUE, SLATE
from domo_insights.charts.words import word
from domo_insights.metrics import THIN, Metric

_NEAR: Final = 0.16, 0.09
"""How near, as parts of each axis, two marks are for one of them to stay without a name."""
_SMALLEST, _LARGEST = 9.0, 30.0


def quadrant(frame: pd.DataFrame, name: str, x: Metric, y: Metric, size: Metric) -> go.Figure:
    """A mark per row at (`x`, `y`), as large as `size` (0 to 1), open where that is missing.

    The dotted lines are the median of x and the share over all rows of y. Where
    names would cover each other the larger mark has its own; every mark says it when pointed at.
    """
    known = frame[size.key].notna()
    names = [word(text).replace("_", " ") for text in frame[name]]
    spread = frame[size.key].fillna(0) * (_LARGEST - _SMALLEST) + _SMALLEST
    shown = [text * far for text, far in zip(names, _apart(frame, x, y), strict=True)]
    figure = Drawing()
    _cross(figure, frame, x, y)
    figure.add_scatter(
        x=frame[x.key],
        y=frame[y.key],
        mode="markers+text",
        text=shown,
        textposition="top center",
        textfont={"size": 11},
        customdata=[
            [text, size.text(value)] for text, value in zip(names, frame[size.key], strict=True)
        ],
        marker={
            "size": spread,
            "color": BLUE,
            "opacity": 0.75,
            "symbol": ["circle" if there else "circle-open" for there in known],
        },
        hovertemplate=f"<b>%{{customdata[0]}}</b><br>{x.label}: %{{x:{x.spec}}}"
        f"<br>{y.label}: %{{y:{y.spec}}}<br>{size.label}: %{{customdata[1]}}<extra></extra>",
        cliponaxis=False,
    )
    figure.update_xaxes(title=x.label, type="log", dtick="D2", tickformat=x.spec)
    figure.update_yaxes(title=y.label, tickformat=".0%", rangemode="tozero", nticks=5)
    figure.update_layout(
        height=360,
        showlegend=False,
        separators=f".{THIN}",
        margin={"l": 0, "r": 8, "t": 24, "b": 0},
    )
    return figure.figure()


def _apart(frame: pd.DataFrame, x: Metric, y: Metric) -> list[bool]:
    """Which rows, the first ones first, are far enough from all named before to have a name."""
    across = (frame[x.key] + 1).map(log10)
    places = list(zip(across / (float(across.max()) or 1), frame[y.key], strict=True))
    named: list[tuple[float, float]] = []
    answer = []
    for here in places:
        far = all(abs(here[0] - a) > _NEAR[0] or abs(here[1] - b) > _NEAR[1] for a, b in named)
        answer.append(far)
        if far:
            named.append(here)
    return answer


def _cross(figure: Drawing, frame: pd.DataFrame, x: Metric, y: Metric) -> None:
    if frame.empty or not frame[y.cases].sum():
        return
    middle = frame[x.key].median()
    overall = (frame[y.key] * frame[y.cases]).sum() / frame[y.cases].sum()
    left, right = frame[x.key].min() * 0.8, frame[x.key].max() * 1.3
    top = max(float(frame[y.key].max()), overall) * 1.1
    for xs, ys in (([middle, middle], [0, top]), ([left, right], [overall, overall])):
        figure.add_scatter(
            x=xs,
            y=ys,
            mode="lines",
            line={"width": 1, "dash": "dot", "color": SLATE},
            hoverinfo="skip",
        )
