"""What visitors want, how sure the labels are, and where it went wrong."""

from typing import Final

from domo_insights.metrics.metric import Better, Kind, Metric

_ROWS: Final = "conversation_messages, dated by occurred_at"
_JUDGED: Final = "insights.judged_messages, dated by the conversation's started_at"

INTENTS: Final = Metric(
    "intents", "Intents seen", "", Kind.COUNT, ",.0f", Better.NEITHER,
    "Distinct intents of the period's user messages, trimmed and lower-cased.",
    _ROWS,
)  # fmt: skip
INTENT_SHARE: Final = Metric(
    "intent_share", "Intent share", "", Kind.SHARE, ".1%", Better.NEITHER,
    "User messages of the intent / user messages that have an intent.",
    _ROWS,
    cases="with_intent",
)  # fmt: skip
WITHOUT_INTENT_SHARE: Final = Metric(
    "without_intent_share", "Without intent", "", Kind.SHARE, ".1%", Better.DOWN,
    "User messages without intent / user messages.",
    _ROWS,
    cases="user_messages",
)  # fmt: skip
AVERAGE_CONFIDENCE: Final = Metric(
    "average_confidence", "Average confidence", "", Kind.MEDIAN, ".2f", Better.UP,
    "Mean of the confidence, from 0 to 1, of the period's user messages that have one.",
    _ROWS,
    cases="with_confidence",
)  # fmt: skip
LABELLED_HERE_SHARE: Final = Metric(
    "labelled_here_share", "Labelled here", "", Kind.SHARE, ".1%", Better.NEITHER,
    "User messages whose missing labels were filled in by this dashboard (`label --local`) / user"
    " messages that have a sentiment or an intent.",
    _ROWS,
    cases="user_messages",
)  # fmt: skip
CONFIDENT_MISSES: Final = Metric(
    "confident_misses", "Confident misses", "", Kind.COUNT, ",.0f", Better.DOWN,
    "User messages with a confidence of 0.8 or more after which something went wrong: the"
    " visitor's next message in the conversation is negative, or it has the same text once case,"
    " space and punctuation are dropped, or the message is the conversation's last one of any role"
    " and stands at least 30 s before its end. Counted by the conversation's start.",
    _JUDGED,
)  # fmt: skip
MISSED_MOMENTS: Final = Metric(
    "missed_moments", "Missed moments", "", Kind.COUNT, ",.0f", Better.DOWN,
    "User messages with a high intent that were not taken up: confidence below 0.5 (none is not"
    " low), or no assistant message before the next user message or the end, or a negative next"
    " user message. An intent is high when a word of INSIGHTS_HIGH_INTENT occurs in it as a whole"
    " word after _, - and camelCase are turned into spaces. Counted by the conversation's start.",
    _JUDGED,
)  # fmt: skip
WENT_WELL_SHARE: Final = Metric(
    "went_well_share", "Went on well", "", Kind.SHARE, ".1%", Better.UP,
    "Of the user messages with a confidence in this tenth, the share after which none of the"
    " signs of a confident miss was seen: no negative and no repeated next message, and no last"
    " word 30 s or more before the end. Where labels are well calibrated, it rises with the"
    " confidence. The interval is Wilson's, 95 %. Counted by the conversation's start.",
    _JUDGED,
    cases="judged",
)  # fmt: skip
