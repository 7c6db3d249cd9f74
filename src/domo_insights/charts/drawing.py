"""A figure while it is drawn: plain values.

Plotly checks and copies each value whenever one is set, which took longer than all that a page asks
the database. What is drawn here is known to be right: the tests have plotly check every chart.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go


class Drawing:
    """Traces and a layout, set by the names that plotly's figure has; None says nothing."""

    def __init__(self) -> None:
        self.traces: list[dict[str, Any]] = []
        self.layout: dict[str, Any] = {}

    def add_scatter(self, **trace: Any) -> None:
        self._add("scatter", trace)

    def add_bar(self, **trace: Any) -> None:
        self._add("bar", trace)

    def add_heatmap(self, **trace: Any) -> None:
        self._add("heatmap", trace)

    def add_line_at(self, x: float, line: Mapping[str, Any]) -> None:
        """A vertical line from the bottom to the top, at `x`."""
        shape = {"type": "line", "x0": x, "x1": x, "xref": "x", "y0": 0, "y1": 1}
        self.layout.setdefault("shapes", []).append(
            {**shape, "yref": "y domain", "line": dict(line)}
        )

    def add_annotation(self, **said: Any) -> None:
        self.layout.setdefault("annotations", []).append(said)

    def update_layout(self, **said: Any) -> None:
        _merge(self.layout, said)

    def update_xaxes(self, **said: Any) -> None:
        _merge(self.layout, {"xaxis": said})

    def update_yaxes(self, **said: Any) -> None:
        _merge(self.layout, {"yaxis": said})

    def figure(self) -> go.Figure:
        """What was drawn, as plotly knows it."""
        return go.Figure({"data": self.traces, "layout": self.layout}, _validate=False)

    def _add(self, kind: str, trace: Mapping[str, Any]) -> None:
        drawn: dict[str, Any] = {"type": kind}
        _merge(drawn, trace)
        self.traces.append(drawn)


def _merge(into: dict[str, Any], said: Mapping[str, Any]) -> None:
    for name, value in said.items():
        if name == "title" and isinstance(value, str):
            value = {"text": value}
        if isinstance(value, Mapping):
            _merge(into.setdefault(name, {}), value)
        elif value is None:
            into.pop(name, None)
        else:
            into[name] = _values(value)


def _values(value: Any) -> Any:
    if isinstance(value, (pd.Series, pd.DataFrame)):
        return value.to_numpy()
    return value
