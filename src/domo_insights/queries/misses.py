"""Questions about where it went wrong: confident misses and missed moments.

What they are is said once, in the view insights.judged_messages; they count by the conversation's
start. The counts come from a function that gives them to the product team as well.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Double,
    Integer,
    Text,
    and_,
    any_,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import demos
from domo_insights.database.tables_judged import judged_messages as judged
from domo_insights.period import Period
from domo_insights.queries.buckets import NUMBER, over_buckets, share_of, within
from domo_insights.settings import current

SURE: Final = 0.8
UNSURE: Final = 0.5

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
_ROWS: Final[Columns] = {
    "message_id": "object",
    "conversation_id": "str",
    "demo_id": "object",
    "demo": "str",
    "occurred_at": "datetime64[us, UTC]",
    "content": "object",
    "sentiment": "object",
    "intent": "object",
    "confidence": "float64",
    "next_negative": "bool",
    "repeated": "bool",
    "broke_off": "bool",
    "unanswered": "bool",
}
CONFIDENT: Final[Columns] = _ROWS
MOMENTS: Final[Columns] = _ROWS

TROUBLE: Final = or_(judged.c.next_negative, judged.c.repeated, judged.c.broke_off)
IS_CONFIDENT_MISS: Final = and_(judged.c.confidence >= SURE, TROUBLE)


def is_missed_moment(words: Sequence[str] | None = None) -> ColumnElement[bool]:
    """Whether a message of the view is a missed moment; `words` make an intent a high one."""
    spaced: ColumnElement[str] = literal(" ") + judged.c.intent_words + " "
    return and_(
        spaced.like(any_(_patterns(words))),
        or_(judged.c.confidence < UNSURE, judged.c.unanswered, judged.c.next_negative),
    )


def kpis(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """What went wrong in the period's conversations, in one row.

    Columns: judged (user messages of these conversations), confident (of these, with a
    confidence of 0.8 or more), confident_misses, missed_moments.
    Source: insights.judged_messages, dated by the conversation's start. Raises: DatabaseError.
    """
    counted = _counted([period.start], period.end, demo_id, include_test)
    return read_frame(conn, select(*_measures(counted)), KPIS)


def over_time(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    buckets = period.buckets()
    counted = _counted([b.start for b in buckets], period.end, demo_id, include_test)
    statement = select(counted.c.number.label(NUMBER), *_measures(counted)).group_by(
        counted.c.number
    )
    return over_buckets(conn, statement, buckets, OVER_TIME)


def calibration(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How it went on after messages of each tenth of confidence: a row per `step` that has any.

    Columns: step (0 is 0 up to 0.1, 9 is 0.9 up to and including 1), judged, went_well (no sign
    of trouble followed), went_well_share, mean_confidence.
    Source: insights.judged_messages, dated by the conversation's start. Raises: DatabaseError.
    """
    counted = _counted([period.start], period.end, demo_id, include_test)
    count = func.sum(counted.c.user_messages)
    well = count - func.sum(counted.c.troubled)
    statement = (
        select(
            counted.c.step,
            count.label("judged"),
            well.label("went_well"),
            share_of(well, count).label("went_well_share"),
            (func.sum(counted.c.confidence) / cast(count, Double)).label("mean_confidence"),
        )
        .where(counted.c.step.is_not(None))
        .group_by(counted.c.step)
        .order_by(counted.c.step)
    )
    return read_frame(conn, statement, CALIBRATION)


def confident(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = False,
    limit: int | None = 100,
) -> pd.DataFrame:
    """The confident misses of the period's conversations, newest first, word for word.

    Columns: see CONFIDENT; the last four say what was seen. The product team may not run it.
    Source: insights.judged_messages, dated by the conversation's start. Raises: DatabaseError.
    """
    return read_frame(
        conn, _rows(IS_CONFIDENT_MISS, period, demo_id, include_test, limit), CONFIDENT
    )


def moments(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = False,
    limit: int | None = 100,
) -> pd.DataFrame:
    """The missed moments of the period's conversations, newest first; as `confident`."""
    return read_frame(
        conn, _rows(is_missed_moment(), period, demo_id, include_test, limit), MOMENTS
    )


def judged_in(period: Period, demo_id: UUID | None, include_test: bool) -> ColumnElement[bool]:
    """User messages of the conversations that started in `period`."""
    return and_(
        within(judged.c.started_at, period),
        judged.c.demo_id == demo_id if demo_id else true(),
        true() if include_test else ~judged.c.is_test,
    )


def _rows(
    which: ColumnElement[bool],
    period: Period,
    demo_id: UUID | None,
    include_test: bool,
    limit: int | None,
) -> Any:
    names = [name for name in _ROWS if name not in ("message_id", "demo")]
    picked: dict[str, ColumnElement[Any]] = {name: judged.c[name] for name in names}
    picked |= {"message_id": judged.c.id.label("message_id"), "demo": demos.c.name.label("demo")}
    return (
        select(*(picked[name] for name in _ROWS))
        .join(demos, demos.c.id == judged.c.demo_id)
        .where(judged_in(period, demo_id, include_test), which)
        .order_by(judged.c.occurred_at.desc(), judged.c.seq.desc(), judged.c.id)
        .limit(limit)
    )


def _counted(
    starts: Sequence[datetime], end: datetime, demo_id: UUID | None, include_test: bool
) -> Any:
    names = ("number", "step", *_COUNTS)
    return func.insights.count_judged(
        literal(list(starts), ARRAY(DateTime(timezone=True))), end, demo_id, include_test,
        _patterns(None),
    ).table_valued(
        *(column(n, Integer if n != "confidence" else Double) for n in names), name="counted"
    )  # fmt: skip


_COUNTS: Final = (
    "user_messages",
    "confidence",
    "troubled",
    "confident",
    "confident_misses",
    "missed_moments",
)


def _measures(counted: Any) -> list[ColumnElement[Any]]:
    sources = {"judged": "user_messages"}
    return [
        func.coalesce(func.sum(counted.c[sources.get(name, name)]), 0).label(name)
        for name in _MEASURES
    ]


def _patterns(words: Sequence[str] | None) -> ColumnElement[Any]:
    """What an intent between spaces is LIKE when one of `words` occurs in it as a whole word."""
    plain = (
        " ".join(re.findall(r"[^\W_]+", word.lower()))
        for word in (current().insights_high_intent if words is None else words)
    )
    return literal([f"% {word} %" for word in plain if word], ARRAY(Text()))
