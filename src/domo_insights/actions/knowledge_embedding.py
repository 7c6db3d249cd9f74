"""Giving chunks the embeddings they lack, a few at a time.

A batch is read, embedded outside any transaction, and written at once, each vector only under the
very text it was made of. So it can be stopped at any moment, goes on where it was, and a text that
is edited in the meantime never gets the vector of its old words: the next round takes it.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Connection,
    bindparam,
    func,
    or_,
    select,
    true,
    update,
)

from domo_insights.database.tables import knowledge_chunks as chunks
from domo_insights.embedding import Embedder, chunk_text

BATCH: Final = 32
_ROUNDS: Final = 3
Transaction = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Embedded:
    """How it ended: `left` were edited again and again while they were embedded."""

    done: int
    left: int


def waiting(conn: Connection, model: str, demo_id: UUID | None = None) -> int:
    """How many chunks have no embedding by `model`."""
    statement = select(func.count()).select_from(chunks).where(*_lacking(model, demo_id))
    return conn.execute(statement).scalar_one()


def embed_missing(
    transaction: Transaction,
    embedder: Embedder,
    demo_id: UUID | None = None,
    progress: Callable[[int], None] | None = None,
) -> Embedded:
    """Embed every chunk whose embedding is missing or another model's.

    transaction: a door; entered anew for each step.
    progress: is told how many chunks the last batch brought.
    Raises: EmbeddingError, ConfigError, DatabaseError; what was done until then stays.
    """
    done = 0
    for _ in range(_ROUNDS):
        after: UUID | None = None
        while rows := _batch(transaction, embedder.name, demo_id, after):
            after = rows[-1].id
            written = _embed(transaction, embedder, rows)
            done += written
            if progress:
                progress(written)
        with transaction() as conn:
            left = waiting(conn, embedder.name, demo_id)
        if not left:
            break
    return Embedded(done, left)


def _lacking(model: str, demo_id: UUID | None) -> list[Any]:
    return [
        or_(chunks.c.embedding_model.is_distinct_from(model), chunks.c.vector_embedding.is_(None)),
        chunks.c.demo_id == demo_id if demo_id else true(),
    ]


def _batch(
    transaction: Transaction, model: str, demo_id: UUID | None, after: UUID | None
) -> Sequence[Any]:
    statement = (
        select(chunks.c.id, chunks.c.content, chunks.c.question, chunks.c.answer)
        .where(*_lacking(model, demo_id), chunks.c.id > after if after else true())
        .order_by(chunks.c.id)
        .limit(BATCH)
    )
    with transaction() as conn:
        return conn.execute(statement).all()


def _embed(transaction: Transaction, embedder: Embedder, rows: Sequence[Any]) -> int:
    vectors = embedder.embed([chunk_text(row.content, row.question, row.answer) for row in rows])
    unchanged = [
        chunks.c[name].is_not_distinct_from(bindparam(f"was_{name}", type_=chunks.c[name].type))
        for name in ("content", "question", "answer")
    ]
    statement = (
        update(chunks)
        .where(chunks.c.id == bindparam("chunk"), *unchanged)
        .values(vector_embedding=bindparam("vector"), embedding_model=embedder.name)
    )
    with transaction() as conn:
        return sum(
            conn.execute(
                statement,
                {
                    "chunk": row.id,
                    "vector": vector,
                    "was_content": row.content,
                    "was_question": row.question,
                    "was_answer": row.answer,
                },
            ).rowcount
            for row, vector in zip(rows, vectors, strict=True)
        )
