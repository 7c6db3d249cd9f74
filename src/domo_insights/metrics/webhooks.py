"""Webhook events: how many, how fast they were handled, how late they came."""

from typing import Final

from domo_insights.metrics.metric import Better, Kind, Metric

_ROWS: Final = "processed_webhook_events, dated by processed_at"
_HANDLER: Final = (
    "Handler time: how long this server took to store an event that came over HTTP. {} of the"
    " events took no longer. Events read from files have none."
)
_LAG: Final = (
    "Delivery lag: when an event was stored minus when it happened, of events that came over"
    " HTTP. {} of them were no later."
)

EVENTS: Final = Metric(
    "events", "Events", "", Kind.COUNT, ",.0f", Better.NEITHER,
    "Stored webhook events, those of test conversations and test events included. Deliveries"
    " that were refused or repeated are not among them, so no failure rate follows from this.",
    _ROWS,
)  # fmt: skip
HANDLER_P50: Final = Metric(
    "handler_p50", "Handler p50", "ms", Kind.MEDIAN, ",.0f", Better.DOWN,
    _HANDLER.format("At least half"), _ROWS, cases="timed_events",
)  # fmt: skip
HANDLER_P95: Final = Metric(
    "handler_p95", "Handler p95", "ms", Kind.MEDIAN, ",.0f", Better.DOWN,
    _HANDLER.format("At least 95 %"), _ROWS, cases="timed_events",
)  # fmt: skip
HANDLER_P99: Final = Metric(
    "handler_p99", "Handler p99", "ms", Kind.MEDIAN, ",.0f", Better.DOWN,
    _HANDLER.format("At least 99 %"), _ROWS, cases="timed_events",
)  # fmt: skip
LAG_P50: Final = Metric(
    "lag_p50", "Delivery lag p50", "s", Kind.MEDIAN, ",.1f", Better.DOWN,
    _LAG.format("At least half"), _ROWS, cases="http_events",
)  # fmt: skip
LAG_P95: Final = Metric(
    "lag_p95", "Delivery lag p95", "s", Kind.MEDIAN, ",.1f", Better.DOWN,
    _LAG.format("At least 95 %"), _ROWS, cases="http_events",
)  # fmt: skip
SILENT_HOURS: Final = Metric(
    "silent_hours", "Silent hours", "", Kind.COUNT, ",.0f", Better.DOWN,
    "Hours of the period that are over and in which no event came over HTTP, although the same"
    " hour of the week had some in at least 3 of the 4 weeks before. Hours are those of the chosen"
    " zone. An hour is judged when events go back 4 weeks before it; where none can be judged:"
    " not enough history.",
    _ROWS,
)  # fmt: skip
DUPLICATES: Final = Metric(
    "duplicates", "Duplicates refused", "", Kind.COUNT, ",.0f", Better.NEITHER,
    "Deliveries of an event that was stored already, counted as they came.",
    "insights.delivery_counts, by quarter of an hour",
)  # fmt: skip
UNMAPPED_EVENTS: Final = Metric(
    "unmapped_events", "Unmapped events", "", Kind.COUNT, ",.0f", Better.DOWN,
    "Stored events whose conversation belongs to no demo. They are shown to nobody; the product"
    " team sees how many there are.",
    _ROWS,
)  # fmt: skip
