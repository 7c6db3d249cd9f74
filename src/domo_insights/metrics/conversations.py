"""Conversations: how many, how long, how fast the replies."""

from typing import Final

from domo_insights.metrics.metric import Better, Kind, Metric

_ROWS: Final = "insights.conversations, dated by started_at"

CONVERSATIONS: Final = Metric(
    "conversations", "Conversations", "", Kind.COUNT, ",.0f", Better.UP,
    "Conversations that started in the period.",
    _ROWS,
)  # fmt: skip
ACTIVE: Final = Metric(
    "active", "Active conversations", "", Kind.COUNT, ",.0f", Better.UP,
    "Conversations with at least 2 user messages and 1 assistant message.",
    _ROWS,
)  # fmt: skip
ACTIVE_SHARE: Final = Metric(
    "active_share", "Active share", "", Kind.SHARE, ".1%", Better.UP,
    "Share of the period's conversations with at least 2 user messages and 1 assistant message.",
    _ROWS,
    cases="conversations",
)  # fmt: skip
MEDIAN_LENGTH: Final = Metric(
    "median_length", "Median length", "msg", Kind.MEDIAN, ",.0f", Better.UP,
    "Median number of user and assistant messages over the period's conversations; 0 counts."
    " The smallest value that at least half of them do not exceed.",
    _ROWS,
    cases="conversations",
)  # fmt: skip
MEDIAN_DURATION: Final = Metric(
    "median_duration", "Median duration", "s", Kind.MEDIAN, ",.0f", Better.UP,
    "Median of the known durations of the period's conversations: end minus start in whole"
    " seconds. Start is started_at, else when the replica joined, else the earliest message or"
    " event; end is the shutdown, else completed_at, else the last utterance.",
    _ROWS,
    cases="known_durations",
)  # fmt: skip
REPLY_P50: Final = Metric(
    "reply_p50", "Reply time p50", "s", Kind.MEDIAN, ",.1f", Better.DOWN,
    "Reply time: the first assistant message after a user message and before the next user"
    " message, minus that message's time. At least half of the replies took no longer than this."
    " Counted by the conversation's start; pairs with a message without a time of its own are"
    " left out.",
    "conversation_messages of insights.conversations, dated by the conversation's started_at",
    cases="replies",
)  # fmt: skip
REPLY_P95: Final = Metric(
    "reply_p95", "Reply time p95", "s", Kind.MEDIAN, ",.1f", Better.DOWN,
    "Reply time: the first assistant message after a user message and before the next user"
    " message, minus that message's time. At least 95 % of the replies took no longer than this."
    " Counted by the conversation's start; pairs with a message without a time of its own are"
    " left out.",
    "conversation_messages of insights.conversations, dated by the conversation's started_at",
    cases="replies",
)  # fmt: skip
REACH: Final = Metric(
    "reach", "Reach of turn", "", Kind.SHARE, ".1%", Better.UP,
    "Share of the period's conversations with at least so many user messages.",
    _ROWS,
    cases="conversations",
)  # fmt: skip

LAST_ACTIVITY: Final = "Latest of message time and conversation end."
"""A moment, not a number: shown in tables of demos."""
