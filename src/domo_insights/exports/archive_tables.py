"""What an archive holds: every table with rows of an owner, in an order to put them back in."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, and_, func, or_, true

from domo_insights.database import tables as platform
from domo_insights.database.tables_counts import (
    conversation_rollups,
    event_days,
    event_hours,
    intent_days,
    message_days,
    message_hours,
)
from domo_insights.database.tables_detail import detail_kept
from domo_insights.database.tables_evaluation import (
    evaluation_answers,
    evaluation_runs,
    question_sets,
    replay_runs,
    replayed_questions,
    set_questions,
)
from domo_insights.database.tables_kept import reviews, saved_views

VECTORS: Final = ("vector_embedding", "embedding_model")
"""A model's name without its vector would say nothing."""


@dataclass(frozen=True, slots=True)
class Part:
    """One table of an archive.

    order: columns that put its rows into one order, so that archives of the same rows are equal.
    demo: the column that says whose demo it is; None: rows of the owner alone.
    users: columns that name a user; in another database that is somebody else.
    conversation: the column with the id of a conversation.
    may_be_there: rows that outlive a demo, and may be in the database when it comes back.
    only: which rows; None: all of them.
    """

    table: Table
    order: tuple[str, ...]
    demo: str | None = "demo_id"
    users: tuple[str, ...] = ()
    conversation: str | None = None
    may_be_there: bool = False
    only: ColumnElement[bool] | None = None
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.table.name)

    def columns(self, *, vectors: bool) -> list[Column[object]]:
        """What is written of each row."""
        return [c for c in self.table.c if vectors or c.name not in VECTORS]

    def rows_of(self, demo_id: UUID | None) -> ColumnElement[bool]:
        """Which rows: one demo's, or all that the viewer may see."""
        chosen = true() if self.only is None else self.only
        if demo_id is None or self.demo is None:
            return chosen if demo_id is None else or_(False)
        return and_(chosen, self.table.c[self.demo] == demo_id)


def _uncountable(table: Table, moment: str) -> Part:
    """The counts of a table for days whose rows are no longer all there. Other days are counted
    again where the archive is put in."""
    day = func.date_trunc("day", table.c[moment], "UTC")
    gone = func.coalesce(day < func.insights.detail_since(table.c.demo_id), False)
    return Part(table, tuple(c.name for c in table.primary_key), only=gone)


PARTS: Final = (
    Part(platform.demos, ("created_at", "id"), "id", ("user_id",), "tavus_conversation_id"),
    Part(platform.demo_videos, ("demo_id", "order_index", "id")),
    Part(platform.knowledge_chunks, ("demo_id", "created_at", "id")),
    Part(platform.custom_objectives, ("demo_id", "created_at", "id")),
    Part(platform.conversation_map, ("conversation_id",), conversation="conversation_id"),
    Part(platform.conversation_details, ("demo_id", "id"), conversation="tavus_conversation_id"),
    Part(
        platform.processed_webhook_events,
        ("processed_at", "id"),
        conversation="conversation_id",
    ),
    Part(
        platform.conversation_messages,
        ("conversation_id", "occurred_at", "seq", "id"),
        conversation="conversation_id",
    ),
    Part(platform.delivery_counts, ("demo_id", "bucket")),
    Part(detail_kept, ("demo_id",)),
    Part(
        conversation_rollups,
        ("demo_id", "conversation_id"),
        only=conversation_rollups.c.conversation_id.like("gone-%"),
    ),
    _uncountable(message_hours, "hour"),
    _uncountable(message_days, "hour"),
    _uncountable(intent_days, "day"),
    _uncountable(event_hours, "hour"),
    _uncountable(event_days, "since"),
    Part(reviews, ("demo_id", "conversation_id"), users=("by",), conversation="conversation_id"),
    Part(question_sets, ("demo_id", "created_at", "id"), users=("made_by",)),
    Part(set_questions, ("set_id", "number")),
    Part(evaluation_runs, ("demo_id", "ran_at", "id"), users=("ran_by",)),
    Part(evaluation_answers, ("run_id", "number")),
    Part(replay_runs, ("demo_id", "ran_at", "id"), users=("ran_by",)),
    Part(replayed_questions, ("run_id", "number")),
    Part(saved_views, ("name",), None, ("user_id",), may_be_there=True),
    Part(platform.audit_logs, ("created_at", "id"), users=("user_id",), may_be_there=True),
)
