"""Every figure that a test draws is checked by plotly, which the dashboard spares itself."""

import json

import plotly.graph_objects as go
import pytest

from domo_insights.charts.drawing import Drawing


@pytest.fixture(autouse=True)
def checked_by_plotly(monkeypatch):
    drawn = Drawing.figure

    def figure(self):
        found = drawn(self)
        checked = go.Figure({"data": self.traces, "layout": self.layout})
        assert json.loads(found.to_json(validate=False)) == json.loads(checked.to_json())
        return found

    monkeypatch.setattr(Drawing, "figure", figure)
