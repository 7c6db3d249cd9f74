"""Questions about conversations: how many, how long, and which."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Uuid, any_, func, literal, select

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.database.tables import conversations, demos
from domo_insights.period import Grain, Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import (
    buckets_of,
    laid,
    number_or_whole,
    numbered,
    over_buckets,
    share_of,
    whole_of,
)
from domo_insights.queries.conversations_behind import EVERY, ConversationMark
from domo_insights.queries.counts import total
from domo_insights.queries.derived import derived
from domo_insights.queries.packed import by_number, spreads
from domo_insights.queries.scope import label_of, started_in

_MEASURES: Final[Columns] = {
    "conversations": "int64",
    "active": "int64",
    "active_share": "float64",
    "median_length": "float64",
    "median_duration": "float64",
    "known_durations": "int64",
}
KPIS: Final[Columns] = _MEASURES
OVER_TIME: Final[Columns] = {"bucket": "datetime64[us]", **_MEASURES}
MESSAGES_PER_DAY: Final[Columns] = {"day": "datetime64[us]", "role": "str", "messages": "int64"}
MESSAGE_VOLUME: Final[Columns] = {"bucket": "datetime64[us]", "role": "str", "messages": "int64"}
LISTING: Final[Columns] = {
    "conversation_id": "str",
    "demo_id": "object",
    "demo": "str",
    "started_at": "datetime64[us, UTC]",
    "duration_seconds": "Int64",
    "user_messages": "int64",
    "assistant_messages": "int64",
    "negative_messages": "int64",
    "end_reason": "object",
    "is_test": "bool",
}
TRANSCRIPT: Final[Columns] = {
    "role": "str",
    "content": "object",
    "occurred_at": "datetime64[us, UTC]",
    "has_time": "bool",
    "sentiment": "object",
    "intent": "object",
    "confidence": "float64",
}
_LISTED: Final = (
    conversations.c.conversation_id,
    conversations.c.demo_id,
    demos.c.name.label("demo"),
    conversations.c.started_at,
    conversations.c.duration_seconds,
    conversations.c.n_user.label("user_messages"),
    conversations.c.n_assistant.label("assistant_messages"),
    conversations.c.n_negative.label("negative_messages"),
    conversations.c.end_reason,
    conversations.c.is_test,
)
ROLES: Final = ("user", "assistant")
MEDIANS: Final = {"length": "median_length", "duration": "median_duration"}
"""What is measured of conversations, and the column of its median."""


def measured(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """What `kpis` and `over_time` are made of: the columns of the latter, the period first,
    without a `bucket`, then each bucket of it.

    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    given = period, demo_id, include_test, period.buckets()
    talks = counts.talks(*given)
    number, every = number_or_whole(talks.c.number)
    count, active = total(talks.c.n), total(talks.c.n_active)
    columns: dict[str, ColumnElement[Any]] = {
        "conversations": count,
        "active": active,
        "active_share": share_of(active, count),
        "known_durations": total(talks.c.n_timed),
    }
    statement = select(number, *(column.label(name) for name, column in columns.items()))
    counted = numbered(conn, statement.group_by(every), list(columns))
    for kind, spread in zip(MEDIANS, spreads(conn, list(MEDIANS), *given), strict=True):
        counted[MEDIANS[kind]] = by_number(spread, {"median": 0.5})["median"]
    return laid(counted, given[-1], OVER_TIME, with_whole=True)


@derived(measured)
def kpis(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The period's conversations in one row.

    Columns:
        conversations, active: counts
        active_share: fraction of 1, missing without conversations
        median_length: messages
        median_duration: seconds, within 2.5 %, over `known_durations` conversations

    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    return whole_of(frame)


@derived(measured)
def over_time(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    return buckets_of(frame)


def messages_per_day(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """Messages of each role on each local day: columns day, role (user, assistant), messages.

    Source: conversation_messages, dated by occurred_at. Raises: DatabaseError.
    """
    return _volume(conn, period, demo_id, include_test, Grain.DAY, MESSAGES_PER_DAY)


def message_volume(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """Messages of each role in each `bucket`: columns bucket, role (user, assistant), messages.

    Source: conversation_messages, dated by occurred_at. Raises: DatabaseError.
    """
    return _volume(conn, period, demo_id, include_test, None, MESSAGE_VOLUME)


def listing(
    conn: Connection,
    period: Period,
    demo_id: UUID | None = None,
    include_test: bool = False,
    limit: int | None = None,
    offset: int = 0,
    mark: ConversationMark = EVERY,
) -> pd.DataFrame:
    """The period's conversations, newest first, from `offset`, at most `limit` of them; those
    behind `mark`.

    Columns: see LISTING; the counts are whole conversations', duration and end reason are missing
    where unknown. No column holds a visitor's words.
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    chosen = [started_in(period, demo_id, include_test), mark.condition(period)]
    if limit is not None and mark == EVERY:
        chosen.append(_among_newest(period, demo_id, include_test, offset + limit))
    statement = (
        select(*_LISTED)
        .join(demos, demos.c.id == conversations.c.demo_id)
        .where(*chosen)
        .order_by(conversations.c.started_at.desc(), conversations.c.conversation_id)
        .limit(limit)
        .offset(offset)
    )
    return read_frame(conn, statement, LISTING)


def transcript(conn: Connection, conversation_id: str) -> pd.DataFrame:
    """Every message of one conversation, system ones too, in order; nothing if it is not seen.

    Columns: role, content, occurred_at, has_time (whether the message brought that time itself),
    sentiment and intent (trimmed, lower-cased), confidence (0 to 1).
    The product team may not run it. Raises: NotAllowedError, DatabaseError.
    """
    statement = (
        select(
            messages.c.role,
            messages.c.content,
            messages.c.occurred_at,
            messages.c.timestamp.is_not(None).label("has_time"),
            label_of(messages.c.sentiment),
            label_of(messages.c.intent),
            messages.c.confidence,
        )
        .where(messages.c.conversation_id == conversation_id)
        .order_by(messages.c.occurred_at, messages.c.seq, messages.c.id)
    )
    return read_frame(conn, statement, TRANSCRIPT)


def _among_newest(
    period: Period, demo_id: UUID | None, include_test: bool, most: int
) -> ColumnElement[bool]:
    ids = func.insights.newest_conversations(
        period.start, period.end, literal(demo_id, Uuid), include_test, most
    )
    # An array, so that it drives the index, however many are guessed.
    some = func.array(select(ids.column_valued("id")).scalar_subquery())
    return conversations.c.conversation_id == any_(some)


def _volume(
    conn: Connection,
    period: Period,
    demo_id: UUID | None,
    include_test: bool,
    grain: Grain | None,
    columns: Columns,
) -> pd.DataFrame:
    buckets, label = period.buckets(grain), next(iter(columns))
    said = counts.messages(period, demo_id, include_test, buckets)
    each = [total(said.c[f"n_{role}"]).label(role) for role in ROLES]
    statement = select(said.c.number, *each).group_by(said.c.number)
    wide = over_buckets(
        conn, statement, buckets, {label: columns[label]} | dict.fromkeys(ROLES, "int64")
    )
    wide["number"] = range(len(wide))
    long = wide.melt(["number", label], list(ROLES), "role", "messages")
    long = long.sort_values("number", kind="stable", ignore_index=True)
    return long[list(columns)].astype(dict(columns))
