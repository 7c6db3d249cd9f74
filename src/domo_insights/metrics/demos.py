"""Demos: what they are made of, and when one needs somebody."""

from collections.abc import Mapping
from typing import Final

from domo_insights.metrics.metric import Better, Kind, Metric

DEMOS_PUBLISHED: Final = Metric(
    "demos_published", "Published", "", Kind.COUNT, ",.0f", Better.UP,
    "Demos whose status is published now, whatever the period.",
    "demos",
    cases="demos",
)  # fmt: skip
VIDEOS_WAITING: Final = Metric(
    "videos_waiting", "Videos waiting", "", Kind.COUNT, ",.0f", Better.DOWN,
    "Videos whose processing status is failed or pending now, whatever the period.",
    "demo_videos",
    cases="videos",
)  # fmt: skip
CHUNKS_WITHOUT_EMBEDDING: Final = Metric(
    "chunks_without_embedding", "Not embedded", "", Kind.COUNT, ",.0f", Better.DOWN,
    "Chunks of knowledge that no search finds yet, since they have no embedding now, whatever the"
    " period.",
    "knowledge_chunks",
    cases="chunks",
)  # fmt: skip

RULES: Final[Mapping[str, str]] = {
    "went_quiet": "No conversation in the last 7 days, after at least 12 (3 a week) in the 28 days"
    " before them. Archived demos are left out.",
    "negative_share_rose": "The negative share rose against the period before: the whole 95 %"
    " interval of the difference is above 0.",
    "handler_slow": "The handler time p95 of events received over HTTP in the period is above the"
    " limit that is set.",
    "videos_failed": "A video's processing failed.",
    "coverage_fell": "The latest stored replay answered a smaller share of what visitors asked well"
    " than the one before it over a period of the same length.",
    "chunks_unembedded": "Chunks of knowledge have no embedding, so no search finds them.",
}
"""When a demo needs attention, in words."""

READ_NEXT: Final = (
    "Ranked by a missed moment, then a confident miss, then an unhappy end (the last user message"
    " that has a sentiment is negative), then an unusually long conversation (more messages than in"
    " 95 % of the period's conversations, of which there must be at least 20)."
)
