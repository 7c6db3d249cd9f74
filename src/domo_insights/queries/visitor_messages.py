"""The visitors' messages behind a mark of a chart."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Numeric,
    Text,
    and_,
    any_,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.database.tables import demos
from domo_insights.database.tables_judged import judged_messages as judged
from domo_insights.period import Period
from domo_insights.queries.misses import judged_in
from domo_insights.queries.scope import IS_USER, sent_in
from domo_insights.queries.selection import Selection
from domo_insights.queries.turns import LAST

LISTING: Final[Columns] = {
    "message_id": "object",
    "conversation_id": "str",
    "demo_id": "object",
    "demo": "str",
    "occurred_at": "datetime64[us, UTC]",
    "turn": "int64",
    "content": "object",
    "sentiment": "object",
    "intent": "object",
    "confidence": "float64",
}


@dataclass(frozen=True, slots=True)
class Mark(Selection):
    """What a mark of a chart stands for; what is None does not narrow.

    `sentiment` '' is none at all; `step` is the tenth of confidence, of conversations that
    started in the period, and everything else is of messages sent in it.
    """

    demo_id: UUID | None = None
    sentiment: str | None = None
    intent: str | None = None
    turn: int | None = None
    step: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def condition(self) -> ColumnElement[bool]:
        """What holds for the messages behind it."""
        found: list[ColumnElement[bool]] = [true()]
        if self.demo_id is not None:
            found.append(judged.c.demo_id == self.demo_id)
        if self.sentiment is not None:
            named = judged.c.sentiment
            found.append(named == self.sentiment if self.sentiment else named.is_(None))
        if self.intent is not None:
            found.append(judged.c.intent == self.intent)
        if self.turn is not None:
            nth = judged.c.turn
            found.append(nth >= LAST if self.turn >= LAST else nth == self.turn)
        if self.step is not None:
            found.append(judged.c.confidence >= literal(self.step / 10, Numeric))
            if self.step < 9:
                found.append(judged.c.confidence < literal((self.step + 1) / 10, Numeric))
        if self.since is not None:
            found.append(judged.c.occurred_at >= self.since)
        if self.until is not None:
            found.append(judged.c.occurred_at < self.until)
        return and_(*found)


def listing(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = False,
    mark: Mark = Mark(),
    limit: int | None = 200,
) -> pd.DataFrame:
    """The user messages of the period behind `mark`, newest first, at most `limit`.

    Columns: see LISTING; turn is the message's number among the visitor's of its conversation.
    The product team may not run it. Raises: NotAllowedError, DatabaseError.
    """
    if mark.step is None:
        inside = said_in(period, demo_id, include_test, conn)
    else:
        inside = judged_in(period, demo_id, include_test)
    statement = (
        select(
            judged.c.id.label("message_id"),
            judged.c.conversation_id,
            judged.c.demo_id,
            demos.c.name.label("demo"),
            judged.c.occurred_at,
            judged.c.turn,
            judged.c.content,
            judged.c.sentiment,
            judged.c.intent,
            judged.c.confidence,
        )
        .join(demos, demos.c.id == judged.c.demo_id)
        .where(inside, mark.condition)
        .order_by(judged.c.occurred_at.desc(), judged.c.seq.desc(), judged.c.id)
        .limit(limit)
    )
    return read_frame(conn, statement, LISTING)


def said_in(
    period: Period, demo_id: UUID | None, include_test: bool, conn: Connection
) -> ColumnElement[bool]:
    """User messages of the view that were sent in `period`. Which conversations they are in is
    asked by itself, so that no plan judges the words of others first."""
    here = select(messages.c.conversation_id).where(sent_in(period, demo_id, include_test), IS_USER)
    talked = list(conn.execute(here.distinct()).scalars())
    return and_(
        judged.c.conversation_id == any_(literal(talked, ARRAY(Text()))),
        judged.c.occurred_at >= period.start,
        judged.c.occurred_at < period.end,
        judged.c.demo_id == demo_id if demo_id else true(),
    )
