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
    Integer,
    Text,
    and_,
    any_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversations as talks
from domo_insights.database.tables import demos
from domo_insights.database.tables_judged import judged_messages as judged
from domo_insights.period import Period
from domo_insights.queries.buckets import number_of, over_buckets, share_of, within
from domo_insights.queries.packed import elements
from domo_insights.queries.scope import started_in
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
    return and_(
        _is_high(judged.c.intent_words, words),
        or_(judged.c.confidence < UNSURE, judged.c.unanswered, judged.c.next_negative),
    )


def missed_moments(words: Sequence[str] | None = None) -> ColumnElement[int]:
    """How many missed moments a conversation has: any words can be asked for, since the intents
    of what would be one are kept."""
    intent = elements(talks.c.moment_intents, "intent")
    high = select(func.count()).select_from(intent).where(_is_high(intent.c.value, words))
    some = func.cardinality(talks.c.moment_intents) > 0
    return case((some, high.correlate(talks).scalar_subquery()), else_=0)


def kpis(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """What went wrong in the period's conversations, in one row.

    Columns: judged (user messages of these conversations), confident (of these, with a
    confidence of 0.8 or more), confident_misses, missed_moments.
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    statement = select(*_measures()).where(started_in(period, demo_id, include_test))
    return read_frame(conn, statement, KPIS)


def over_time(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    buckets = period.buckets()
    number = number_of(talks.c.started_at, buckets)
    statement = (
        select(number, *_measures())
        .where(started_in(period, demo_id, include_test))
        .group_by(number)
    )
    return over_buckets(conn, statement, buckets, OVER_TIME)


def calibration(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How it went on after messages of each tenth of confidence: a row per `step` that has any.

    Columns: step (0 is 0 up to 0.1, 9 is 0.9 up to and including 1), judged, went_well (no sign
    of trouble followed), went_well_share, mean_confidence.
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    code = elements(talks.c.judged, "code")
    counted = (
        select(cast(code.c.value, Integer).label("code"), func.count().label("n"))
        .select_from(talks.join(code, true()))
        .where(started_in(period, demo_id, include_test))
        .group_by(code.c.value)
        .subquery("counted")
    )
    # Hundredths of the confidence, times 2, plus 1 if trouble followed.
    step = func.least(counted.c.code // 20, 9).label("step")
    count = func.sum(counted.c.n)
    well = func.coalesce(count.filter(counted.c.code % 2 == 0), 0)
    hundredths = func.sum(counted.c.n * (counted.c.code // 2))
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
    asked = period, demo_id, include_test
    talked = _candidates(conn, talks.c.n_confident_misses > 0, asked, limit)
    return read_frame(conn, _rows(IS_CONFIDENT_MISS, talked, limit), CONFIDENT)


def moments(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = False,
    limit: int | None = 100,
) -> pd.DataFrame:
    """The missed moments of the period's conversations, newest first; as `confident`."""
    asked = period, demo_id, include_test
    talked = _candidates(conn, missed_moments() > 0, asked, limit)
    return read_frame(conn, _rows(is_missed_moment(), talked, limit), MOMENTS)


def judged_in(period: Period, demo_id: UUID | None, include_test: bool) -> ColumnElement[bool]:
    """User messages of the conversations that started in `period`."""
    return and_(
        within(judged.c.started_at, period),
        judged.c.demo_id == demo_id if demo_id else true(),
        true() if include_test else ~judged.c.is_test,
    )


def _rows(which: ColumnElement[bool], talked: Sequence[str], limit: int | None) -> Any:
    """The messages of the conversations `talked` for which `which` holds."""
    names = [name for name in _ROWS if name not in ("message_id", "demo")]
    picked: dict[str, ColumnElement[Any]] = {name: judged.c[name] for name in names}
    picked |= {"message_id": judged.c.id.label("message_id"), "demo": demos.c.name.label("demo")}
    return (
        select(*(picked[name] for name in _ROWS))
        .join(demos, demos.c.id == judged.c.demo_id)
        .where(judged.c.conversation_id == any_(literal(list(talked), ARRAY(Text()))), which)
        .order_by(judged.c.occurred_at.desc(), judged.c.seq.desc(), judged.c.id)
        .limit(limit)
    )


def _candidates(
    conn: Connection,
    having: ColumnElement[bool],
    asked: tuple[Period, UUID | None, bool],
    limit: int | None,
) -> Sequence[str]:
    """Conversations that one of the newest `limit` such messages can be in.

    Each has at least one, sent after its first row: so none of those that ended before the
    `limit` last ones began has one of the newest. Asked for by itself, so that no plan judges the
    words of other conversations first.
    """
    found = (
        select(talks.c.conversation_id, talks.c.first_at, talks.c.last_at)
        .where(started_in(*asked), having)
        .cte("found")
        .prefix_with("MATERIALIZED")
    )
    newest = select(found.c.first_at).order_by(found.c.first_at.desc()).limit(limit)
    since = select(func.min(newest.subquery("newest").c.first_at)).scalar_subquery()
    chosen = select(found.c.conversation_id).where(found.c.last_at >= since)
    return conn.execute(chosen).scalars().all()


def _measures() -> list[ColumnElement[Any]]:
    measured = {
        "judged": talks.c.n_user,
        "confident": talks.c.n_confident,
        "confident_misses": talks.c.n_confident_misses,
        "missed_moments": missed_moments(),
    }
    return [func.coalesce(func.sum(value), 0).label(name) for name, value in measured.items()]


def _is_high(intent_words: ColumnElement[str], words: Sequence[str] | None) -> ColumnElement[bool]:
    """Whether one of `words` occurs in the intent as a whole word."""
    plain = (
        " ".join(re.findall(r"[^\W_]+", word.lower()))
        for word in (current().insights_high_intent if words is None else words)
    )
    patterns = literal([f"% {word} %" for word in plain if word], ARRAY(Text()))
    spaced: ColumnElement[str] = literal(" ") + intent_words + " "
    return spaced.like(any_(patterns))
