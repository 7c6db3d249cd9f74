"""Questions to a demo's knowledge: what there is of it, and which chunks answer."""

from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Subquery,
    cast,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import audit_logs, embedding_models
from domo_insights.database.tables_knowledge import searched as chunks
from domo_insights.queries.knowledge_arms import (
    DEPTH,
    fused,
    near_by_meaning,
    near_by_words,
    nothing_near,
)

Vector = NDArray[np.float32]


class Mode(StrEnum):
    """How chunks are found."""

    HYBRID = "hybrid"
    VECTOR = "vector"
    TEXT = "text"


FOUND: Final[Columns] = {
    "rank": "int64",
    "chunk_id": "object",
    "question": "object",
    "answer": "object",
    "content": "object",
    "source": "object",
    "created_at": "datetime64[us, UTC]",
    "updated_at": "datetime64[us, UTC]",
    "similarity": "float64",
    "vector_rank": "Int64",
    "text_rank": "Int64",
    "score": "float64",
    "matched": "object",
}
OVERVIEW: Final[Columns] = {"model": "object", "chunks": "int64", "threshold": "float64"}
CHUNKS: Final[Columns] = {
    "chunk_id": "object",
    "question": "object",
    "answer": "object",
    "content": "object",
    "source": "object",
    "updated_at": "datetime64[us, UTC]",
    "model": "object",
}
HISTORY: Final[Columns] = {
    "audit_id": "object",
    "action": "object",
    "chunk_id": "object",
    "question": "object",
    "happened_at": "datetime64[us, UTC]",
}


def overview(conn: Connection, demo_id: UUID | None = None) -> pd.DataFrame:
    """Chunks by the model of their embedding, the most frequent first.

    Columns: model (None: no embedding, or one that nobody knows the model of), chunks, threshold
    (the similarity from which a chunk of that model counts as a match). Raises: DatabaseError.
    """
    counted = (
        select(chunks.c.embedding_model, func.count().label("chunks"))
        .where(chunks.c.demo_id == demo_id if demo_id else true())
        .group_by(chunks.c.embedding_model)
        .subquery()
    )
    statement = (
        select(
            counted.c.embedding_model.label("model"), counted.c.chunks, embedding_models.c.threshold
        )
        .outerjoin(embedding_models, embedding_models.c.name == counted.c.embedding_model)
        .order_by(
            counted.c.embedding_model.is_(None), counted.c.chunks.desc(), counted.c.embedding_model
        )
    )
    return read_frame(conn, statement, OVERVIEW)


def search(
    conn: Connection,
    demo_id: UUID,
    vector: Vector | None,
    text: str,
    mode: Mode | str = Mode.HYBRID,
    k: int = 5,
    threshold: float | None = None,
    model: str | None = None,
) -> pd.DataFrame:
    """The best `k` chunks of the demo for a question, best first.

    vector: the question, embedded by `model`; only chunks of that model are compared with it.
        Without one, hybrid finds by words alone and vector finds nothing.
    threshold: the least similarity. Chunks that cannot have one (found by words, not embedded by
        `model`) stay; in text mode it does not apply.

    Columns:
        rank: 1..k; vector_rank, text_rank: place among the nearest of each arm, up to 50
        similarity: cosine, -1..1; score: what the order goes by, in hybrid reciprocal rank fusion
        matched: the chunk's own words that the question has too, lower case
        question, answer, content, source, created_at, updated_at: the chunk

    Raises: DatabaseError; NotAllowedError for the product team.
    """
    mode, text = Mode(mode), storable(text)
    ranked = candidates(conn, demo_id, vector, text, mode, model, depth=max(k, DEPTH))
    kept = select(ranked).where(passes(ranked, mode, threshold))
    best = kept.order_by(ranked.c.place).limit(max(k, 0)).subquery("best")
    statement = _with_texts(best, demo_id, text)
    names = {"id" if name == "chunk_id" else name: dtype for name, dtype in FOUND.items()}
    return read_frame(conn, statement, names).rename(columns={"id": "chunk_id"})


