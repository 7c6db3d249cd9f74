"""Questions about one conversation: what it was, and what happened beside the words."""

from typing import Final

import pandas as pd
from sqlalchemy import Connection, Text, cast, func, select

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversations, demos
from domo_insights.database.tables import processed_webhook_events as events

SUMMARY: Final[Columns] = {
    "conversation_id": "str",
    "demo_id": "object",
    "demo": "str",
    "started_at": "datetime64[us, UTC]",
    "ended_at": "datetime64[us, UTC]",
    "duration_seconds": "Int64",
    "end_reason": "object",
    "user_messages": "int64",
    "assistant_messages": "int64",
    "negative_messages": "int64",
    "is_test": "bool",
}
HAPPENINGS: Final[Columns] = {
    "event_type": "str",
    "occurred_at": "datetime64[us, UTC]",
    "name": "object",
    "detail": "object",
}
_SPOKEN: Final = ("conversation.utterance", "application.transcription_ready")


def summary(conn: Connection, conversation_id: str) -> pd.DataFrame:
    """One row about the conversation; none if it is not seen. Columns: see SUMMARY.

    Source: insights.conversations. Raises: DatabaseError.
    """
    statement = (
        select(
            conversations.c.conversation_id,
            conversations.c.demo_id,
            demos.c.name.label("demo"),
            conversations.c.started_at,
            conversations.c.ended_at,
            conversations.c.duration_seconds,
            conversations.c.end_reason,
            conversations.c.n_user.label("user_messages"),
            conversations.c.n_assistant.label("assistant_messages"),
            conversations.c.n_negative.label("negative_messages"),
            conversations.c.is_test,
        )
        .join(demos, demos.c.id == conversations.c.demo_id)
        .where(conversations.c.conversation_id == conversation_id)
    )
    return read_frame(conn, statement, SUMMARY)


def happenings(conn: Connection, conversation_id: str) -> pd.DataFrame:
    """What happened in a conversation beside its messages, in order: joining, tool calls,
    objectives, its end.

    Columns: event_type, occurred_at, name (of the tool or objective), detail (arguments, values
    or the reason of the end, as text). The product team may not run it.
    Source: processed_webhook_events. Raises: NotAllowedError, DatabaseError.
    """
    sent = func.coalesce(events.c.event_data["properties"], events.c.event_data["data"])
    name = func.coalesce(sent.op("->>")("name"), sent.op("->>")("objective_name"))
    detail = func.coalesce(
        sent.op("->>")("arguments"), sent.op("->>")("output_variables"), events.c.shutdown_reason
    )
    statement = (
        select(
            events.c.event_type,
            events.c.occurred_at,
            cast(name, Text).label("name"),
            cast(detail, Text).label("detail"),
        )
        .where(events.c.conversation_id == conversation_id, events.c.event_type.not_in(_SPOKEN))
        .order_by(events.c.occurred_at, events.c.id)
    )
    return read_frame(conn, statement, HAPPENINGS)
