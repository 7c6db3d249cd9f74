"""How values are spread, and how many get how far."""

from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go

from domo_insights.charts.axes import tick_format
from domo_insights.charts.drawing import Drawing
from domo_insights.metrics import THIN, Metric

HEIGHT: Final = 240


def bars(
    labels: Sequence[str],
    values: Sequence[float],
    metric: Metric,
    *,
    texts: bool = False,
    axis: str | None = None,
    ticks: Sequence[str] = (),
) -> go.Figure:
    """A bar per label, in their order; `texts` writes each value above its bar. Where labels are
    long `ticks` stand on the axis, one per label, and `axis` says what they are."""
    figure = Drawing()
    figure.add_bar(
        x=list(labels),
        y=list(values),
        text=[metric.text(value) for value in values] if texts else None,
        textposition="outside",
        cliponaxis=False,
        hovertemplate=f"%{{x}}: <b>%{{y:{metric.spec}}}</b><extra></extra>",
    )
    figure.update_xaxes(title=axis, type="category", autotickangles=[0, 45, 90])
    if ticks:
        figure.update_xaxes(tickvals=list(labels), ticktext=list(ticks))
    _quiet(figure, metric)
    return figure.figure()


def _quiet(figure: Drawing, metric: Metric) -> None:
    figure.update_yaxes(
        title=None,
        rangemode="tozero",
        tickformat=tick_format(metric),
        nticks=5,
    )
    margin: dict[str, Any] = {"l": 0, "r": 0, "t": 18, "b": 0}
    figure.update_layout(
        height=HEIGHT, bargap=0.2, separators=f".{THIN}", showlegend=False, margin=margin
    )


def alt_bars(title: str, labels: Sequence[str], values: Sequence[float], metric: Metric) -> str:
    """Every bar in words."""
    told = ", ".join(
        f"{label}: {metric.text(value)}" for label, value in zip(labels, values, strict=True)
    )
    return f"{title}. {told}." if told else f"{title}: nothing to show."
