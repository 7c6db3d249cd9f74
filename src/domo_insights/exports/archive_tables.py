"""What an archive holds: every table with rows of an owner, in an order to put them back in."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, or_, true

from domo_insights.database import tables as platform
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
    """

    table: Table
    order: tuple[str, ...]
    demo: str | None = "demo_id"
    users: tuple[str, ...] = ()
    conversation: str | None = None
    may_be_there: bool = False
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.table.name)

    def columns(self, *, vectors: bool) -> list[Column[object]]:
        """What is written of each row."""
        return [c for c in self.table.c if vectors or c.name not in VECTORS]

    def rows_of(self, demo_id: UUID | None) -> ColumnElement[bool]:
        """Which rows: one demo's, or all that the viewer may see."""
        if demo_id is None or self.demo is None:
            return true() if demo_id is None else or_(False)
        return self.table.c[self.demo] == demo_id


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
