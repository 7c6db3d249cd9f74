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
    REPLY_P50,
    REPLY_P95,
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
from domo_insights.metrics.webhooks import (
    UNMAPPED_EVENTS,
)

__all__ = [
    "ACTIVE",
    "ACTIVE_SHARE",
    "CONVERSATIONS",
    "LAST_ACTIVITY",
    "MEDIAN_DURATION",
    "MEDIAN_LENGTH",
    "MESSAGES",
    "NEGATIVE_SHARE",
    "NEUTRAL_SHARE",
    "NOTHING",
    "POSITIVE_SHARE",
    "REPLY_P50",
    "REPLY_P95",
    "THIN",
    "UNLABELLED_SHARE",
    "UNMAPPED_EVENTS",
    "USER_MESSAGES",
    "Better",
    "Kind",
    "Metric",
    "clock",
]
