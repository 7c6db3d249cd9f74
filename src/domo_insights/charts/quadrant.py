"""Many and unhappy, many and happy, few: names over two measures, with a third as size."""

from math import log10
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from domo_insights.charts.drawing import Drawing
from domo_insights.charts.slots import BLUE, SLATE
from domo_insights.charts.words import word
from domo_insights.metrics import THIN, Metric

_NAME: Final = 0.3, 0.1
"""How wide and how high a name is, as parts of each axis of a phone's figure."""
_ROOM: Final = 0.08, 0.2
"""How far, as parts of the span of marks, the axis goes on at both ends: names are not cut."""
_SMALLEST, _LARGEST = 9.0, 30.0


def quadrant(frame: pd.DataFrame, name: str, x: Metric, y: Metric, size: Metric) -> go.Figure:
    """A mark per row at (`x`, `y`), as large as `size` (0 to 1), open where that is missing.

    The dotted lines are the median of x and the share over all rows of y. Where
    names would cover each other the larger mark has its own; every mark says it when pointed at.
    """
    figure = Drawing()
    _cross(figure, frame, x, y)
    _marks(figure, frame, name, x, y, size)
    figure.update_xaxes(
        title=x.label, type="log", dtick="D2", tickformat=x.spec, range=_span(frame[x.key])
    )
    figure.update_yaxes(title=y.label, tickformat=".0%", rangemode="tozero", nticks=5)
    figure.update_layout(
        height=360,
        showlegend=False,
        separators=f".{THIN}",
        margin={"l": 0, "r": 8, "t": 24, "b": 0},
    )
    return figure.figure()


def _marks(
    figure: Drawing, frame: pd.DataFrame, name: str, x: Metric, y: Metric, size: Metric
) -> None:
    known = frame[size.key].notna()
    names = [word(text).replace("_", " ") for text in frame[name]]
    spread = frame[size.key].fillna(0) * (_LARGEST - _SMALLEST) + _SMALLEST
    sides = _sides(_places(frame, x, y))
    shown = [text if side else "" for text, side in zip(names, sides, strict=True)]
    figure.add_scatter(
        x=frame[x.key],
        y=frame[y.key],
        mode="markers+text",
        text=shown,
        textposition=[f"{side or 'top'} center" for side in sides],
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


def _places(frame: pd.DataFrame, x: Metric, y: Metric) -> list[tuple[float, float]]:
    """Where each mark is, as parts of both axes."""
    across, up = frame[x.key].clip(lower=1).map(log10), frame[y.key]
    wide = float(across.max() - across.min()) or 1
    return list(zip((across - across.min()) / wide, up / (float(up.max()) or 1), strict=True))


def _span(values: pd.Series) -> list[float]:
    """The ends of a logarithmic axis."""
    low, high = (log10(max(float(value), 1)) for value in (values.min(), values.max()))
    wide = high - low or 1
    return [low - _ROOM[0] * wide, high + _ROOM[1] * wide]


def _sides(places: list[tuple[float, float]]) -> list[str]:
    """Where the name of each mark, the first ones first, covers no name and no mark: at its top or
    bottom, empty where at neither."""
    wide, high = _NAME
    given: list[tuple[float, float]] = []
    answer = []
    for x, y in places:
        for side, at in (("top", y + 0.8 * high), ("bottom", y - 0.8 * high)):
            free = at > 0 and not any(
                abs(x - a) < wide and abs(at - b) < 0.8 * high for a, b in given
            )
            if free and not any(
                abs(x - a) < wide / 2 and abs(at - b) < 0.6 * high for a, b in places if b != y
            ):
                given.append((x, at))
                answer.append(side)
                break
        else:
            answer.append("")
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
