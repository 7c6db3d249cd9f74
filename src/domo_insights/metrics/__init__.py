"""What each number is called, how it is written, and what it means; a module per subject.

`python -m domo_insights.metrics` prints docs/metrics.md; a test keeps the two the same.
"""

from domo_insights.metrics.conversations import (
    ACTIVE,
    ACTIVE_SHARE,
    CONVERSATIONS,
    LAST_ACTIVITY,
    MEDIAN_DURATION,
    MEDIAN_LENGTH,
    REACH,
    REPLY_P50,
    REPLY_P95,
)
from domo_insights.metrics.demos import (
    CHUNKS_WITHOUT_EMBEDDING,
    DEMOS_PUBLISHED,
    READ_NEXT,
    RULES,
    VIDEOS_WAITING,
)
from domo_insights.metrics.intents import (
    AVERAGE_CONFIDENCE,
    CONFIDENT_MISSES,
    INTENT_SHARE,
    INTENTS,
    LABELLED_HERE_SHARE,
    MISSED_MOMENTS,
    WENT_WELL_SHARE,
    WITHOUT_INTENT_SHARE,
)
from domo_insights.metrics.messages import (
    MESSAGES,
    NEGATIVE_SHARE,
    NEUTRAL_SHARE,
    POSITIVE_SHARE,
    UNLABELLED_SHARE,
    USER_MESSAGES,
)
from domo_insights.metrics.metric import NOTHING, THIN, Better, Kind, Metric, clock
from domo_insights.metrics.platform import (
    ACTIVE_DEMOS,
    ACTIVE_OWNERS,
    ADOPTION,
    MAPPING_CONFLICTS,
)
from domo_insights.metrics.webhooks import (
    DUPLICATES,
    EVENTS,
    HANDLER_P50,
    HANDLER_P95,
    HANDLER_P99,
    LAG_P50,
    LAG_P95,
    SILENT_HOURS,
    UNMAPPED_EVENTS,
)

__all__ = [
    "ACTIVE",
    "ACTIVE_DEMOS",
    "ACTIVE_OWNERS",
    "ACTIVE_SHARE",
    "ADOPTION",
    "AVERAGE_CONFIDENCE",
    "CHUNKS_WITHOUT_EMBEDDING",
    "CONFIDENT_MISSES",
    "CONVERSATIONS",
    "DEMOS_PUBLISHED",
    "DUPLICATES",
    "EVENTS",
    "HANDLER_P50",
    "HANDLER_P95",
    "HANDLER_P99",
    "INTENTS",
    "INTENT_SHARE",
    "LABELLED_HERE_SHARE",
    "LAG_P50",
    "LAG_P95",
    "LAST_ACTIVITY",
    "MAPPING_CONFLICTS",
    "MEDIAN_DURATION",
    "MEDIAN_LENGTH",
    "MESSAGES",
    "MISSED_MOMENTS",
    "NEGATIVE_SHARE",
    "NEUTRAL_SHARE",
    "NOTHING",
    "POSITIVE_SHARE",
    "REACH",
    "READ_NEXT",
    "REPLY_P50",
    "REPLY_P95",
    "RULES",
    "SILENT_HOURS",
    "THIN",
    "UNLABELLED_SHARE",
    "UNMAPPED_EVENTS",
    "USER_MESSAGES",
    "VIDEOS_WAITING",
    "WENT_WELL_SHARE",
    "WITHOUT_INTENT_SHARE",
    "Better",
    "Kind",
    "Metric",
    "clock",
]
