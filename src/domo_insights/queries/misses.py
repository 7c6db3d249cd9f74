"""Questions about where it went wrong: confident misses and missed moments.

What they are is said once, in the function insights.judge; they count by the conversation's start.
Counts are kept with each conversation, and those the product team may read as well.
"""

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Text,
    and_,
    any_,
    cast,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversations as talks
from domo_insights.database.tables_judged import judged_messages as judged
from domo_insights.period import Bucket, Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import over_buckets, share_of, whole, within
from domo_insights.queries.counts import total
from domo_insights.settings import current

_MEASURES: Final[Columns] = {
    "judged": "int64",
    "confident": "int64",
    "confident_misses": "int64",
    "missed_moments": "int64",
}
KPIS: Final[Columns] = _MEASURES
OVER_TIME: Final[Columns] = {"bucket": "datetime64[us]", **_MEASURES}
CALIBRATION: Final[Columns] = {
    "step": "int64",
    "judged": "int64",
    "went_well": "int64",
    "went_well_share": "float64",
    "mean_confidence": "float64",
}


def missed_moments(words: Sequence[str] | None = None) -> ColumnElement[int]:
    """How many missed moments a conversation has: any words can be asked for, since the intents
    of what would be one are kept."""
    found: ColumnElement[int] = func.insights.high_moments(talks.c.moment_intents, patterns(words))
    return found


def kpis(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """What went wrong in the period's conversations, in one row.

    Columns: judged (user messages of these conversations), confident (of these, with a
    confidence of 0.8 or more), confident_misses, missed_moments.
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    return _measured(conn, period, demo_id, include_test, whole(period))[list(KPIS)]


def over_time(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    return _measured(conn, period, demo_id, include_test, period.buckets())


def calibration(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How it went on after messages of each tenth of confidence: a row per `step` that has any.

    Columns: step (0 is 0 up to 0.1, 9 is 0.9 up to and including 1), judged, went_well (no sign
    of trouble followed), went_well_share, mean_confidence.
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    counted = counts.spread("judged", period, demo_id, include_test)
    # Hundredths of the confidence, times 2, plus 1 if trouble followed.
    code = counted.c.value
    step = func.least(code // 20, 9).label("step")
    count = func.sum(counted.c.n)
    well = func.coalesce(count.filter(code % 2 == 0), 0)
    hundredths = func.sum(counted.c.n * (code // 2))
    statement = (
        select(
            step,
            count.label("judged"),
            well.label("went_well"),
            share_of(well, count).label("went_well_share"),
            (cast(hundredths, Double) / 100 / cast(count, Double)).label("mean_confidence"),
        )
        .group_by(step)
        .order_by(step)
    )
    return read_frame(conn, statement, CALIBRATION)


def judged_in(period: Period, demo_id: UUID | None, include_test: bool) -> ColumnElement[bool]:
    """User messages of the conversations that started in `period`."""
    return and_(
        within(judged.c.started_at, period),
        judged.c.demo_id == demo_id if demo_id else true(),
        true() if include_test else ~judged.c.is_test,
    )


def _measured(
    conn: Connection,
    period: Period,
    demo_id: UUID | None,
    include_test: bool,
    buckets: Sequence[Bucket],
) -> pd.DataFrame:
    given = period, demo_id, include_test, buckets
    counted, wanted = counts.talks(*given), counts.spread("moment", *given)
    moments = (
        select(wanted.c.number, func.sum(wanted.c.n).label("n"))
        .where(is_high(wanted.c.label, patterns()))
        .group_by(wanted.c.number)
        .subquery("moments")
    )
    statement = (
        select(
            counted.c.number,
            total(counted.c.n_user).label("judged"),
            total(counted.c.n_confident).label("confident"),
            total(counted.c.n_confident_misses).label("confident_misses"),
            func.coalesce(func.max(moments.c.n), 0).label("missed_moments"),
        )
        .outerjoin(moments, moments.c.number == counted.c.number)
        .group_by(counted.c.number)
    )
    return over_buckets(conn, statement, buckets, OVER_TIME)


def patterns(words: Sequence[str] | None = None) -> ColumnElement[Any]:
    """What a high intent is like, a space before and after it: one of `words` in it as a word."""
    plain = (
        " ".join(re.findall(r"[^\W_]+", word.lower()))
        for word in (current().insights_high_intent if words is None else words)
    )
    return literal([f"% {word} %" for word in plain if word], ARRAY(Text()))


def is_high(intent_words: ColumnElement[str], high: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether one of the words occurs in the intent as a whole word."""
    spaced: ColumnElement[str] = literal(" ") + intent_words + " "
    return spaced.like(any_(high))
