"""What an owner may say about a conversation: that it was a test."""

from sqlalchemy import Connection, func, select

from domo_insights.errors import NotAllowedError


def mark_test(conn: Connection, conversation_id: str, is_test: bool) -> None:
    """Leave the conversation out of the numbers as a test, or count it again.

    Raises: NotAllowedError when the viewer has no such conversation, DatabaseError.
    """
    kept = conn.scalar(select(func.insights.mark_test(conversation_id, is_test)))
    if not kept:
        raise NotAllowedError("You have no conversation with this id.", hint="Reload the page.")
