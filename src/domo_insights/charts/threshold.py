"""What a threshold keeps and what it lets through."""

import pandas as pd
import plotly.graph_objects as go

from domo_insights.charts.slots import BLUE, RED, SLATE


def kept_and_let_through(frame: pd.DataFrame, now: float, recommended: float) -> go.Figure:
    """Two lines over the threshold: the share of true matches kept, and of questions off the topic
    let through; marked are the threshold of now and the recommended one.

    `frame` holds threshold, kept and let_through, the latter as fractions of 1.
    """
    figure = go.Figure()
    for column, name, colour, dash in (
        ("kept", "True matches kept", BLUE, "solid"),
        ("let_through", "Off the topic let through", RED, "dash"),
    ):
        figure.add_scatter(
            x=frame["threshold"],
            y=frame[column],
            name=name,
            mode="lines",
            line={"width": 2.5, "dash": dash, "color": colour, "shape": "hv"},
            hovertemplate=f"{name}: <b>%{{y:.0%}}</b><extra></extra>",
        )
    for value, words, place in (
        (now, "now", "top left"), (recommended, "recommended", "top right"),
    ):  # fmt: skip
        figure.add_vline(
            x=value, line={"width": 1.2, "dash": "dot", "color": SLATE},
            annotation_text=f"{words} {value:.2f}", annotation_position=place,
        )  # fmt: skip
    figure.update_xaxes(title="Threshold (cosine similarity)", nticks=8)
    figure.update_yaxes(
        title=None, range=[0, 1.2], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%"
    )
    return figure.update_layout(
        height=300,
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 1.04, "yanchor": "bottom", "title": None},
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
    )
