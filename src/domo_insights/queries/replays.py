"""Stored replays: how much of what visitors asked the knowledge answered, run by run."""

from functools import cache
from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Select,
    Subquery,
    Text,
    cast,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import demos, knowledge_chunks
from domo_insights.database.tables_evaluation import replay_runs as runs_table
from domo_insights.database.tables_evaluation import replayed_questions as asked

RUNS: Final[Columns] = {
    "run_id": "object",
    "ran_at": "datetime64[us, UTC]",
    "period_start": "datetime64[us, UTC]",
    "period_end": "datetime64[us, UTC]",
    "include_test": "bool",
    "model": "object",
    "threshold": "float64",
    "chunks": "int64",
    "messages": "int64",
    "small_talk": "int64",
    "fragments": "int64",
    "remarks": "int64",
    "questions": "int64",
    "answered_well": "int64",
    "answered_weakly": "int64",
    "not_answered": "int64",
    "coverage": "float64",
    "seconds": "float64",
}
COVERAGE: Final[Columns] = {
    "demo_id": "object",
    "demo": "str",
    "ran_at": "datetime64[us, UTC]",
    "coverage": "float64",
    "questions": "int64",
    "answered_well": "int64",
    "ran_before_at": "datetime64[us, UTC]",
    "coverage_before": "float64",
    "questions_before": "Int64",
    "answered_well_before": "Int64",
}
QUESTIONS: Final[Columns] = {
    "number": "int64",
    "question": "object",
    "asked": "int64",
    "unhappy": "int64",
    "verdict": "str",
    "similarity": "float64",
    "chunk_id": "object",
    "chunk": "object",
    "conversations": "object",
    "wordings": "object",
    "last_asked_at": "datetime64[us, UTC]",
}
ORDER: Final = (
    "Gaps first: not answered, then answered weakly, then well; within each by how often it was"
    " asked, an unhappy outcome counting double, then by the latest."
)
_COVERAGE = cast(runs_table.c.answered_well, Double) / func.nullif(runs_table.c.questions, 0)


def runs(conn: Connection, demo_id: UUID | None = None, limit: int = 20) -> pd.DataFrame:
    """The latest stored replays, newest first: columns of RUNS.

    coverage: answered_well / questions; both count messages, so that a question asked twice counts
    twice. Raises: DatabaseError.
    """
    made: dict[str, ColumnElement[Any]] = {"run_id": runs_table.c.id, "coverage": _COVERAGE}
    statement = (
        select(*((made[name] if name in made else runs_table.c[name]).label(name) for name in RUNS))
        .where(runs_table.c.demo_id == demo_id if demo_id else true())
        .order_by(runs_table.c.ran_at.desc(), runs_table.c.id)
        .limit(limit)
    )
    return read_frame(conn, statement, RUNS)


def coverage(conn: Connection, demo_id: UUID | None = None) -> pd.DataFrame:
    """Per demo the latest stored replay beside the one before it: columns of COVERAGE.

    Only replays of the same length of period, give or take a day, are held against each other: a
    week's questions are others than a quarter's. Raises: DatabaseError.
    """
    with_before = _with_before()
    statement = (
        select(*(demos.c.name.label("demo") if n == "demo" else with_before.c[n] for n in COVERAGE))
        .join(demos, demos.c.id == with_before.c.demo_id)
        .where(
            with_before.c.age == 1,
            with_before.c.demo_id == demo_id if demo_id else true(),
        )
        .order_by(func.lower(demos.c.name), demos.c.id)
    )
    return read_frame(conn, statement, COVERAGE)


@cache
def _with_before() -> Subquery:
    length = func.round(
        func.extract("epoch", runs_table.c.period_end - runs_table.c.period_start) / 86_400
    )
    ordered: dict[str, Any] = {
        "partition_by": (runs_table.c.demo_id, length),
        "order_by": (runs_table.c.ran_at, runs_table.c.id),
    }
    counted = {
        "coverage": _COVERAGE,
        **{n: runs_table.c[n] for n in ("questions", "answered_well")},
    }
    return select(
        runs_table.c.demo_id,
        runs_table.c.ran_at,
        *(value.label(name) for name, value in counted.items()),
        func.lag(runs_table.c.ran_at).over(**ordered).label("ran_before_at"),
        *(func.lag(value).over(**ordered).label(f"{n}_before") for n, value in counted.items()),
        func.row_number()
        .over(
            partition_by=runs_table.c.demo_id,
            order_by=(runs_table.c.ran_at.desc(), runs_table.c.id.desc()),
        )
        .label("age"),
    ).subquery("with_before")


def questions(conn: Connection, run_id: UUID) -> pd.DataFrame:
    """What a stored replay asked, in the order that ORDER tells: columns of QUESTIONS.

    asked, unhappy: messages; similarity, chunk_id, chunk: of the nearest chunk then, its question
    or the beginning of its content, missing when it is gone; conversations: their ids, unhappy
    ones first. The product team may not run it. Raises: NotAllowedError, DatabaseError.
    """
    worst_first = func.array_position(
        literal(["not", "weakly", "well"], ARRAY(Text())), asked.c.verdict
    )
    statement = _with_chunk().where(asked.c.run_id == run_id).order_by(
        worst_first, (asked.c.asked + asked.c.unhappy).desc(), asked.c.last_asked_at.desc(),
        asked.c.number,
    )  # fmt: skip
    return read_frame(conn, statement, QUESTIONS)


def _with_chunk() -> Select[Any]:
    best = asked.c.found[1]
    words = func.coalesce(
        func.nullif(knowledge_chunks.c.question, ""), func.left(knowledge_chunks.c.content, 160)
    )
    made: dict[str, ColumnElement[Any]] = {
        "similarity": asked.c.similarities[1],
        "chunk_id": knowledge_chunks.c.id,
        "chunk": words,
    }
    return select(
        *((made[name] if name in made else asked.c[name]).label(name) for name in QUESTIONS)
    ).outerjoin(
        knowledge_chunks,
        (knowledge_chunks.c.id == best) & (knowledge_chunks.c.demo_id == asked.c.demo_id),
    )
