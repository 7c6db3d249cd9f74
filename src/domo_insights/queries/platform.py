"""Questions of the product team about the platform as a whole. Anybody else is refused."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Subquery, Uuid, column, distinct, func, select

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import delivery_counts as deliveries
from domo_insights.database.tables import demo_videos, demos
from domo_insights.database.tables import processed_webhook_events as events
from domo_insights.database.tables_counts import event_hours
from domo_insights.period import Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import (
    buckets_of,
    laid,
    number_of,
    number_or_whole,
    numbered,
    whole_of,
    within,
)
from domo_insights.queries.derived import derived

_ACTIVE: Final[Columns] = {"active_owners": "int64", "active_demos": "int64"}
KPIS: Final[Columns] = {**_ACTIVE, "unmapped_events": "int64"}
OVER_TIME: Final[Columns] = {"bucket": "datetime64[us]", **KPIS}
ADOPTION: Final[Columns] = {"what": "str", "demos": "int64", "active_demos": "int64",
                            "adoption": "float64"}  # fmt: skip
OWNERS: Final[Columns] = {
    "owner": "str",
    "demos": "int64",
    "active_demos": "int64",
    "conversations": "int64",
    "messages": "int64",
    "events": "int64",
}
CONFLICTS: Final[Columns] = {
    "owner": "str",
    "demo_id": "object",
    "conflicts": "int64",
    "refused": "int64",
    "duplicates": "int64",
    "last_at": "datetime64[us, UTC]",
}
NOBODY: Final = "no demo"


def measured(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """What `kpis` and `over_time` are made of: the columns of the latter, the period first, without
    a `bucket`, then each bucket of it. Raises: NotAllowedError."""
    _product_team_only(conn)
    buckets = period.buckets()
    talks = counts.talks(period, demo_id, include_test, buckets, by_demo=True)
    number, every = number_or_whole(talks.c.number)
    active = (
        select(
            number,
            func.count(distinct(demos.c.user_id)).label("active_owners"),
            func.count(distinct(demos.c.id)).label("active_demos"),
        )
        .select_from(talks.join(demos, demos.c.id == talks.c.demo_id))
        .where(talks.c.n > 0)
        .group_by(every)
    )
    number, every = number_or_whole(number_of(events.c.processed_at, buckets))
    lost = (
        select(number, func.count().label("unmapped_events"))
        .where(events.c.demo_id.is_(None), within(events.c.processed_at, period))
        .group_by(every)
    )
    found = numbered(conn, active, list(_ACTIVE)) | numbered(conn, lost, ["unmapped_events"])
    return laid(found, buckets, OVER_TIME, with_whole=True)


@derived(measured)
def kpis(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """active_owners and active_demos (with a conversation that started in the period), and
    unmapped_events (stored in the period, of no demo). Raises: NotAllowedError."""
    return whole_of(frame)


@derived(measured)
def over_time(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The columns of `kpis` for each bucket. Raises: NotAllowedError."""
    return buckets_of(frame)


