"""Questions about hours in which no webhook came although some were to be expected."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection, Uuid, func, literal, select, true

from domo_insights.database.frames import Columns, frame_of
from domo_insights.database.tables import demos
from domo_insights.database.tables import processed_webhook_events as events
from domo_insights.database.tables_counts import event_hours
from domo_insights.database.tables_detail import detail_kept
from domo_insights.period import Bucket, Grain, Period
from domo_insights.queries.derived import derived
from domo_insights.queries.webhooks import IS_LIVE

KPIS: Final[Columns] = {"silent_hours": "float64", "judged_hours": "int64"}
OVER_TIME: Final[Columns] = {
    "bucket": "datetime64[us]",
    "silent_hours": "float64",
    "judged_hours": "int64",
}
HOURS: Final[Columns] = {
    "hour": "datetime64[us]",
    "judged": "bool",
    "silent": "bool",
    "usual": "int64",
}
WEEKS: Final = 4
ENOUGH_WEEKS: Final = 3
_WEEK: Final = timedelta(days=7)
_HOUR: Final = timedelta(hours=1)
_TICK: Final = timedelta(microseconds=1)
_QUARTER: Final = timedelta(minutes=15)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def hours(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """Each hour that begins in the period, is over, and is none before that of the first event.

    Columns:
        hour: its local start
        judged: whether events go back far enough to say what is usual
        usual: in how many of the 4 weeks before the same hour of the week had events
        silent: judged, without an event, and usual is at least 3

    Raises: DatabaseError.
    """
    first = _first(conn, demo_id)
    told = first and _told(period, first)
    whole = _whole(told) if told else ()
    if not first or not told or not whole:
        return frame_of({name: [] for name in HOURS}, HOURS)
    since = whole[0].start - WEEKS * _WEEK - timedelta(days=1)
    kept = _hours_are_those_of_utc(since, told)
    busy = _busy_hours(conn, told, demo_id, since, kept)
    history = _hour(first, period)
    if not kept and (deleted_before := _deleted_before(conn, demo_id)):
        # Kept hours are those of UTC: of hours that begin within one the rows alone can tell.
        history = max(history, _hour(deleted_before + _HOUR - _TICK, period))
    labels = list(dict.fromkeys(bucket.label for bucket in whole))
    weeks = [week * _WEEK for week in range(1, WEEKS + 1)]
    usual = [sum(label - back in busy for back in weeks) for label in labels]
    judged = [history <= label - WEEKS * _WEEK for label in labels]
    silent = [
        known and label not in busy and count >= ENOUGH_WEEKS
        for label, known, count in zip(labels, judged, usual, strict=True)
    ]
    return frame_of({"hour": labels, "judged": judged, "silent": silent, "usual": usual}, HOURS)


def _told(period: Period, first: datetime) -> Period | None:
    """The part of the period that events can tell of: there are hours enough in a century to keep
    everybody else waiting."""
    past = _local(first, period) - _hour(first, period)
    start, end = max(period.start, first - past), min(period.end, period.as_of)
    return replace(period, start=start, end=end) if start < end else None


@lru_cache(maxsize=64)
def _whole(period: Period) -> tuple[Bucket, ...]:
    """The hours that begin in the period and are over; kept as the buckets are."""
    return tuple(bucket for bucket in period.buckets(Grain.HOUR) if _is_over(bucket, period))


@derived(hours)
def kpis(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The period's hours in one row.

    Columns: silent_hours (missing when no hour could be judged), judged_hours.
    Source: processed_webhook_events received over HTTP, dated by processed_at.
    """
    judged, silent = int(frame["judged"].sum()), float(frame["silent"].sum())
    return pd.DataFrame(
        {"silent_hours": [silent if judged else None], "judged_hours": [judged]}
    ).astype(dict(KPIS))


