"""Messages and how visitors felt."""

from typing import Final

from domo_insights.metrics.metric import Better, Kind, Metric

_ROWS: Final = "conversation_messages, dated by occurred_at"

MESSAGES: Final = Metric(
    "messages", "Messages", "", Kind.COUNT, ",.0f", Better.UP,
    "Messages of role user or assistant in the period. System messages show in transcripts and"
    " never count.",
    _ROWS,
)  # fmt: skip
USER_MESSAGES: Final = Metric(
    "user_messages", "User messages", "", Kind.COUNT, ",.0f", Better.UP,
    "Messages of role user in the period.",
    _ROWS,
)  # fmt: skip
NEGATIVE_SHARE: Final = Metric(
    "negative_share", "Negative share", "", Kind.SHARE, ".1%", Better.DOWN,
    "Negative user messages / user messages that have a sentiment.",
    _ROWS,
    cases="labelled",
)  # fmt: skip
POSITIVE_SHARE: Final = Metric(
    "positive_share", "Positive share", "", Kind.SHARE, ".1%", Better.UP,
    "Positive user messages / user messages that have a sentiment.",
    _ROWS,
    cases="labelled",
)  # fmt: skip
NEUTRAL_SHARE: Final = Metric(
    "neutral_share", "Neutral share", "", Kind.SHARE, ".1%", Better.NEITHER,
    "Neutral user messages / user messages that have a sentiment.",
    _ROWS,
    cases="labelled",
)  # fmt: skip
UNLABELLED_SHARE: Final = Metric(
    "unlabelled_share", "Unlabelled share", "", Kind.SHARE, ".1%", Better.DOWN,
    "User messages without sentiment / user messages.",
    _ROWS,
    cases="user_messages",
)  # fmt: skip
