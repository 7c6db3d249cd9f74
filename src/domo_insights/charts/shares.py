"""Shares: over time as lines, beside each other as whole bars."""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from domo_insights.charts.axes import lay_out, moment_format
from domo_insights.charts.drawing import Drawing
from domo_insights.charts.slots import AMBER, FEELINGS, PATTERNS, RED, SLATE, TEAL
from domo_insights.metrics import Metric

_WHOLE: Final = (0, 0.25, 0.5, 0.75, 1)
_STYLES: Final = ((RED, "solid"), (TEAL, "dash"), (SLATE, "dot"), (AMBER, "dashdot"))


def lines_over_time(
    frame: pd.DataFrame, metrics: Sequence[Metric], *, time: str = "bucket"
) -> go.Figure:
    """Metrics of one kind over `time`, each with a dash of its own. The first one is red.

    `frame` holds `time` (datetime, ascending) and each metric's key, missing where there is none.
    """
    figure = Drawing()
    for metric, (colour, dash) in zip(metrics, _STYLES, strict=False):
        figure.add_scatter(
            x=frame[time],
            y=frame[metric.key],
            name=metric.label,
            mode="lines+markers",
            line={"width": 2, "dash": dash, "color": colour},
            marker={"size": 5, "color": colour},
            hovertemplate=f"{metric.label}: <b>%{{y:{metric.spec}}}</b><extra></extra>",
        )
    lay_out(figure, metrics[0], frame[time], legend=True)
    figure.update_xaxes(hoverformat=moment_format(frame[time]))
    return figure.figure()


def feelings(
    labels: Sequence[str], frame: pd.DataFrame, metrics: Mapping[str, Metric], *, lying: bool
) -> go.Figure:
    """A bar of 100 % per label, made of negative, neutral and positive; `lying` for long labels.

    `frame` has a row per label with a count per sentiment and `labelled`, their sum at least.
    """
    figure = Drawing()
    for name, metric in metrics.items():
        share = frame[name] / frame["labelled"].where(frame["labelled"] > 0)
        cases = frame[[name, "labelled"]].to_numpy().tolist()
        value = "x" if lying else "y"
        figure.add_bar(
            x=share if lying else list(labels),
            y=list(labels) if lying else share,
            orientation="h" if lying else "v",
            name=name.capitalize(),
            customdata=cases,
            marker={
                "color": FEELINGS[name],
                "pattern": {"shape": PATTERNS[name], "fillmode": "overlay", "size": 6},
            },
            hovertemplate=f"%{{{'y' if lying else 'x'}}}, {name}:"
            f" <b>%{{{value}:{metric.spec}}}</b>"
            ", %{customdata[0]} of %{customdata[1]}<extra></extra>",
        )
    _stack(figure, labels, lying=lying)
    return figure.figure()


def _stack(figure: Drawing, labels: Sequence[str], *, lying: bool) -> None:
    """Bars on top of each other, shares along one axis and labels along the other."""
    figure.update_layout(
        barmode="stack",
        bargap=0.25,
        height=max(180, 60 + _row(labels) * len(labels)) if lying else 280,
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "title": None,
            "traceorder": "normal",
        },
        margin={"l": 0, "r": 20 if lying else 0, "t": 8, "b": 0},  # room for the last tick
    )
    shares, names = ("xaxis", "yaxis") if lying else ("yaxis", "xaxis")
    along = {"type": "category", "automargin": True, "autorange": "reversed" if lying else None}
    figure.update_layout(
        **{shares: {"tickformat": ".0%", "range": [0, 1], "tickvals": _WHOLE}, names: along}
    )


def _row(labels: Sequence[str]) -> int:
    """Pixels that a bar takes with its label, of one line or two."""
    return 38 if any("<br>" in label for label in labels) else 30
