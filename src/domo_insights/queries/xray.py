"""What is wrong with a demo's knowledge: doubles, chunks that win for everything or for nothing,
embeddings that are missing or another model's, texts of an awkward length."""

from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Subquery,
    Uuid,
    and_,
    case,
    column,
    func,
    or_,
    select,
)

from domo_insights import ranking
from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables_evaluation import replay_runs, replayed_questions
from domo_insights.database.tables_knowledge import searched as chunks
from domo_insights.queries import knowledge, knowledge_answer, knowledge_vectors

DUPLICATES: Final[Columns] = {
    "similarity": "float64",
    "chunk_id": "object",
    "chunk": "object",
    "other_id": "object",
    "other": "object",
}
EMBEDDINGS: Final[Columns] = {"chunk_id": "object", "chunk": "object", "problem": "str"}
LENGTHS: Final[Columns] = {
    "chunk_id": "object",
    "chunk": "object",
    "characters": "int64",
    "problem": "str",
}
REACH: Final[Columns] = {
    "chunk_id": "object",
    "chunk": "object",
    "first": "int64",
    "first_share": "float64",
    "reached": "int64",
}
SHORTEST: Final = 20
LONGEST: Final = 1_000
"""Characters; the local model reads about so many and ignores the rest."""
SAME: Final = 0.95
_AT_ONCE: Final = 1_000

_NAME: Final[ColumnElement[Any]] = func.coalesce(
    func.nullif(func.btrim(chunks.c.question), ""), func.left(chunks.c.content, 160)
).label("chunk")


def duplicates(
    conn: Connection, demo_id: UUID, least: float = SAME, limit: int = 100
) -> pd.DataFrame:
    """Pairs of chunks that say nearly the same, the most similar first: columns of DUPLICATES.

    Every pair of the chunks that the demo's main model embedded is compared; `least` is the lowest
    cosine similarity, `limit` how many pairs at most. The product team may not run it.
    Raises: NotAllowedError, DatabaseError.
    """
    named = select(chunks.c.id, _NAME).where(chunks.c.demo_id == demo_id)
    names = {row.id: row.chunk for row in conn.execute(named)}
    known = knowledge_answer.knowledge_of(knowledge.overview(conn, demo_id))
    ids: list[UUID] = []
    parts = []
    for some, matrix in knowledge_vectors.batches(conn, demo_id, known.model or ""):
        ids += some
        parts.append(matrix)
    rows: list[tuple[float, UUID, str, UUID, str]] = []
    if parts:
        whole = np.concatenate(parts)
        for first in range(0, len(ids), _AT_ONCE):
            similar = whole[first : first + _AT_ONCE] @ whole[first:].T
            for a, b in np.argwhere(np.triu(similar >= least, k=1)):
                one, other = ids[first + a], ids[first + b]
                pair = (float(similar[a, b]), one, names.get(one, ""), other, names.get(other, ""))
                rows.append(pair)
            rows = sorted(rows, key=lambda row: -row[0])[:limit]
    return pd.DataFrame(rows, columns=list(DUPLICATES)).astype(dict(DUPLICATES))


def embeddings(conn: Connection, demo_id: UUID, model: str | None = None) -> pd.DataFrame:
    """Chunks that a search by meaning does not find, by `model`: columns of EMBEDDINGS.

    problem: missing; unknown (a vector, and nobody knows of which model: or its text was changed
    since); the name of another model. The product team may not run it.
    Raises: NotAllowedError, DatabaseError.
    """
    has = chunks.c.vector_embedding.is_not(None)
    problem = case(
        (~has, "missing"),
        (chunks.c.embedding_model.is_(None), "unknown"),
        else_=chunks.c.embedding_model,
    )
    foreign = chunks.c.embedding_model.is_distinct_from(model) if model else or_(
        chunks.c.embedding_model.is_(None), ~has
    )  # fmt: skip
    statement = (
        select(chunks.c.id.label("chunk_id"), _NAME, problem.label("problem"))
        .where(chunks.c.demo_id == demo_id, or_(~has, foreign))
        .order_by(problem, chunks.c.id)
    )
    return read_frame(conn, statement, EMBEDDINGS)


def lengths(conn: Connection, demo_id: UUID, longest: int = LONGEST) -> pd.DataFrame:
    """Chunks of under 20 or over `longest` characters, the longest first: columns of LENGTHS.

    characters: of what is embedded, question and answer where both are there, else the content.
    The product team may not run it. Raises: NotAllowedError, DatabaseError.
    """
    both = and_(func.btrim(chunks.c.question) != "", func.btrim(chunks.c.answer) != "")
    text = case(
        (both, func.concat(chunks.c.question, "\n", chunks.c.answer)), else_=chunks.c.content
    )
    count = func.char_length(text)
    statement = (
        select(
            chunks.c.id.label("chunk_id"),
            _NAME,
            count.label("characters"),
            case((count > longest, "too long"), else_="too short").label("problem"),
        )
        .where(chunks.c.demo_id == demo_id, or_(count > longest, count < SHORTEST))
        .order_by(count.desc(), chunks.c.id)
    )
    return read_frame(conn, statement, LENGTHS)


def reach(conn: Connection, run_id: UUID) -> pd.DataFrame:
    """Each chunk of the demo with what a stored replay made of it: columns of REACH.

    first: questions (messages) whose nearest chunk it was, whether near enough or not; first_share:
    of all questions; reached: questions for which it was among the five nearest and not below the
    threshold. The chunk that wins most comes first. The product team may not run it.
    Raises: NotAllowedError, DatabaseError.
    """
    near, run = _came_near(run_id), replay_runs.c
    first = func.coalesce(near.c.first, 0)
    statement = (
        select(
            chunks.c.id.label("chunk_id"),
            _NAME,
            first.label("first"),
            (first * 1.0 / func.nullif(run.questions, 0)).label("first_share"),
            func.coalesce(near.c.reached, 0).label("reached"),
        )
        .join(replay_runs, run.demo_id == chunks.c.demo_id)
        .outerjoin(near, near.c.chunk_id == chunks.c.id)
        .where(run.id == run_id)
        .order_by(first.desc(), chunks.c.id)
    )
    return read_frame(conn, statement, REACH)


def _came_near(run_id: UUID) -> Subquery:
    """chunk_id, first and reached of the chunks that came near any question of a replay."""
    asked, run = replayed_questions.c, replay_runs.c
    came = func.unnest(asked.found, asked.similarities).table_valued(
        column("chunk_id", Uuid), column("similarity", Double), with_ordinality="place"
    ).render_derived()  # fmt: skip
    return (
        select(
            came.c.chunk_id,
            func.sum(asked.asked).filter(came.c.place == 1).label("first"),
            func.sum(asked.asked)
            .filter(came.c.similarity + ranking.ROUNDING >= run.threshold)
            .label("reached"),
        )
        .select_from(replayed_questions)
        .join(replay_runs, run.id == asked.run_id)
        .join(came, came.c.chunk_id.is_not(None))
        .where(asked.run_id == run_id)
        .group_by(came.c.chunk_id)
        .subquery("near")
    )