def storable(text: str) -> str:
    """`text` without what Postgres takes in no text: NUL and halves of surrogate pairs."""
    return text.replace("\0", " ").encode("utf-8", "ignore").decode()


def passes(ranked: CTE, mode: Mode, threshold: float | None) -> ColumnElement[bool]:
    """Which of `candidates` the threshold lets through: what has no similarity too."""
    if threshold is None or mode is Mode.TEXT:
        return true()
    return ranked.c.similarity.is_(None) | (ranked.c.similarity >= threshold)


def _with_texts(best: Subquery, demo_id: UUID, text: str) -> Select[Any]:
    body = func.concat_ws(" ", chunks.c.question, chunks.c.answer, chunks.c.content)
    return (
        select(
            cast(func.row_number().over(order_by=best.c.place), Integer).label("rank"),
            *(chunks.c[name] for name in ("id", "question", "answer", "content", "source")),
            chunks.c.created_at,
            chunks.c.updated_at,
            best.c.similarity,
            best.c.vector_rank,
            best.c.text_rank,
            best.c.score,
            cast(func.insights.matched_words(text, body), ARRAY(TEXT)).label("matched"),
        )
        .join(best, best.c.chunk_id == chunks.c.id)
        .where(chunks.c.demo_id == demo_id)
        .order_by(best.c.place)
    )


def candidates(
    conn: Connection,
    demo_id: UUID,
    vector: Vector | None,
    text: str,
    mode: Mode,
    model: str | None,
    depth: int = DEPTH,
) -> CTE:
    """What the arms of `mode` find, in its order: chunk_id, place, similarity, vector_rank,
    text_rank, score."""
    by_meaning = mode is not Mode.TEXT and vector is not None and model is not None
    by_words = mode is not Mode.VECTOR
    near = near_by_meaning(conn, demo_id, vector, model, depth) if by_meaning else nothing_near()
    words = near_by_words(demo_id, text, depth) if by_words else None
    return fused(near, words, demo_id, vector, model)


def listing(conn: Connection, demo_id: UUID) -> pd.DataFrame:
    """Every chunk of the demo, the one changed last first: columns of CHUNKS.

    The product team may not run it. Raises: NotAllowedError, DatabaseError.
    """
    statement = (
        select(
            chunks.c.id.label("chunk_id"),
            *(chunks.c[name] for name in ("question", "answer", "content", "source")),
            chunks.c.updated_at,
            chunks.c.embedding_model.label("model"),
        )
        .where(chunks.c.demo_id == demo_id)
        .order_by(chunks.c.updated_at.desc(), chunks.c.id)
    )
    return read_frame(conn, statement, CHUNKS)


def history(conn: Connection, demo_id: UUID, limit: int = 20) -> pd.DataFrame:
    """The demo's last changes of knowledge, newest first: columns of HISTORY.

    question: of the chunk, or the beginning of its content. The product team may not run it.
    Raises: NotAllowedError, DatabaseError.
    """
    values = func.coalesce(
        audit_logs.c.new_values, audit_logs.c.old_values, type_=audit_logs.c.new_values.type
    )
    words = func.coalesce(values["question"].astext, func.left(values["content"].astext, 120))
    statement = (
        select(
            audit_logs.c.id.label("audit_id"),
            audit_logs.c.action,
            audit_logs.c.record_id.label("chunk_id"),
            words.label("question"),
            audit_logs.c.created_at.label("happened_at"),
        )
        .where(
            audit_logs.c.demo_id == demo_id,
            audit_logs.c.table_name == chunks.name,
            audit_logs.c.action.in_(["insert", "update", "delete"]),
        )
        .order_by(audit_logs.c.created_at.desc(), audit_logs.c.id)
        .limit(limit)
    )
    return read_frame(conn, statement, HISTORY)