@derived(hours)
def over_time(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket`, in which hours count where they begin."""
    labels = [bucket.label for bucket in period.buckets()]
    place = pd.Index(labels).searchsorted(frame["hour"], side="right") - 1
    counted = frame.groupby(place)[["silent", "judged"]].sum().reindex(range(len(labels)))
    judged = counted["judged"].fillna(0)
    silent = counted["silent"].where(judged > 0)
    return pd.DataFrame(
        {"bucket": labels, "silent_hours": silent.to_list(), "judged_hours": judged.to_list()}
    ).astype(dict(OVER_TIME))


def _is_over(bucket: Bucket, period: Period) -> bool:
    """Whether the bucket is an hour that begins in the period and is over."""
    begins = bucket.start.astimezone(period.tz).replace(tzinfo=None) == bucket.label
    local_end = bucket.end.astimezone(period.tz).replace(tzinfo=None)
    ends = local_end.replace(minute=0, second=0, microsecond=0) == local_end
    return begins and ends and bucket.end <= period.as_of


def _busy_hours(
    conn: Connection, period: Period, demo_id: UUID | None, since: datetime, kept: bool
) -> set[datetime]:
    """Local hours with an event from `since` on; those that are `kept`, or the rows'."""
    if kept:
        hours = func.insights.live_hours(since, period.end, literal(demo_id, Uuid))
        seen = conn.execute(select(hours.column_valued("hour"))).scalars()
    else:
        moment = func.date_bin(literal(_QUARTER), events.c.processed_at, literal(_EPOCH))
        seen = conn.execute(
            select(moment)
            .distinct()
            .where(
                events.c.demo_id == demo_id if demo_id else events.c.demo_id.is_not(None),
                IS_LIVE,
                events.c.processed_at >= since,
                events.c.processed_at < period.end,
            )
        ).scalars()
    return {_hour(moment, period) for moment in seen}


def _hours_are_those_of_utc(since: datetime, period: Period) -> bool:
    days = int((period.end - since) / timedelta(days=1)) + 2
    moments = (since + timedelta(days=n) for n in range(days))
    return all(
        (m.astimezone(period.tz).utcoffset() or _HOUR) % _HOUR == timedelta(0) for m in moments
    )


def _first(conn: Connection, demo_id: UUID | None) -> datetime | None:
    """When the very first event came: the first of each demo, and of these the first. Of what
    retention has taken the hour is still known."""
    own = (
        select(events.c.processed_at)
        .where(events.c.demo_id == demos.c.id, IS_LIVE)
        .order_by(events.c.processed_at)
        .limit(1)
        .correlate(demos)
        .scalar_subquery()
    )
    taken = (
        select(detail_kept.c.deleted_before)
        .where(detail_kept.c.demo_id == demos.c.id)
        .correlate(demos)
        .scalar_subquery()
    )
    gone = (
        select(event_hours.c.hour)
        .where(
            event_hours.c.demo_id == demos.c.id,
            event_hours.c.n_http > 0,
            # Compared, not joined: without one no hour is read.
            event_hours.c.hour < taken,
        )
        .order_by(event_hours.c.hour)
        .limit(1)
        .correlate(demos)
        .scalar_subquery()
    )
    chosen = (
        select(func.min(func.coalesce(gone, own)))
        .select_from(demos)
        .where(demos.c.id == demo_id if demo_id else true())
    )
    found: datetime | None = conn.scalar(chosen)
    return found


def _deleted_before(conn: Connection, demo_id: UUID | None) -> datetime | None:
    """From when on every demo has the rows that retention left."""
    chosen = select(func.max(detail_kept.c.deleted_before)).where(
        detail_kept.c.demo_id == demo_id if demo_id else true()
    )
    found: datetime | None = conn.scalar(chosen)
    return found


def _local(moment: datetime, period: Period) -> datetime:
    return moment.astimezone(period.tz).replace(tzinfo=None)


def _hour(moment: datetime, period: Period) -> datetime:
    return _local(moment, period).replace(minute=0, second=0, microsecond=0)
