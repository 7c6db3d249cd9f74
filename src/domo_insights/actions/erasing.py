"""What an owner may take out for good: a conversation, at the request of whoever had it."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, func, select

from domo_insights.errors import NotAllowedError


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows an erasure took out."""

    messages: int
    events: int


def erase(conn: Connection, conversation_id: str) -> Erased:
    """Take the conversation out of every table, in the viewer's name and for good.

    Raises: NotAllowedError when the viewer has no such conversation, DatabaseError.
    """
    counted = func.insights.erase_mine(conversation_id).table_valued(
        Column("messages", BigInteger), Column("events", BigInteger)
    )
    row = conn.execute(select(counted)).one_or_none()
    if row is None:
        raise NotAllowedError("You have no conversation with this id.", hint="Reload the page.")
    return Erased(row.messages, row.events)
