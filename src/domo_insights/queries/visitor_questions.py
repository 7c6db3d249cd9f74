"""What visitors said in a period, with how each message went on: what a replay starts from."""

from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection, or_, select

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables_judged import judged_messages as judged
from domo_insights.period import Period
from domo_insights.queries.visitor_messages import said_in

SAID: Final[Columns] = {
    "conversation_id": "str",
    "occurred_at": "datetime64[us, UTC]",
    "content": "object",
    "unhappy": "bool",
}
UNHAPPY: Final = (
    "The visitor's next message is negative or says the same again, nobody answered, or the"
    " conversation ended with the question at least 30 s before its end."
)


def said(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """Every user message sent in the period that has words, oldest first.

    Columns: see SAID; unhappy as UNHAPPY says. The product team may not run it.
    Source: insights.judged_messages, dated by occurred_at. Raises: NotAllowedError, DatabaseError.
    """
    unhappy = or_(
        judged.c.next_negative, judged.c.repeated, judged.c.broke_off, judged.c.unanswered
    )
    statement = (
        select(
            judged.c.conversation_id,
            judged.c.occurred_at,
            judged.c.content,
            unhappy.label("unhappy"),
        )
        .where(said_in(period, demo_id, include_test, conn), judged.c.content.is_not(None))
        .order_by(judged.c.occurred_at, judged.c.seq, judged.c.id)
    )
    return read_frame(conn, statement, SAID)
