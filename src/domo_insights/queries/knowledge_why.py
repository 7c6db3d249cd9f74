"""Why a chunk is, or is not, among the answers."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Double,
    Subquery,
    cast,
    func,
    null,
    select,
)

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables_knowledge import searched as chunks
from domo_insights.queries.knowledge import Mode, Vector, candidates, passes, storable
from domo_insights.queries.knowledge_arms import DEPTH, near_by_words

STANDING: Final[Columns] = {
    "similarity": "float64",
    "vector_rank": "Int64",
    "text_rank": "Int64",
    "place": "Int64",
    "needed_k": "Int64",
    "compared": "int64",
}
_ALL: Final = 1_000_000


def explain(
    conn: Connection,
    demo_id: UUID,
    vector: Vector | None,
    text: str,
    mode: Mode | str,
    k: int,
    threshold: float | None,
    model: str | None,
    chunk_id: UUID,
) -> pd.DataFrame:
    """How one chunk stands to a question, in one row; none when the demo has no such chunk.

    Columns:
        similarity; vector_rank, text_rank: its place among all chunks, missing where the arm
            does not know it
        place: in the order of `mode` before the threshold; missing beyond the candidates
        needed_k: the smallest k that admits it at this threshold; missing when none does
        compared: chunks that can be compared by meaning
    Raises: DatabaseError.
    """
    mode, text = Mode(mode), storable(text)
    one = select(chunks).where(chunks.c.demo_id == demo_id, chunks.c.id == chunk_id).subquery("one")
    said = near_by_words(demo_id, text, _ALL).cte("all_words")
    ranked = candidates(conn, demo_id, vector, text, mode, model, depth=max(k, DEPTH))
    needed = func.row_number().over(order_by=ranked.c.place).label("needed_k")
    admitted = select(ranked.c.chunk_id, needed).where(passes(ranked, mode, threshold))
    kept = admitted.subquery("kept")
    similarity, vector_rank, compared = _by_meaning(one, demo_id, vector, model)
    statement = select(
        similarity,
        vector_rank,
        _held(said.c.text_rank, said.c.chunk_id == one.c.id),
        _held(ranked.c.place, ranked.c.chunk_id == one.c.id),
        _held(kept.c.needed_k, kept.c.chunk_id == one.c.id),
        compared,
    ).select_from(one)
    return read_frame(conn, statement, STANDING)


def _by_meaning(
    one: Subquery, demo_id: UUID, vector: Vector | None, model: str | None
) -> list[ColumnElement[Any]]:
    """similarity, vector_rank and compared of the chunk `one`."""
    if vector is None or model is None:
        return [
            cast(null(), Double).label("similarity"),
            cast(null(), BigInteger).label("vector_rank"),
            cast(0, BigInteger).label("compared"),
        ]
    others = (
        select(chunks)
        .where(chunks.c.demo_id == demo_id, chunks.c.embedding_model == model)
        .subquery("others")
    )
    distance = one.c.vector_embedding.cosine_distance(vector)
    nearer = select(func.count() + 1).select_from(others).where(
        others.c.vector_embedding.cosine_distance(vector) < distance
    ).correlate(one).scalar_subquery()  # fmt: skip
    is_known = one.c.embedding_model == model
    count = select(func.count()).select_from(others).scalar_subquery()
    return [
        select(1 - distance).where(is_known).scalar_subquery().label("similarity"),
        select(nearer).where(is_known).scalar_subquery().label("vector_rank"),
        count.label("compared"),
    ]


def _held(value: ColumnElement[Any], which: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(value).where(which).scalar_subquery().label(value.key)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chunk is among the answers, and why in sentences."""

    admitted: bool
    words: tuple[str, ...]


def verdict(standing: pd.DataFrame, mode: Mode, k: int, threshold: float) -> Verdict:
    """What `explain` found, in words: rank, score, distance to the cut, what would admit it."""
    row = standing.to_dict("records")[0]
    known: dict[str, Any] = {
        str(name): None if pd.isna(value) else value for name, value in row.items()
    }
    words = _arms(known, mode)
    needed, similarity, place = known["needed_k"], known["similarity"], known["place"]
    below = mode is not Mode.TEXT and similarity is not None and similarity < threshold
    if needed is not None and needed <= k:
        return Verdict(True, (f"It is answer number {needed}.", *words))
    if place is None:
        words.append(
            f"Only the first {DEPTH} of each way of searching take part, and it is in neither: no"
            " k admits it. Other words in its question would."
        )
        return Verdict(False, ("It is not a candidate.", *words))
    if below:
        words.append(
            f"Its similarity is {threshold - similarity:.3f} below the threshold of {threshold:g}."
            f" A threshold of {_floor(similarity):.2f} or lower lets it through"
            + (f", with k of at least {place}." if place > k else ".")
        )
        return Verdict(False, ("It is below the threshold.", *words))
    words.append(f"It comes at place {needed}: the smallest k that admits it is {needed}.")
    return Verdict(False, ("Others come before it.", *words))


def _arms(known: dict[str, Any], mode: Mode) -> list[str]:
    words = []
    if mode is not Mode.TEXT:
        if known["vector_rank"] is None:
            words.append("It has no embedding by the model of the question.")
        else:
            words.append(
                f"By meaning: similarity {known['similarity']:.3f}, number"
                f" {known['vector_rank']:,} of {known['compared']:,}."
            )
    if mode is not Mode.VECTOR:
        rank = known["text_rank"]
        words.append(
            "By words: it has none of the question's." if rank is None
            else f"By words: number {rank:,}."
        )  # fmt: skip
    return words


def _floor(value: object) -> float:
    """Two digits that are no higher than `value`."""
    return float(int((float(str(value)) + 1) * 100) / 100 - 1)
