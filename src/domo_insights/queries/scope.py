"""Which rows a question is about. Whose rows they may be is for the database to say."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, true

from domo_insights.database.tables import conversation_details as details
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.database.tables import conversations
from domo_insights.period import Period
from domo_insights.queries.buckets import within

Condition = ColumnElement[bool]

IS_USER = messages.c.role == "user"
COUNTS = messages.c.role.in_(["user", "assistant"])
"""System messages show in transcripts and never count."""

IS_ACTIVE = and_(conversations.c.n_user >= 2, conversations.c.n_assistant >= 1)
LENGTH = conversations.c.n_user + conversations.c.n_assistant

GONE: Final = "gone-"
"""How ids begin of conversations of which retention has left nothing but what was counted."""
ANONYMOUS: Final = "anonymous-"
"""How ids begin of conversations from which retention has taken the words."""


def label_of(column: ColumnElement[Any]) -> ColumnElement[str]:
    """A sentiment or an intent as it counts: trimmed, in lower case, missing when it is empty."""
    label: ColumnElement[str] = func.nullif(func.lower(func.btrim(column)), "")
    return label.label(column.key)


def is_left(conversation_id: ColumnElement[str]) -> Condition:
    """Conversations whose rows are still there, to be read."""
    return ~conversation_id.startswith(GONE)


def started_in(period: Period, demo_id: UUID | None, include_test: bool) -> Condition:
    """Conversations that started in `period`."""
    return and_(within(conversations.c.started_at, period), asked(demo_id, include_test))


def asked(demo_id: UUID | None, include_test: bool) -> Condition:
    """Conversations of the demo, the test ones only when asked for."""
    return and_(
        conversations.c.demo_id == demo_id if demo_id else true(),
        true() if include_test else ~conversations.c.is_test,
    )


def sent_in(period: Period, demo_id: UUID | None, include_test: bool) -> Condition:
    """Messages that count, sent in `period`."""
    return and_(
        within(messages.c.occurred_at, period),
        COUNTS,
        messages.c.demo_id == demo_id if demo_id else messages.c.demo_id.is_not(None),
        true() if include_test else ~_in_a_test(messages.c),
    )


def _in_a_test(row: Any) -> Condition:
    return exists(details.c.id).where(
        details.c.is_test,
        details.c.tavus_conversation_id == row.conversation_id,
        details.c.demo_id == row.demo_id,
    )