def adoption(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """Of the period's active demos, how many have what, whenever that came.

    Columns: what (Video: a completed one; Knowledge: an embedded chunk; Webhooks: an event),
    demos, active_demos, adoption (fraction of 1). Raises: NotAllowedError.
    """
    _product_team_only(conn)
    talks = counts.talks(period, demo_id, include_test, by_demo=True)
    active = select(talks.c.demo_id.label("id")).where(talks.c.n > 0).subquery("active")
    knows = (
        func.insights.demos_with_knowledge()
        .table_valued(column("demo_id", Uuid))
        .render_derived(name="k")
    )
    has: Sequence[tuple[str, ColumnElement[bool]]] = [
        (
            "Video",
            select(demo_videos.c.id)
            .where(
                demo_videos.c.demo_id == active.c.id,
                demo_videos.c.processing_status == "completed",
            )
            .exists(),
        ),
        ("Knowledge", active.c.id.in_(select(knows.c.demo_id))),
        (
            "Webhooks",
            select(events.c.id).where(events.c.demo_id == active.c.id).exists()
            # Events that grew old and were deleted left the hours in which they came.
            | select(event_hours.c.hour).where(event_hours.c.demo_id == active.c.id).exists(),
        ),
    ]
    having = [func.count().filter(condition).label(what) for what, condition in has]
    row = conn.execute(select(func.count().label("n"), *having).select_from(active)).one()._mapping
    total = int(row["n"])
    rows = [(w, row[w], total, row[w] / total if total else None) for w, _ in has]
    return pd.DataFrame(rows, columns=list(ADOPTION)).astype(dict(ADOPTION))


def owners(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = False,
    limit: int = 20,
) -> pd.DataFrame:
    """Owners by the volume of the period, the heaviest first, quiet ones left out.

    Columns: owner (e-mail domain and short id), demos (all), active_demos, conversations,
    messages, events. Raises: NotAllowedError.
    """
    _product_team_only(conn)
    talks = counts.talks(period, demo_id, include_test, by_demo=True)
    words = _messages(period, demo_id, include_test)
    hooks = _events(period, demo_id)
    named = _labels()
    conversed, said, told = (func.coalesce(func.sum(t.c.n), 0) for t in (talks, words, hooks))
    statement = (
        select(
            named.c.label.label("owner"),
            func.count().label("demos"),
            func.count().filter(talks.c.n > 0).label("active_demos"),
            conversed.label("conversations"),
            said.label("messages"),
            told.label("events"),
        )
        .select_from(demos.join(named, named.c.user_id == demos.c.user_id))
        .outerjoin(talks, talks.c.demo_id == demos.c.id)
        .outerjoin(words, words.c.demo_id == demos.c.id)
        .outerjoin(hooks, hooks.c.demo_id == demos.c.id)
        .group_by(named.c.label)
        .having(conversed + said + told > 0)
        .order_by(conversed.desc(), said.desc(), named.c.label)
        .limit(limit)
    )
    return read_frame(conn, statement, OWNERS)


def conflicts(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """Demos for which deliveries were refused, repeated or contradicted, most conflicts first.

    Columns: owner, demo_id (missing for deliveries of no demo), conflicts, refused, duplicates,
    last_at (the last quarter of an hour that had any). Raises: NotAllowedError.
    """
    _product_team_only(conn)
    named = _labels()
    sums = {n: func.sum(deliveries.c[n]) for n in ("conflicts", "refused", "duplicates")}
    statement = (
        select(
            func.coalesce(named.c.label, NOBODY).label("owner"),
            deliveries.c.demo_id,
            *(total.label(name) for name, total in sums.items()),
            func.max(deliveries.c.bucket).label("last_at"),
        )
        .select_from(deliveries.outerjoin(demos, demos.c.id == deliveries.c.demo_id))
        .outerjoin(named, named.c.user_id == demos.c.user_id)
        .where(
            within(deliveries.c.bucket, period),
            *([deliveries.c.demo_id == demo_id] if demo_id else []),
        )
        .group_by(named.c.label, deliveries.c.demo_id)
        .order_by(sums["conflicts"].desc(), sums["refused"].desc(), "owner", deliveries.c.demo_id)
    )
    return read_frame(conn, statement, CONFLICTS)


def _product_team_only(conn: Connection) -> None:
    """Raises: NotAllowedError for anybody else."""
    conn.execute(select(func.insights.product_only()))


def _messages(period: Period, demo_id: UUID | None, include_test: bool) -> Subquery:
    said = counts.messages(period, demo_id, include_test, by_demo=True)
    return select(said.c.demo_id, (said.c.n_user + said.c.n_assistant).label("n")).subquery()


def _events(period: Period, demo_id: UUID | None) -> Subquery:
    told = counts.events_of(period, demo_id)
    counted = select(told.c.demo_id, func.sum(told.c.n).label("n"))
    return counted.group_by(told.c.demo_id).subquery()


def _labels() -> Any:
    return (
        func.insights.owner_labels()
        .table_valued(column("user_id", Uuid), column("label"))
        .render_derived(name="named")
    )
