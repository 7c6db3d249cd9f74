"""Charts over time, each in its box."""

from collections.abc import Callable
from typing import Final

import pandas as pd

from domo_insights import metrics
from domo_insights.charts import alt_over_time, line_over_time, stacked_bars
from domo_insights.charts.marks import with_marks
from domo_insights.metrics import Metric
from domo_insights.period import Grain
from domo_insights.queries import Query
from domo_insights.ui import blocks, exports, marks
from domo_insights.ui.data import load, so_far
from domo_insights.ui.filters import Asked

ROLES: Final = {"user": "Visitors", "assistant": "Agent"}
_EACH: Final = {Grain.HOUR: "per hour", Grain.DAY: "per day", Grain.WEEK: "per week"}


def over_time(
    asked: Asked,
    metric: Metric,
    query: Query,
    marks_of: Callable[[Asked], pd.DataFrame] | None = None,
) -> None:
    """`metric` over the period, the period before as a thin line, what owners did as marks."""
    title = f"{metric.label} {each(asked)}"
    with blocks.card(
        title, key=f"trend_{metric.key}", meaning=metric.meaning, export=exports.of(query, asked)
    ):
        now, before = load(query, *asked), load(query, *asked.before)
        shown = so_far(now, asked.period)
        figure = line_over_time(shown, metric, before if before[metric.key].any() else None)
        if marks_of:
            figure = with_marks(figure, marks_of(asked), marks.KINDS)
        blocks.chart(
            figure,
            shown[["bucket", metric.key]],
            key=f"trend_{metric.key}",
            alt=alt_over_time(title, shown, metric),
        )


def volume_by_role(asked: Asked, query: Query) -> None:
    """Messages over the period, by who sent them."""
    title = f"Messages by role {each(asked)}"
    with blocks.card(title, key="volume", meaning=metrics.MESSAGES.meaning,
                     export=exports.of(query, asked)):  # fmt: skip
        frame = so_far(load(query, *asked), asked.period, rows_per_bucket=len(ROLES))
        blocks.chart(
            stacked_bars(frame, metrics.MESSAGES, ROLES, by="role"),
            frame.pivot(index="bucket", columns="role", values="messages").reset_index()
            if frame["bucket"].is_unique
            else frame,
            key="volume",
            alt=alt_over_time(title, frame, metrics.MESSAGES),
        )


def each(asked: Asked) -> str:
    """How large the period's buckets are, in words: per day."""
    return _EACH[asked.period.grain or Grain.DAY]
