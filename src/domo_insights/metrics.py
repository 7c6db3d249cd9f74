"""What each number is called, how it is written, and what it means. docs/metrics.md is made of it.

`python -m domo_insights.metrics` prints that page; a test keeps the two the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

THIN: Final = "\u2009"
"""Thin space: between thousands, and between a number and its unit. The font has no narrower."""
NOTHING: Final = "–"


class Kind(StrEnum):
    """What kind of number it is, which decides how it is compared with the period before."""

    COUNT = "count"
    SHARE = "share"
    MEDIAN = "median"


class Better(StrEnum):
    """Which direction is good news."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured quantity. `key` is its column name in every frame.

    `spec` is a Python format and a d3 format at once. Shares are fractions of 1, durations
    seconds. `cases` is the column that says on how many cases a share or a median rests.
    """

    key: str
    label: str
    unit: str
    kind: Kind
    spec: str
    better: Better
    meaning: str
    source: str
    cases: str = ""

    @property
    def axis(self) -> str:
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def text(self, value: float | None) -> str:
        """`value` as people read it; a dash when there is none."""
        if value is None or value != value:
            return NOTHING
        if self.unit == "s" and value >= 60:
            return clock(value)
        number = f"{value:{self.spec}}".replace(",", THIN).replace("%", f"{THIN}%")
        return f"{number}{THIN}{self.unit}" if self.unit else number


def clock(seconds: float) -> str:
    """A length of a minute or more, as in 3 min 05 s or 1 h 02 min."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600}{THIN}h {whole % 3600 // 60:02}{THIN}min"
    return f"{whole // 60}{THIN}min {whole % 60:02}{THIN}s"


_CONVERSATION_ROWS: Final = "insights.conversations, dated by started_at"
_MESSAGE_ROWS: Final = "conversation_messages, dated by occurred_at"

