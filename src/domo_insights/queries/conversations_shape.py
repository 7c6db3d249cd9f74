"""Questions about the shape of conversations: when they start, how far they go, how they end."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Integer,
    cast,
    extract,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversations
from domo_insights.period import Period
from domo_insights.queries.scope import LENGTH, started_in

TURNS: Final = (1, 2, 3, 5, 10)
LENGTH_STEPS: Final = (0, 1, 2, 4, 6, 8, 11, 16, 21, 31)
"""Where each bin of lengths starts, in messages; the last one has no end."""
DURATION_STEPS: Final = (0, 15, 30, 60, 120, 180, 300, 600, 1200)
"""Where each bin of durations starts, in seconds; the last one has no end."""

STARTS: Final[Columns] = {"weekday": "int32", "hour": "int32", "conversations": "int64"}
REACH: Final[Columns] = {
    "turn": "int32",
    "reached": "int64",
    "conversations": "int64",
    "reach": "float64",
}
_BINS: Final[Columns] = {
    "from_value": "int32",
    "to_value": "Int32",
    "conversations": "int64",
}
LENGTHS: Final[Columns] = _BINS
DURATIONS: Final[Columns] = _BINS
ENDS: Final[Columns] = {
    "end_reason": "object",
    "conversations": "int64",
    "share": "float64",
    "median_length": "float64",
    "negative_messages": "int64",
}


def starts(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """When conversations start: columns weekday (0 is Monday), hour (0 to 23), conversations.

    168 rows, by the clock on the wall: the hour that a clock change repeats is one hour here.
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    wall = func.timezone(period.zone, conversations.c.started_at)
    slot = cast(
        (extract("isodow", wall) - 1) * 24 + extract("hour", wall), Integer
    ).label("slot")  # fmt: skip
    statement = (
        select(slot, func.count().label("conversations"))
        .where(started_in(period, demo_id, include_test))
        .group_by(slot)
    )
    found = read_frame(conn, statement, {"slot": "int64", "conversations": "int64"})
    counts = found.set_index("slot")["conversations"].reindex(range(168), fill_value=0)
    frame = pd.DataFrame(
        {"weekday": counts.index // 24, "hour": counts.index % 24, "conversations": counts.array}
    )
    return frame.astype(dict(STARTS))


def reach(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How many of the period's conversations come to their 1st, 2nd, 3rd, 5th and 10th turn.

    Columns: turn, reached (conversations with at least so many user messages), conversations
    (all of the period), reach (their share).
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    reached = [func.count().filter(conversations.c.n_user >= n).label(f"n{n}") for n in TURNS]
    statement = select(func.count().label("all"), *reached).where(
        started_in(period, demo_id, include_test)
    )
    row = conn.execute(statement).one()
    total, *counts = (int(value) for value in row)
    frame = pd.DataFrame({"turn": TURNS, "reached": counts})
    frame["conversations"] = total
    frame["reach"] = frame["reached"] / total if total else float("nan")
    return frame.astype(dict(REACH))


def lengths(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How long conversations are, in user and assistant messages, by bins.

    Columns: from_value, to_value (included; missing for the last bin), conversations.
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    return _binned(conn, LENGTH, LENGTH_STEPS, period, demo_id, include_test, last=1)


def durations(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How long conversations take, in whole seconds, by bins; unknown durations are left out.

    Columns: from_value, to_value (not included; missing for the last bin), conversations.
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    seconds = conversations.c.duration_seconds
    return _binned(conn, seconds, DURATION_STEPS, period, demo_id, include_test, last=0)


def ends(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How conversations end, the most frequent way first.

    Columns: end_reason (as the sender of the shutdown names it; missing without one),
    conversations, share (of all of the period), median_length, negative_messages.
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    count = func.count()
    statement = (
        select(
            conversations.c.end_reason,
            count.label("conversations"),
            (cast(count, Double) / func.sum(count).over()).label("share"),
            func.percentile_disc(0.5).within_group(LENGTH).label("median_length"),
            func.sum(conversations.c.n_negative).label("negative_messages"),
        )
        .where(started_in(period, demo_id, include_test))
        .group_by(conversations.c.end_reason)
        .order_by(count.desc(), conversations.c.end_reason)
    )
    return read_frame(conn, statement, ENDS)


def _binned(
    conn: Connection,
    value: ColumnElement[Any],
    steps: tuple[int, ...],
    period: Period,
    demo_id: UUID | None,
    include_test: bool,
    *,
    last: int,
) -> pd.DataFrame:
    bounds = literal(list(steps), ARRAY(Integer))
    number = func.greatest(func.width_bucket(value, bounds), 1).label("number")
    statement = (
        select(number, func.count().label("conversations"))
        .where(started_in(period, demo_id, include_test), value.is_not(None))
        .group_by(number)
    )
    found = read_frame(conn, statement, {"number": "int64", "conversations": "int64"})
    counts = found.set_index("number")["conversations"].reindex(
        range(1, len(steps) + 1), fill_value=0
    )
    ends_at = [*(step - last for step in steps[1:]), None]
    frame = pd.DataFrame({"from_value": steps, "to_value": ends_at, "conversations": counts.array})
    return frame.astype(dict(_BINS))
