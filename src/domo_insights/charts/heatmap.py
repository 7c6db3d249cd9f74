"""A week in hours."""

from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from domo_insights.charts.drawing import Drawing
from domo_insights.metrics import THIN, Metric

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def week_of_hours(frame: pd.DataFrame, metric: Metric) -> go.Figure:
    """`metric` by weekday and hour, the darker the more, Monday on top.

    `frame` holds weekday (0 is Monday), hour (0 to 23) and `metric.key`, each slot once.
    """
    table = frame.pivot(index="weekday", columns="hour", values=metric.key)
    hours, days = [f"{hour:02}" for hour in table.columns], [DAYS[day] for day in table.index]
    figure = Drawing()
    figure.add_heatmap(
        z=table.to_numpy().tolist(),
        x=hours,
        y=days,
        xgap=2,
        ygap=2,
        colorbar={"thickness": 10, "outlinewidth": 0, "nticks": 4},
        hoverinfo="skip",
    )
    _marks(figure, hours, days, table.to_numpy().ravel().tolist(), metric)
    figure.update_xaxes(title=None, showgrid=False, type="category", tickangle=0, nticks=12)
    figure.update_yaxes(title=None, showgrid=False, autorange="reversed")
    figure.update_layout(height=260, separators=f".{THIN}", margin={"l": 0, "r": 0, "t": 8, "b": 0})
    return figure.figure()


def _marks(
    figure: Drawing, hours: list[str], days: list[str], values: list[float], metric: Metric
) -> None:
    """An unseen mark on each cell, row by row: the cells of a heatmap cannot be selected."""
    unseen = {"marker": {"opacity": 0}}
    figure.add_scatter(
        x=hours * len(days),
        y=[day for day in days for _ in hours],
        customdata=values,
        mode="markers",
        marker={"symbol": "square", "size": 14, "opacity": 0},
        selected=unseen,
        unselected=unseen,
        showlegend=False,
        hovertemplate=f"%{{y}} %{{x}}:00: <b>%{{customdata:{metric.spec}}}</b><extra></extra>",
    )


def alt_week(title: str, frame: pd.DataFrame, metric: Metric) -> str:
    """One sentence: the busiest hour and the busiest day."""
    if not frame[metric.key].sum():
        return f"{title}: nothing to show."
    hour: Any = frame.iloc[int(frame[metric.key].argmax())]
    by_day = frame.groupby("weekday")[metric.key].sum().sort_index()
    return (
        f"{title}. Busiest hour: {DAYS[int(hour.weekday)]} {int(hour.hour):02}:00 with"
        f" {metric.text(float(hour[metric.key]))}. Busiest day: {DAYS[int(by_day.argmax())]} with"
        f" {metric.text(float(by_day.max()))}."
    )
