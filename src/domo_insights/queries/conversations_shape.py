"""Questions about the shape of conversations: when they start, how far they go, how they end."""

from typing import Final
from uuid import UUID

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from domo_insights.database.frames import Columns
from domo_insights.period import Grain, Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import NUMBER
from domo_insights.queries.counts import total
from domo_insights.queries.packed import Spread, percentiles, spreads

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
    days = period.buckets(Grain.DAY)
    (found,) = spreads(conn, ["hour"], period, demo_id, include_test, days)
    weekdays = np.array([days[number - 1].label.weekday() for number in found.keys[NUMBER]], int)
    started = np.bincount(weekdays[found.place] * 24 + found.value, found.n, 7 * 24)
    weekday, hour = np.divmod(np.arange(7 * 24), 24)
    frame = pd.DataFrame({"weekday": weekday, "hour": hour, "conversations": started})
    return frame.astype(dict(STARTS))


def reach(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How many of the period's conversations come to their 1st, 2nd, 3rd, 5th and 10th turn.

    Columns: turn, reached (conversations with at least so many user messages), conversations
    (all of the period), reach (their share).
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    talks = counts.talks(period, demo_id, include_test)
    reached = [total(talks.c[f"reach_{n}"]).label(f"n{n}") for n in TURNS]
    count, *found = conn.execute(select(total(talks.c.n).label("all"), *reached)).one()
    frame = pd.DataFrame({"turn": TURNS, "reached": found, "conversations": count})
    frame["reach"] = frame["reached"] / count if count else float("nan")
    return frame.astype(dict(REACH))


def lengths(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How long conversations are, in user and assistant messages, by bins.

    Columns: from_value, to_value (included; missing for the last bin), conversations.
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    (spread,) = spreads(conn, ["length"], period, demo_id, include_test)
    return _binned(spread, LENGTH_STEPS, last=1)


def durations(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How long conversations take, in whole seconds, by bins; unknown durations are left out.

    Columns: from_value, to_value (not included; missing for the last bin), conversations.
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    (spread,) = spreads(conn, ["duration"], period, demo_id, include_test)
    return _binned(spread, DURATION_STEPS, last=0)


def ends(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How conversations end, the most frequent way first.

    Columns: end_reason (as the sender of the shutdown names it; missing without one),
    conversations, share (of all of the period), median_length, negative_messages.
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    lengths, negative = spreads(conn, ["end", "end_negative"], period, demo_id, include_test)
    found = percentiles(lengths, {"median_length": 0.5}, ["label"])
    unhappy = negative.sums(negative.value * negative.n, "label")
    frame = pd.DataFrame(
        [
            (reason, count, found["median_length"][reason,], unhappy.get(reason, 0))
            for (reason,), count in found["total"].items()
        ],
        columns=["end_reason", "conversations", "median_length", "negative_messages"],
    )
    frame["share"] = frame["conversations"] / frame["conversations"].sum()
    frame = frame.sort_values("end_reason", na_position="last", kind="stable")
    frame = frame.sort_values("conversations", ascending=False, kind="stable", ignore_index=True)
    return frame[list(ENDS)].astype(dict(ENDS))


def _binned(spread: Spread, steps: tuple[int, ...], *, last: int) -> pd.DataFrame:
    number = np.maximum(np.searchsorted(steps, spread.value, side="right"), 1)
    counted = np.bincount(number - 1, spread.n, len(steps))
    ends_at = [*(step - last for step in steps[1:]), None]
    frame = pd.DataFrame({"from_value": steps, "to_value": ends_at, "conversations": counted})
    return frame.astype(dict(_BINS))