CONVERSATIONS: Final = Metric(
    "conversations", "Conversations", "", Kind.COUNT, ",.0f", Better.UP,
    "Conversations that started in the period.",
    _CONVERSATION_ROWS,
)  # fmt: skip
ACTIVE: Final = Metric(
    "active", "Active conversations", "", Kind.COUNT, ",.0f", Better.UP,
    "Conversations with at least 2 user messages and 1 assistant message.",
    _CONVERSATION_ROWS,
)  # fmt: skip
ACTIVE_SHARE: Final = Metric(
    "active_share", "Active share", "", Kind.SHARE, ".1%", Better.UP,
    "Share of the period's conversations with at least 2 user messages and 1 assistant message.",
    _CONVERSATION_ROWS,
    cases="conversations",
)  # fmt: skip
MESSAGES: Final = Metric(
    "messages", "Messages", "", Kind.COUNT, ",.0f", Better.UP,
    "Messages of role user or assistant in the period. System messages show in transcripts and"
    " never count.",
    _MESSAGE_ROWS,
)  # fmt: skip
USER_MESSAGES: Final = Metric(
    "user_messages", "User messages", "", Kind.COUNT, ",.0f", Better.UP,
    "Messages of role user in the period.",
    _MESSAGE_ROWS,
)  # fmt: skip
MEDIAN_LENGTH: Final = Metric(
    "median_length", "Median length", "msg", Kind.MEDIAN, ",.0f", Better.UP,
    "Median number of user and assistant messages over the period's conversations; 0 counts."
    " The smallest value that at least half of them do not exceed.",
    _CONVERSATION_ROWS,
    cases="conversations",
)  # fmt: skip
MEDIAN_DURATION: Final = Metric(
    "median_duration", "Median duration", "s", Kind.MEDIAN, ",.0f", Better.UP,
    "Median of the known durations of the period's conversations: end minus start in whole"
    " seconds. Start is started_at, else when the replica joined, else the earliest message or"
    " event; end is the shutdown, else completed_at, else the last utterance.",
    _CONVERSATION_ROWS,
    cases="known_durations",
)  # fmt: skip
NEGATIVE_SHARE: Final = Metric(
    "negative_share", "Negative share", "", Kind.SHARE, ".1%", Better.DOWN,
    "Negative user messages / user messages that have a sentiment.",
    _MESSAGE_ROWS,
    cases="labelled",
)  # fmt: skip
POSITIVE_SHARE: Final = Metric(
    "positive_share", "Positive share", "", Kind.SHARE, ".1%", Better.UP,
    "Positive user messages / user messages that have a sentiment.",
    _MESSAGE_ROWS,
    cases="labelled",
)  # fmt: skip
NEUTRAL_SHARE: Final = Metric(
    "neutral_share", "Neutral share", "", Kind.SHARE, ".1%", Better.NEITHER,
    "Neutral user messages / user messages that have a sentiment.",
    _MESSAGE_ROWS,
    cases="labelled",
)  # fmt: skip
UNLABELLED_SHARE: Final = Metric(
    "unlabelled_share", "Unlabelled share", "", Kind.SHARE, ".1%", Better.DOWN,
    "User messages without sentiment / user messages.",
    _MESSAGE_ROWS,
    cases="user_messages",
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
UNMAPPED_EVENTS: Final = Metric(
    "unmapped_events", "Unmapped events", "", Kind.COUNT, ",.0f", Better.DOWN,
    "Stored events whose conversation belongs to no demo. They are shown to nobody; the product"
    " team sees how many there are.",
    "processed_webhook_events, dated by processed_at",
)  # fmt: skip

LAST_ACTIVITY: Final = "Latest of message time and conversation end."
"""A moment, not a number: shown in tables of demos."""


def all_metrics() -> Iterator[Metric]:
    """Every metric that is declared here, in order."""
    return (value for value in globals().values() if isinstance(value, Metric))


_DOC_HEAD: Final = """\
# What each number means

Made from `src/domo_insights/metrics.py` by `python -m domo_insights.metrics > docs/metrics.md`.
The same words stand beside each number on the pages.

## How time is cut

A period is half-open: it holds its first instant and not its last. "7, 30, 90 days" are that many
local days up to and including today; "24 hours" is the 24 hours before now, floored to the minute.
The period before starts the same number of calendar days earlier (24 hours: 24 hours earlier) and
is cut at the same local time while the period is still running. The date picker includes its last
day, the command line's `A..B` excludes B.
Buckets are hours up to two days, days up to 120 days, and ISO weeks beyond; two days that hold a
clock change stay in hours, so that they can be laid over the two days before. The zone is the
browser's until another is chosen, and UTC on the command line.

Messages count by `occurred_at`; conversations, and with them reply times, by the conversation's
start; events by `processed_at`. A conversation's own counts use all its messages, whenever they
were sent. Test conversations are left out unless they are asked for.

## How numbers are compared

- Counts: the difference, in percent when the earlier count is at least 10; else both numbers and
  "too few to tell".
- Shares: the difference in percentage points with a 95 % interval (Newcombe); "no clear change"
  when the interval holds 0.
- Medians and percentiles: the difference, with both counts.
- When there is nothing to compare with: "no earlier data".

All medians and percentiles are discrete: the smallest value v such that at least the asked part
of the values are <= v. Sentiment and intent are trimmed and lower-cased. Missing values are left
out, and their number is shown.

## The numbers
"""


def as_markdown() -> str:
    """The whole of docs/metrics.md."""
    rows = ["| number | name | unit | better | meaning | source |", "|---|---|---|---|---|---|"]
    for metric in all_metrics():
        unit = "%" if metric.kind is Kind.SHARE else metric.unit
        cells = (metric.label, f"`{metric.key}`", unit, metric.better, metric.meaning)
        rows.append(f"| {' | '.join((*cells, metric.source))} |")
    rows.append(f"| Last activity | `last_activity` | time | | {LAST_ACTIVITY} | "
                "insights.conversations |")  # fmt: skip
    return _DOC_HEAD + "\n" + "\n".join(rows) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(as_markdown())
