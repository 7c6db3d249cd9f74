"""The conversations behind a mark of a chart."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import ColumnElement, Connection, and_, extract, func, select, true

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversations
from domo_insights.period import Period
from domo_insights.queries.scope import IS_ACTIVE, LENGTH, started_in
from domo_insights.queries.selection import Selection

COUNT: Final[Columns] = {"conversations": "int64"}


@dataclass(frozen=True, slots=True)
class ConversationMark(Selection):
    """What a mark stands for; what is None does not narrow.

    `weekday` (0 is Monday) and `hour` are the wall's where the period is; `turns` are the visitor
    messages that were reached; lengths are messages, both ends included; of durations, in
    seconds, `seconds_to` is not; `ended` '' is an end without a reason; `active` 1 are the active
    ones, 0 the others.
    """

    weekday: int | None = None
    hour: int | None = None
    turns: int | None = None
    length_from: int | None = None
    length_to: int | None = None
    seconds_from: int | None = None
    seconds_to: int | None = None
    ended: str | None = None
    active: int | None = None

    def condition(self, period: Period) -> ColumnElement[bool]:
        """What holds for the conversations behind it."""
        start = func.timezone(period.zone, conversations.c.started_at)
        seconds, reason = conversations.c.duration_seconds, conversations.c.end_reason
        holds: dict[str, Callable[[Any], ColumnElement[bool]]] = {
            "weekday": lambda day: extract("isodow", start) == day + 1,
            "hour": lambda hour: extract("hour", start) == hour,
            "turns": lambda least: conversations.c.n_user >= least,
            "length_from": lambda least: least <= LENGTH,
            "length_to": lambda most: most >= LENGTH,
            "seconds_from": lambda least: seconds >= least,
            "seconds_to": lambda end: seconds < end,
            "ended": lambda name: reason == name if name else reason.is_(None),
            "active": lambda wanted: IS_ACTIVE if wanted else ~IS_ACTIVE,
        }
        said = {name: getattr(self, name) for name in holds}
        found = [holds[name](value) for name, value in said.items() if value is not None]
        return and_(true(), *found)


EVERY: Final = ConversationMark()


def count(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = False,
    mark: ConversationMark = EVERY,
) -> pd.DataFrame:
    """How many conversations of the period are behind `mark`, in one row: conversations.

    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    statement = select(func.count().label("conversations")).where(
        started_in(period, demo_id, include_test), mark.condition(period)
    )
    return read_frame(conn, statement, COUNT)
