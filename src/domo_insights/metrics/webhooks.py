"""Webhook events."""

from typing import Final

from domo_insights.metrics.metric import Better, Kind, Metric

UNMAPPED_EVENTS: Final = Metric(
    "unmapped_events", "Unmapped events", "", Kind.COUNT, ",.0f", Better.DOWN,
    "Stored events whose conversation belongs to no demo. They are shown to nobody; the product"
    " team sees how many there are.",
    "processed_webhook_events, dated by processed_at",
)  # fmt: skip
