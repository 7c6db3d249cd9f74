"""Figures: a frame and a metric in, a plotly figure out. Colours come from the theme."""

from domo_insights.charts.alt import alt_over_time
from domo_insights.charts.bars import stacked_bars
from domo_insights.charts.lines import line_over_time

__all__ = ["alt_over_time", "line_over_time", "stacked_bars"]
