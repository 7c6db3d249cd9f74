"""Saying which model made vectors that are stored without a name: the platform's own.

A name is believed only after a sample agrees: some chunks are embedded by that model and held
against what is stored. Vectors of two models are nearly at right angles, so a wrong name cannot
pass.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update

from domo_insights.actions.knowledge_embedding import Transaction
from domo_insights.database.tables import audit_logs, embedding_models
from domo_insights.database.tables import knowledge_chunks as chunks
from domo_insights.embedding import Embedder, chunk_text
from domo_insights.errors import DomoInsightsError

SAMPLE: Final = 20
ALIKE: Final = 0.98
"""Cosine of two vectors of one text by one model: not always 1, for services round."""
_AGREE: Final = 0.8
"""The part of the sample that must; a chunk may have been edited under its vector long ago."""


@dataclass(frozen=True, slots=True)
class Declared:
    """How many chunks got the name; `left` have a text that was edited since, and are embedded
    again by `embed`."""

    named: int
    left: int


def declare(transaction: Transaction, embedder: Embedder, demo_id: UUID | None = None) -> Declared:
    """Give chunks that have a vector and no model the name of `embedder`, if a sample agrees.

    Without `demo_id` vectors that come later without a name get it as well. All or nothing.
    Raises: DomoInsightsError when the sample does not agree, EmbeddingError, ConfigError,
    DatabaseError.
    """
    with transaction() as conn:
        sample = conn.execute(_sample(demo_id)).all()
    if sample:
        _check(embedder, sample)
    with transaction() as conn:
        named = conn.execute(
            update(chunks)
            .where(_unnamed(demo_id), ~_edited())
            .values(embedding_model=embedder.name)
        ).rowcount
        if demo_id is None and sample:
            everything = update(embedding_models)
            conn.execute(everything.values(unlabelled=False))
            mine = everything.where(embedding_models.c.name == embedder.name)
            conn.execute(mine.values(unlabelled=True))
        left = conn.execute(
            select(func.count()).select_from(chunks).where(_unnamed(demo_id))
        ).scalar_one()
    return Declared(named, left)


def _check(embedder: Embedder, sample: Any) -> None:
    """Raises: DomoInsightsError."""
    best = []
    for row in sample:
        parts = {chunk_text(row.content, row.question, row.answer), row.content, row.question,
                 row.answer, f"{row.question} {row.answer}"}  # fmt: skip
        vectors = embedder.embed(sorted(part for part in parts if part and part.strip()))
        stored = np.asarray(row.vector_embedding, np.float32)
        length = float(np.linalg.norm(stored)) or 1.0
        best.append(float((vectors @ stored).max()) / length)
    agree = sum(one >= ALIKE for one in best)
    if agree < _AGREE * len(best):
        raise DomoInsightsError(
            f"These vectors were not made by {embedder.name}: of {len(best)} chunks looked at,"
            f" {agree} agree (the middle similarity is {float(np.median(best)):.2f}). Nothing was"
            " changed.",
            hint="Declare another model, or make new vectors with `domo-insights embed`.",
        )


def _sample(demo_id: UUID | None) -> Select[Any]:
    return (
        select(chunks.c.content, chunks.c.question, chunks.c.answer, chunks.c.vector_embedding)
        .where(_unnamed(demo_id), ~_edited())
        .order_by(chunks.c.id)
        .limit(SAMPLE)
    )


def _unnamed(demo_id: UUID | None) -> ColumnElement[bool]:
    bare = and_(chunks.c.vector_embedding.is_not(None), chunks.c.embedding_model.is_(None))
    return and_(bare, chunks.c.demo_id == demo_id) if demo_id else bare


def _edited() -> ColumnElement[bool]:
    """Whether the log knows of another text: the vector may be that of the old one."""
    old, new = audit_logs.c.old_values, audit_logs.c.new_values
    changed = [
        old[name].astext.is_distinct_from(new[name].astext)
        for name in ("content", "question", "answer")
    ]
    return exists(audit_logs.c.id).where(
        audit_logs.c.table_name == chunks.name,
        audit_logs.c.action == "update",
        audit_logs.c.record_id == chunks.c.id,
        or_(*changed),
    )
