"""A demo's vectors in batches, and what is nearest to many questions at once.

For a question at a time there is `knowledge.search`; with a thousand of them it is quicker to read
each vector once. Exact: every chunk is compared with every question.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, LargeBinary, cast, func, literal, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.types import Text

from domo_insights.database.tables_knowledge import searched as chunks
from domo_insights.embedding import Vectors, dimensions_of

_BATCH: Final = 1_000
_HEADER: Final = 4
"""Bytes before the numbers in what `vector_send` writes: two counts of 16 bits."""
Ids = list[UUID]


@dataclass(frozen=True, slots=True)
class Nearest:
    """For each question, in their order: the nearest chunks, best first, their similarities, and
    that of the nearest of the chunks it was expected to find (NaN without any)."""

    found: list[Ids]
    similarities: list[list[float]]
    expected: list[float]


def batches(conn: Connection, demo_id: UUID, model: str) -> Iterator[tuple[Ids, Vectors]]:
    """Ids and vectors (of length 1) of the chunks that `model` embedded, by id.

    A row is as wide as the model's own vectors. Raises: DatabaseError; NotAllowedError for the
    product team.
    """
    width, after = dimensions_of(model), None
    sent = func.vector_send(func.subvector(chunks.c.vector_embedding, 1, width), type_=LargeBinary)
    while True:
        statement = (
            select(chunks.c.id, sent.label("sent"))
            .where(
                chunks.c.demo_id == demo_id,
                chunks.c.embedding_model == model,
                chunks.c.id > after if after else true(),
            )
            .order_by(chunks.c.id)
            .limit(_BATCH)
        )
        rows = conn.execute(statement).all()
        if not rows:
            return
        after = rows[-1].id
        numbers = b"".join(bytes(row.sent)[_HEADER:] for row in rows)
        matrix = np.frombuffer(numbers, ">f4").reshape(len(rows), width).astype(np.float32)
        lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
        yield [row.id for row in rows], matrix / np.maximum(lengths, 1e-12)
        if len(rows) < _BATCH:
            return


def fingerprint(conn: Connection, demo_id: UUID) -> str:
    """Of what a demo knows now: other when a chunk came, went, changed its words or its model.

    Raises: as `batches`.
    """
    parts = [
        func.coalesce(cast(chunks.c[name], Text), "")
        for name in ("id", "content", "question", "answer", "embedding_model")
    ]
    row = func.encode(func.sha256(func.convert_to(func.concat_ws("\x1f", *parts), "UTF8")), "hex")
    rows = func.string_agg(row, aggregate_order_by(literal("", Text), chunks.c.id))
    whole = func.encode(func.sha256(func.convert_to(func.coalesce(rows, ""), "UTF8")), "hex")
    statement = select(whole).where(chunks.c.demo_id == demo_id)
    return str(conn.execute(statement).scalar_one())


def nearest(
    conn: Connection,
    demo_id: UUID,
    model: str,
    vectors: Vectors,
    keep: int = 5,
    expected: Sequence[set[UUID]] = (),
    progress: Callable[[int], None] | None = None,
) -> Nearest:
    """The `keep` nearest chunks of each of `vectors` (of length 1, embedded by `model`).

    expected: chunks by question; `progress` is told how many chunks were just compared.
    Raises: as `batches`.
    """
    count = len(vectors)
    asked = vectors[:, : dimensions_of(model)]
    best = np.full((count, keep), -np.inf, np.float32)
    ids: NDArray[np.object_] = np.full((count, keep), None, object)
    wanted = np.full(count, np.nan)
    waiting: dict[UUID, list[int]] = {}
    for row, some in enumerate(expected):
        for chunk_id in some:
            waiting.setdefault(chunk_id, []).append(row)
    for names, matrix in batches(conn, demo_id, model):
        similar = asked @ matrix.T
        for column, name in enumerate(names):
            for row in waiting.get(name, ()):
                wanted[row] = np.fmax(wanted[row], similar[row, column])
        best, ids = _better(best, ids, similar, np.array(names, object), keep)
        if progress:
            progress(len(names))
    there = [[one for one in row if one is not None] for row in ids.tolist()]
    scores = [row[: len(some)] for row, some in zip(best.tolist(), there, strict=True)]
    return Nearest(there, scores, wanted.tolist())


def _better(
    best: NDArray[np.float32],
    ids: NDArray[np.object_],
    similar: NDArray[np.float32],
    names: NDArray[np.object_],
    keep: int,
) -> tuple[NDArray[np.float32], NDArray[np.object_]]:
    """The `keep` best of those known and those that just came; equal ones stay in their order."""
    some = min(keep, similar.shape[1])
    top = np.argpartition(-similar, some - 1, axis=1)[:, :some]
    both = np.hstack([best, np.take_along_axis(similar, top, axis=1)])
    named = np.hstack([ids, names[top]])
    order = np.argsort(-both, axis=1, kind="stable")[:, :keep]
    return np.take_along_axis(both, order, axis=1), np.take_along_axis(named, order, axis=1)
