"""One conversation as a strip of time: who spoke, how the visitor felt, what happened."""

from typing import Final

import pandas as pd
import plotly.graph_objects as go

from domo_insights.charts.drawing import Drawing
from domo_insights.charts.slots import AMBER, BLUE, FEELINGS, SLATE, SYMBOLS
from domo_insights.charts.words import word

_LANES: Final = {"Visitor": 2, "Agent": 1, "Events": 0}


def strip(said: pd.DataFrame, happened: pd.DataFrame) -> go.Figure:
    """Messages and events by their moment; a visitor's message by its sentiment.

    `said`: at (datetime of the wall), role, sentiment. `happened`: at, what (words of ours).
    """
    figure = Drawing()
    visitor = said[said["role"] == "user"]
    for feeling in (*FEELINGS, None):
        known = visitor["sentiment"].isin(list(FEELINGS))
        rows = visitor[~known] if feeling is None else visitor[visitor["sentiment"] == feeling]
        name = feeling.capitalize() if feeling else "No label"
        _lane(
            figure, rows["at"], "Visitor", name,
            FEELINGS.get(feeling or "", SLATE),
            SYMBOLS[feeling] if feeling else "circle-open",
        )  # fmt: skip
    agent = said[said["role"] == "assistant"]
    _lane(figure, agent["at"], "Agent", "Agent", BLUE, "line-ns-open")
    _lane(figure, happened["at"], "Events", "Event", AMBER, "diamond", happened["what"])
    figure.update_xaxes(title=None, tickformat="%H:%M:%S", nticks=5, showgrid=True)
    figure.update_yaxes(
        title=None,
        range=[-0.6, 2.6],
        tickvals=list(_LANES.values()),
        ticktext=list(_LANES),
        showgrid=False,
        zeroline=False,
    )
    figure.update_layout(
        height=170,
        hovermode="closest",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": None},
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
    )
    return figure.figure()


def _lane(
    figure: Drawing,
    times: pd.Series,
    lane: str,
    name: str,
    colour: str,
    symbol: str,
    words: pd.Series | None = None,
) -> None:
    if times.empty:
        return
    figure.add_scatter(
        x=times,
        y=[_LANES[lane]] * len(times),
        name=name,
        mode="markers",
        marker={
            "size": 10,
            "color": colour,
            "symbol": symbol,
            "line": {"width": 2, "color": colour},
        },
        text=[word(text) for text in words]
        if words is not None
        else [f"{lane}, {name.lower()}"] * len(times),
        hovertemplate="%{text}, %{x|%H:%M:%S}<extra></extra>",
    )


def alt_strip(said: pd.DataFrame, happened: pd.DataFrame) -> str:
    """The strip in words."""
    visitor = said[said["role"] == "user"]
    felt = [f"{(visitor['sentiment'] == name).sum()} {name}" for name in FEELINGS]
    return (
        f"{len(visitor)} messages of the visitor, of these {', '.join(felt)};"
        f" {(said['role'] == 'assistant').sum()} of the agent; {len(happened)} events."
    )
