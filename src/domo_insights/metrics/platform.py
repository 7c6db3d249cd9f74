"""The platform as a whole."""

from typing import Final

from domo_insights.metrics.metric import Better, Kind, Metric

_ROWS: Final = "insights.conversations, dated by started_at"

ACTIVE_OWNERS: Final = Metric(
    "active_owners", "Active owners", "", Kind.COUNT, ",.0f", Better.UP,
    "Owners with a conversation that started in the period.", _ROWS,
)  # fmt: skip
ACTIVE_DEMOS: Final = Metric(
    "active_demos", "Active demos", "", Kind.COUNT, ",.0f", Better.UP,
    "Demos with a conversation that started in the period.", _ROWS,
)  # fmt: skip
ADOPTION: Final = Metric(
    "adoption", "Adoption", "", Kind.SHARE, ".1%", Better.UP,
    "Share of the period's active demos that have at least one completed video, one embedded"
    " knowledge chunk, one webhook event; whenever that came.",
    "demo_videos, knowledge_chunks, processed_webhook_events", cases="active_demos",
)  # fmt: skip
MAPPING_CONFLICTS: Final = Metric(
    "conflicts", "Mapping conflicts", "", Kind.COUNT, ",.0f", Better.DOWN,
    "Claims that a conversation belongs to another demo than the one it was mapped to first. They"
    " change nothing and are counted for the demo that was claimed.",
    "insights.delivery_counts, by quarter of an hour",
)  # fmt: skip
