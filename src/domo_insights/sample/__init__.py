"""The sample data of the embedded default: two owners, eight demos, ninety days."""

from domo_insights.sample.load import load

__all__ = ["load"]
