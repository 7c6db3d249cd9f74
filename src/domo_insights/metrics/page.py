"""docs/metrics.md, made of the declarations."""

from collections.abc import Iterator
from typing import Final

from domo_insights.metrics import (
    conversations,
    demos,
    intents,
    knowledge,
    messages,
    platform,
    webhooks,
)
from domo_insights.metrics.conversations import LAST_ACTIVITY
from domo_insights.metrics.metric import Kind, Metric

SUBJECTS: Final = (conversations, demos, messages, intents, webhooks, knowledge, platform)


def all_metrics() -> Iterator[Metric]:
    """Every metric that is declared, in the order of its subject's module."""
    for subject in SUBJECTS:
        yield from (value for value in vars(subject).values() if isinstance(value, Metric))


_DOC_HEAD: Final = """\
# What each number means

Made from `src/domo_insights/metrics/` by `python -m domo_insights.metrics > docs/metrics.md`.
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
start; events, handler time, delivery lag and silent hours by `processed_at`. A conversation's own
counts use all its messages, whenever they were sent. Test conversations are left out unless they
are asked for; on Webhooks they always count. A test event that is sent from there (type
`insights.test`) lies in a conversation of its own per demo that is marked as a test: it counts as
an event there and nowhere else.

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
    return _DOC_HEAD + "\n" + "\n".join(rows) + "\n" + _rules()


def _rules() -> str:
    rules = "\n".join(f"- `{rule}`: {words}" for rule, words in demos.RULES.items())
    return f"\n## Needs attention\n\n{rules}\n\n## Read next\n\n{demos.READ_NEXT}\n"
