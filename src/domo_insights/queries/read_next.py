"""Which conversations a human should read first, with the reasons, and what was noted on them."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    Uuid,
    and_,
    any_,
    case,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversations, demos
from domo_insights.database.tables_kept import reviews
from domo_insights.period import Period
from domo_insights.queries.misses import missed_moments, patterns
from domo_insights.queries.packed import percentiles, spreads
from domo_insights.queries.scope import LENGTH, is_left, started_in

ENOUGH_TO_COMPARE: Final = 20
"""Conversations that the period needs before one of them can be called unusually long."""

RANKED: Final[Columns] = {
    "conversation_id": "str",
    "demo_id": "object",
    "demo": "str",
    "started_at": "datetime64[us, UTC]",
    "messages": "int64",
    "missed_moments": "int64",
    "confident_misses": "int64",
    "unhappy_end": "bool",
    "unusually_long": "bool",
    "usual_length": "Int64",
    "reviewed_at": "datetime64[us, UTC]",
    "note": "str",
}
GROWN_OLD: Final[Columns] = {"conversations": "int64"}


def ranked(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = False,
    reviewed: bool = False,
    limit: int | None = 10,
) -> pd.DataFrame:
    """The period's conversations that somebody should read, the first one first.

    A missed moment goes before a confident miss, before an unhappy end, before an unusually long
    one; of equals the one with more of it, then the newer. Without `reviewed`, those that were
    reviewed are left out.

    Columns:
        messages: user + assistant messages; missed_moments, confident_misses: counts
        unhappy_end: the last user message that has a sentiment is negative
        unusually_long: more messages than in 95 % of the period's conversations (usual_length),
            of which there are at least 20
        reviewed_at (missing: not yet), note

    The product team may not run it. Raises: NotAllowedError, DatabaseError.
    """
    count, usual = _usual(conn, period, demo_id, include_test)
    found = _talks(period, demo_id, include_test, usual, None if reviewed else limit)
    talks = found.cte("talks").prefix_with("MATERIALIZED")  # read once, not for each thing asked
    long = _is_long(talks, count, usual)
    statement = (
        select(*_shown(talks, long, usual))
        .join(demos, demos.c.id == talks.c.demo_id)
        .outerjoin(reviews, _reviewed(talks))
        .where(_has_a_reason(talks, long), is_left(talks.c.conversation_id))
        .where(true() if reviewed else reviews.c.reviewed_at.is_(None))
        .order_by(*_first_to_read(talks))
        .limit(limit)
    )
    return read_frame(conn, statement, RANKED)


def grown_old(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = False,
) -> pd.DataFrame:
    """How many conversations of the period had a reason to be read, reviewed or not, and were
    deleted when they grew old: one row, conversations. Raises: DatabaseError."""
    count, usual = _usual(conn, period, demo_id, include_test)
    talks = _talks(period, demo_id, include_test, usual, None).cte("talks")
    reason = _has_a_reason(talks, _is_long(talks, count, usual))
    statement = select(func.count().label("conversations")).select_from(talks)
    deleted = statement.where(~is_left(talks.c.conversation_id), reason)
    return read_frame(conn, deleted, GROWN_OLD)


def _shown(talks: CTE, long: ColumnElement[bool], usual: int) -> list[ColumnElement[Any]]:
    """The columns of RANKED."""
    return [
        *(talks.c[name] for name in ("conversation_id", "demo_id")),
        demos.c.name.label("demo"),
        *(talks.c[name] for name in ("started_at", "messages")),
        *(talks.c[name] for name in ("missed_moments", "confident_misses", "unhappy_end")),
        long.label("unusually_long"),
        literal(usual).label("usual_length"),
        reviews.c.reviewed_at,
        func.coalesce(reviews.c.note, "").label("note"),
    ]


def _is_long(talks: CTE, count: int, usual: int) -> ColumnElement[bool]:
    return talks.c.messages > usual if count >= ENOUGH_TO_COMPARE else false()


def _has_a_reason(talks: CTE, long: ColumnElement[bool]) -> ColumnElement[bool]:
    return or_(talks.c.missed_moments > 0, talks.c.confident_misses > 0, talks.c.unhappy_end, long)


def _reviewed(talks: CTE) -> ColumnElement[bool]:
    return and_(
        reviews.c.conversation_id == talks.c.conversation_id,
        reviews.c.demo_id == talks.c.demo_id,
    )


def _first_to_read(talks: CTE) -> list[ColumnElement[Any]]:
    moments, misses = talks.c.missed_moments, talks.c.confident_misses
    return [
        reviews.c.reviewed_at.is_not(None).asc(),
        case((moments > 0, 4), (misses > 0, 3), (talks.c.unhappy_end, 2), else_=1).desc(),
        moments.desc(),
        misses.desc(),
        talks.c.started_at.desc(),
        talks.c.conversation_id,
    ]


def _talks(
    period: Period, demo_id: UUID | None, include_test: bool, usual: int, limit: int | None
) -> Select[Any]:
    """The period's conversations; with a `limit` those among which the first ones are."""
    chosen = started_in(period, demo_id, include_test)
    if limit is not None:
        ids = func.insights.worth_reading(
            period.start,
            period.end,
            literal(demo_id, Uuid),
            include_test,
            patterns(),
            usual,
            limit,
        )
        one = select(ids.column_valued("id"))
        chosen = and_(
            chosen, conversations.c.conversation_id == any_(func.array(one.scalar_subquery()))
        )
    return select(
        conversations.c.conversation_id,
        conversations.c.demo_id,
        conversations.c.started_at,
        LENGTH.label("messages"),
        missed_moments().label("missed_moments"),
        conversations.c.n_confident_misses.label("confident_misses"),
        conversations.c.unhappy_end,
    ).where(chosen)


def _usual(
    conn: Connection, period: Period, demo_id: UUID | None, include_test: bool
) -> tuple[int, int]:
    """How many conversations there are, and the length that 95 % of them do not exceed."""
    (lengths,) = spreads(conn, ["length"], period, demo_id, include_test)
    found = percentiles(lengths, {"length": 0.95})
    return found["total"].get((), 0), found["length"].get((), 0)
