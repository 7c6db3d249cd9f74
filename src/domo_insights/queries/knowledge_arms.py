"""The two ways of finding chunks, and how they become one order. SQL only; see the decision on
knowledge search for what was measured."""

from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pgvector.sqlalchemy import BIT
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Double,
    Select,
    Uuid,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    null,
    select,
)

from domo_insights.database.tables_knowledge import searched as chunks

DEPTH: Final = 50
"""How many of each arm take part."""
RRF: Final = 60
"""How flat reciprocal ranks are: 1 / (60 + rank)."""
EXACT_UP_TO: Final = 3_000
"""Chunks of a demo that are compared one by one; beyond, their signs are looked at first."""
RERANKED: Final = 400
RERANKED_NARROW: Final = 1_500
"""How many of those with the nearest signs are compared exactly: more where the model fills fewer
of the columns, for then fewer signs tell chunks apart."""

Vector = NDArray[np.float32]


def near_by_meaning(
    conn: Connection, demo_id: UUID, vector: Vector | None, model: str | None, depth: int
) -> CTE:
    """The nearest chunks that `model` embedded: chunk_id, similarity, vector_rank.

    Sorted by `distance + 0`, so that no approximate index is used: under a filter they lose
    matches.
    """
    asked = [chunks.c.demo_id == demo_id, chunks.c.embedding_model == model]
    count = conn.execute(select(func.count()).select_from(chunks).where(*asked)).scalar_one()
    looked_at: Any = select(chunks.c.id, chunks.c.vector_embedding).where(*asked)
    if count > EXACT_UP_TO and vector is not None:
        signs = cast(_signs(vector), BIT(len(vector)))
        looked_at = looked_at.order_by(chunks.c.search_bits.hamming_distance(signs), chunks.c.id)
        wide = np.count_nonzero(vector) > len(vector) // 2
        looked_at = looked_at.limit(max(RERANKED if wide else RERANKED_NARROW, 2 * depth))
    looked_at = looked_at.subquery("looked_at")
    distance = (looked_at.c.vector_embedding.cosine_distance(vector) + 0).label("distance")
    nearest = (
        select(looked_at.c.id, distance).order_by(distance, looked_at.c.id).limit(depth).subquery()
    )
    return select(
        nearest.c.id.label("chunk_id"),
        (1 - nearest.c.distance).label("similarity"),
        func.row_number().over(order_by=(nearest.c.distance, nearest.c.id)).label("vector_rank"),
    ).cte("near")


def nothing_near() -> CTE:
    """The same columns without rows."""
    return (
        select(
            cast(null(), Uuid).label("chunk_id"),
            cast(null(), Double).label("similarity"),
            cast(null(), BigInteger).label("vector_rank"),
        )
        .where(literal(False))
        .cte("near")
    )


def near_by_words(demo_id: UUID, text: str, depth: int) -> Select[Any]:
    """The chunks whose words match best: chunk_id, text_score, text_rank."""
    matched = func.insights.match_knowledge(demo_id, text, depth).table_valued(
        column("chunk_id", Uuid), column("text_score", Double), column("text_rank", BigInteger)
    )
    return select(matched.c.chunk_id, matched.c.text_score, matched.c.text_rank)


def fused(
    near: CTE, words: Select[Any] | None, demo_id: UUID, vector: Vector | None, model: str | None
) -> CTE:
    """Both arms in one order, by reciprocal ranks; one arm alone keeps its own order."""
    if words is None:
        return _meaning_alone(near)
    said = words.cte("said")
    chunk_id = func.coalesce(near.c.chunk_id, said.c.chunk_id, type_=Uuid())
    parts = [
        func.coalesce(1.0 / (RRF + rank), 0.0) for rank in (near.c.vector_rank, said.c.text_rank)
    ]
    score = (parts[0] + parts[1]).label("score")
    similarity: ColumnElement[Any] = near.c.similarity
    met = near.outerjoin(said, said.c.chunk_id == near.c.chunk_id, full=True)
    if vector is not None and model is not None:
        # What only its words brought up is compared as well: thresholds are about similarity.
        known = and_(chunks.c.id == said.c.chunk_id, chunks.c.demo_id == demo_id)
        met = met.outerjoin(chunks, and_(known, near.c.chunk_id.is_(None)))
        own = case(
            (
                chunks.c.embedding_model == model,
                1 - chunks.c.vector_embedding.cosine_distance(vector),
            )
        )
        similarity = func.coalesce(near.c.similarity, own, type_=Double())
    joined = select(
        chunk_id.label("chunk_id"),
        similarity.label("similarity"),
        near.c.vector_rank,
        said.c.text_rank,
        said.c.text_score,
        score,
    ).select_from(met)
    return _placed(joined.cte("joined"))


def _placed(joined: CTE) -> CTE:
    """The best score first; of equal ones what comes nearer to the best of its arms."""
    closeness = _of_the_best(joined.c.similarity) + _of_the_best(joined.c.text_score)
    compared = select(joined, closeness.label("closeness")).cte("compared")
    order = (compared.c.score.desc(), compared.c.closeness.desc(), compared.c.chunk_id)
    place = func.row_number().over(order_by=order).label("place")
    return select(compared, place).cte("ranked")


def _meaning_alone(near: CTE) -> CTE:
    return select(
        near.c.chunk_id,
        near.c.similarity,
        near.c.vector_rank,
        cast(null(), BigInteger).label("text_rank"),
        near.c.similarity.label("score"),
        near.c.vector_rank.label("place"),
    ).cte("ranked")


def _of_the_best(measure: ColumnElement[float]) -> ColumnElement[float]:
    """How near a chunk comes to the best of its arm. Ranks alone are often equal: first by one and
    second by the other against the reverse."""
    return func.coalesce(measure / func.greatest(func.max(measure).over(), 1e-9), 0.0)


def _signs(vector: Vector) -> str:
    """As `binary_quantize` has them."""
    return "".join("1" if value > 0 else "0" for value in vector)
