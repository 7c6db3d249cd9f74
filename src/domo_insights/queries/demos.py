"""Questions about demos: which there are, and how they compare."""

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

from domo_insights.database.frames import Columns, read_frame
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
    talks = _talks(period, demo_id, include_test)
    words = _words(period, demo_id, include_test)
    last = _last_activity(demo_id, include_test)
    count = func.coalesce(talks.c.conversations, 0)
    statement = (
        select(
            demos.c.id.label("demo_id"),
            demos.c.name.label("demo"),
            count.label("conversations"),
            talks.c.active_share,
            func.coalesce(words.c.messages, 0).label("messages"),
            words.c.negative_share,
            last.c.last_activity,
        )
        .outerjoin(talks, talks.c.demo_id == demos.c.id)
        .outerjoin(words, words.c.demo_id == demos.c.id)
        .outerjoin(last, last.c.demo_id == demos.c.id)
        .where(demos.c.id == demo_id if demo_id else true())
        .order_by(count.desc(), func.lower(demos.c.name), demos.c.id)
    )
    numbers = {name: dtype for name, dtype in RANKED.items() if name != "trend"}
    frame = read_frame(conn, statement, numbers)
    trends = _trends(conn, period, demo_id, include_test)
    quiet = [0] * len(period.buckets())
    frame["trend"] = pd.Series([trends.get(demo, quiet) for demo in frame["demo_id"]], dtype=object)
    return frame.astype(dict(RANKED))


def _talks(period: Period, demo_id: UUID | None, include_test: bool) -> Subquery:
    talks = counts.talks(period, demo_id, include_test, name="counted", by_demo=True)
    active: ColumnElement[float] = share_of(talks.c.n_active, talks.c.n)
    return select(
        talks.c.demo_id, talks.c.n.label("conversations"), active.label("active_share")
    ).subquery("talks")


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


def _trends(
    conn: Connection, period: Period, demo_id: UUID | None, include_test: bool
) -> dict[UUID, list[int]]:
    buckets = period.buckets()
    talks = counts.talks(period, demo_id, include_test, buckets, by_demo=True)
    found: dict[UUID, list[int]] = {}
    for demo, number, conversations in conn.execute(
        select(talks.c.demo_id, talks.c.number, talks.c.n)
    ):
        found.setdefault(demo, [0] * len(buckets))[number - 1] = conversations
    return found
