"""What a figure shows, in words, for those who cannot see it."""

import pandas as pd

from domo_insights.charts.axes import moment_format
from domo_insights.metrics import Kind, Metric


def alt_over_time(title: str, frame: pd.DataFrame, metric: Metric, *, time: str = "bucket") -> str:
    """One sentence: where it starts and ends, the total of counts, and the highest value."""
    totals = frame.groupby(time, sort=False)[metric.key].sum(min_count=1).dropna()
    if totals.empty:
        return f"{title}: nothing to show."
    style = moment_format(frame[time])
    peak = pd.DatetimeIndex(totals.index)[int(totals.argmax())]
    words = f"{title} from {frame[time].iloc[0]:{style}} to {frame[time].iloc[-1]:{style}}."
    if metric.kind is Kind.COUNT:
        words += f" In all {metric.text(float(totals.sum()))}."
    return f"{words} Highest: {metric.text(float(totals.max()))} on {peak:{style}}."
