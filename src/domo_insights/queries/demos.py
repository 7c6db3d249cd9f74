"""Questions about demos: which there are, and how they compare."""

from collections import Counter
from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Subquery,
    TableValuedAlias,
    Uuid,
    column,
    func,
    literal,
    select,
    true,
)

from domo_insights.database.frames import Columns, frame_of, read_frame
from domo_insights.database.tables import demos
from domo_insights.period import Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import share_of

MINE: Final[Columns] = {"demo_id": "object", "demo": "str", "status": "object"}
RANKED: Final[Columns] = {
    "demo_id": "object",
    "demo": "str",
    "conversations": "int64",
    "active_share": "float64",
    "messages": "int64",
    "negative_share": "float64",
    "last_activity": "datetime64[us, UTC]",
    "trend": "object",
}


def mine(conn: Connection) -> pd.DataFrame:
    """Every demo the viewer may see, by name: columns demo_id, demo, status.

    Raises: DatabaseError.
    """
    statement = select(demos.c.id.label("demo_id"), demos.c.name.label("demo"), demos.c.status)
    return read_frame(conn, statement.order_by(func.lower(demos.c.name), demos.c.id), MINE)


def ranked(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """One row per demo, the one with most conversations first, quiet ones included.

    Columns:
        demo_id, demo; conversations, messages: counts of the period
        active_share, negative_share: fractions of 1, missing where there is nothing to share
        last_activity: latest of message time and conversation end, whenever that was
        trend: list of the conversations of each bucket of the period

    Source: demos, insights.conversations, conversation_messages. Raises: DatabaseError.
    """
    words = _words(period, demo_id, include_test)
    last = _last_activity(demo_id, include_test)
    statement = (
        select(
            demos.c.id.label("demo_id"),
            demos.c.name.label("demo"),
            func.coalesce(words.c.messages, 0).label("messages"),
            words.c.negative_share,
            last.c.last_activity,
        )
        .outerjoin(words, words.c.demo_id == demos.c.id)
        .outerjoin(last, last.c.demo_id == demos.c.id)
        .where(demos.c.id == demo_id if demo_id else true())
        .order_by(func.lower(demos.c.name), demos.c.id)
    )
    found = [row._asdict() for row in conn.execute(statement)]
    trends, active = _started(conn, period, demo_id, include_test)
    quiet = [0] * len(period.buckets())
    for row in found:
        row["trend"] = trends.get(row["demo_id"], quiet)
        row["conversations"] = sum(row["trend"])
        row["active_share"] = (
            active[row["demo_id"]] / row["conversations"] if row["conversations"] else None
        )
    found.sort(key=lambda row: row["conversations"], reverse=True)
    return frame_of({name: [row[name] for row in found] for name in RANKED}, RANKED)


def _words(period: Period, demo_id: UUID | None, include_test: bool) -> Subquery:
    said = counts.messages(period, demo_id, include_test, by_demo=True)
    share: ColumnElement[float] = share_of(said.c.n_negative, said.c.n_labelled)
    return select(
        said.c.demo_id,
        (said.c.n_user + said.c.n_assistant).label("messages"),
        share.label("negative_share"),
    ).subquery("words")


def _last_activity(demo_id: UUID | None, include_test: bool) -> TableValuedAlias:
    asked = func.insights.last_activities(literal(demo_id, Uuid), include_test)
    return asked.table_valued(
        column("demo_id", Uuid), column("last_activity", DateTime(timezone=True)), name="last"
    )


def _started(
    conn: Connection, period: Period, demo_id: UUID | None, include_test: bool
) -> tuple[dict[UUID, list[int]], Counter[UUID]]:
    """By demo the conversations of each bucket, and the active ones of the period."""
    buckets = period.buckets()
    talks = counts.talks(period, demo_id, include_test, buckets, by_demo=True)
    trends: dict[UUID, list[int]] = {}
    active = Counter[UUID]()
    each = select(talks.c.demo_id, talks.c.number, talks.c.n, talks.c.n_active)
    for demo, number, conversations, n_active in conn.execute(each):
        trends.setdefault(demo, [0] * len(buckets))[number - 1] = conversations
        active[demo] += n_active
    return trends, active
