"""Marks on a chart over time: what was done when."""

from collections.abc import Mapping
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from domo_insights.charts.words import word

_SYMBOLS: Final = ("diamond", "star", "square")


def with_marks(figure: go.Figure, marks: pd.DataFrame, kinds: Mapping[str, str]) -> go.Figure:
    """`figure` with a mark on its time axis for each row of `marks`.

    `marks` holds `bucket` (datetime), `kind` (a key of `kinds`, which says its name) and `words`
    (plain text, shown on hover).
    """
    for number, (kind, name) in enumerate(kinds.items()):
        rows = marks[marks["kind"] == kind]
        if rows.empty:
            continue
        figure.add_scatter(
            x=rows["bucket"],
            y=[0] * len(rows),
            name=name,
            mode="markers",
            marker={"symbol": _SYMBOLS[number % len(_SYMBOLS)], "size": 10},
            customdata=[word(words, 200) for words in rows["words"]],
            hovertemplate="%{customdata}<extra></extra>",
            cliponaxis=False,
        )
        figure.update_layout(showlegend=True)
    return figure
