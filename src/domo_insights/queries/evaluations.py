"""Question sets, their runs, and what came to each question."""

from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection, func, select

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables_evaluation import evaluation_answers as answers_table
from domo_insights.database.tables_evaluation import evaluation_runs as runs_table
from domo_insights.database.tables_evaluation import question_sets, set_questions

SETS: Final[Columns] = {
    "set_id": "object",
    "name": "object",
    "origin": "str",
    "created_at": "datetime64[us, UTC]",
    "questions": "int64",
    "judged": "int64",
    "runs": "int64",
}
RUNS: Final[Columns] = {
    "run_id": "object",
    "set_id": "object",
    "set_name": "object",
    "ran_at": "datetime64[us, UTC]",
    "mode": "str",
    "k": "int64",
    "threshold": "float64",
    "model": "object",
    "chunks": "int64",
    "fingerprint": "str",
    "seconds": "float64",
    "off_topic": "object",
}
ANSWERS: Final[Columns] = {
    "number": "int64",
    "question": "object",
    "expected": "object",
    "found": "object",
    "best_similarity": "float64",
    "expected_similarity": "float64",
}


def sets(conn: Connection, demo_id: UUID) -> pd.DataFrame:
    """The demo's question sets, the newest first: columns of SETS.

    judged: questions that expect a chunk. The product team may not run it.
    Raises: NotAllowedError, DatabaseError.
    """
    here, of = set_questions.c.set_id == question_sets.c.id, question_sets.c
    counted = select(func.count()).where(here)
    judged = counted.where(func.cardinality(set_questions.c.expected) > 0)
    ran = select(func.count()).where(runs_table.c.set_id == of.id)
    statement = (
        select(
            of.id.label("set_id"),
            of.name,
            of.origin,
            of.created_at,
            counted.scalar_subquery().label("questions"),
            judged.scalar_subquery().label("judged"),
            ran.scalar_subquery().label("runs"),
        )
        .where(of.demo_id == demo_id)
        .order_by(of.created_at.desc(), of.id)
    )
    return read_frame(conn, statement, SETS)


def runs(conn: Connection, demo_id: UUID, limit: int = 50) -> pd.DataFrame:
    """The latest runs of the demo's sets, newest first: columns of RUNS.

    off_topic: for each of the product's own questions about other things the similarity of the
    nearest chunk. The product team may not run it. Raises: NotAllowedError, DatabaseError.
    """
    made = {"run_id": runs_table.c.id, "set_name": question_sets.c.name}
    statement = (
        select(*((made[n] if n in made else runs_table.c[n]).label(n) for n in RUNS))
        .join(question_sets, question_sets.c.id == runs_table.c.set_id)
        .where(runs_table.c.demo_id == demo_id)
        .order_by(runs_table.c.ran_at.desc(), runs_table.c.id)
        .limit(limit)
    )
    return read_frame(conn, statement, RUNS)


def answers(conn: Connection, run_id: UUID) -> pd.DataFrame:
    """What came to each question of a run, in the order of the set: columns of ANSWERS.

    expected, found: ids of chunks, found best first; best_similarity: of the nearest chunk there
    was, expected_similarity: of the nearest expected one. The product team may not run it.
    Raises: NotAllowedError, DatabaseError.
    """
    asked, came = set_questions.c, answers_table.c
    named = {"number": asked.number, "question": asked.question, "expected": asked.expected}
    statement = (
        select(*((named[n] if n in named else came[n]).label(n) for n in ANSWERS))
        .join(runs_table, runs_table.c.id == came.run_id)
        .join(
            set_questions,
            (asked.set_id == runs_table.c.set_id) & (asked.number == came.number),
        )
        .where(came.run_id == run_id)
        .order_by(asked.number)
    )
    return read_frame(conn, statement, ANSWERS)
