"""Where counts of a period come from. The functions of insights asked here choose for themselves:
kept days or hours, and the rows where a period cuts an hour or something was written since.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Numeric,
    Subquery,
    TableValuedAlias,
    Text,
    Uuid,
    cast,
    column,
    func,
    literal,
    select,
)

from domo_insights.period import Bucket, Period
from domo_insights.queries.buckets import cut_late, instants, starts_of

_MESSAGES: Final = (
    "n_user",
    "n_assistant",
    "n_labelled",
    "n_negative",
    "n_neutral",
    "n_positive",
    "n_intent",
    "n_any_label",
    "n_labelled_here",
    "n_confidence",
)
_INTENTS: Final = ("n", "n_labelled", "n_negative", "n_confidence")
_TALKS: Final = (
    "n",
    "n_active",
    "n_timed",
    "n_user",
    "n_confident",
    "n_confident_misses",
    "replies_without_time",
    "reach_1",
    "reach_2",
    "reach_3",
    "reach_5",
    "reach_10",
)


def messages(
    period: Period,
    demo_id: UUID | None,
    include_test: bool,
    buckets: Sequence[Bucket] = (),
    name: str = "said",
    *,
    by_demo: bool = False,
) -> TableValuedAlias:
    """Messages sent in `period`, by number (of the bucket, from 1), with counts and `confidence`,
    the sum over the user messages that have one.

    Asked `by_demo`, a row for each demo_id and number; else the demo_id is None, and a number can
    have several rows, the sum of which is true.
    """
    asked = func.insights.message_counts(
        starts_of(period, buckets), period.end, literal(demo_id, Uuid), include_test, by_demo
    )
    found: TableValuedAlias = asked.table_valued(
        column("demo_id", Uuid),
        column("number", Integer),
        *(column(counted, BigInteger) for counted in _MESSAGES),
        column("confidence", Numeric),
        name=name,
    )
    return found


def intents(
    period: Period, demo_id: UUID | None, include_test: bool, buckets: Sequence[Bucket] = ()
) -> Subquery:
    """User messages of `period` that have an intent, by number and intent, with counts and the sum
    of `confidence`; none that occurs no times in its bucket."""
    starts, until = cut_late(period, buckets)
    found = func.insights.intent_counts(
        instants(starts), until, literal(demo_id, Uuid), include_test
    ).table_valued(
        column("number", Integer),
        column("intent", Text),
        *(column(counted, BigInteger) for counted in _INTENTS),
        column("confidence", Numeric),
        name="all_wanted",
    )
    # What is taken off a day of all demos stands in a row of its own.
    return (
        select(
            found.c.number,
            found.c.intent,
            *(total(found.c[counted]).label(counted) for counted in _INTENTS),
            func.sum(found.c.confidence).label("confidence"),
        )
        .where(found.c.number <= max(len(buckets), 1))
        .group_by(found.c.number, found.c.intent)
        .having(func.sum(found.c.n) != 0)
        .subquery("wanted")
    )


def events_of(period: Period, demo_id: UUID | None) -> TableValuedAlias:
    """Events stored in `period`, `n` in each row; a demo has several rows."""
    starts = starts_of(period)
    asked = func.insights.event_parts_of(starts, period.end, literal(demo_id, Uuid), False, True)
    found: TableValuedAlias = asked.table_valued(
        column("demo_id", Uuid), column("n", Integer), name="packed"
    )
    return found


def talks(
    period: Period,
    demo_id: UUID | None,
    include_test: bool,
    buckets: Sequence[Bucket] = (),
    name: str = "talks",
    *,
    by_demo: bool = False,
) -> TableValuedAlias:
    """Conversations that started in `period`, rows as `messages` has them, with counts of them (n),
    of active ones, of those whose duration is known (n_timed), of those that come to their n-th
    user message (reach_n), and sums of what the view insights.conversations has."""
    asked = func.insights.conversation_counts(
        starts_of(period, buckets),
        period.end,
        period.zone,
        literal(demo_id, Uuid),
        include_test,
        by_demo,
    )
    found: TableValuedAlias = asked.table_valued(
        column("demo_id", Uuid),
        column("number", Integer),
        *(column(counted, BigInteger) for counted in _TALKS),
        name=name,
    )
    return found


def total(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """The sum of a count, 0 of nothing."""
    return cast(func.coalesce(func.sum(value), 0), BigInteger)
