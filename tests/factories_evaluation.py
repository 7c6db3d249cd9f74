"""Rows of question sets, their runs and replays; a test names only what it is about."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert

from domo_insights.database.tables_evaluation import (
    evaluation_answers,
    evaluation_runs,
    question_sets,
    replay_runs,
    replayed_questions,
    set_questions,
)
from tests.factories import NOON

_STATE = {"threshold": 0.35, "chunks": 1, "fingerprint": "f", "seconds": 1.0}


def question_set(
    conn: Connection, demo_id: UUID, *questions: tuple[str, list[UUID]], name: str = "Set"
) -> UUID:
    """A set with questions and the chunks they expect."""
    set_id = uuid4()
    row = {"id": set_id, "demo_id": demo_id, "name": name, "origin": "file"}
    conn.execute(insert(question_sets).values(row))
    for number, (question, expected) in enumerate(questions, 1):
        asked = {"set_id": set_id, "demo_id": demo_id, "number": number, "question": question}
        conn.execute(insert(set_questions).values(**asked, expected=expected))
    return set_id


def evaluation_run(
    conn: Connection, demo_id: UUID, set_id: UUID, *found: list[UUID], **overrides: Any
) -> UUID:
    """A run of a set; per question what was found."""
    run_id = uuid4()
    row = {"id": run_id, "set_id": set_id, "demo_id": demo_id, "mode": "vector", "k": 10}
    row |= {"model": "all-MiniLM-L6-v2", "off_topic": [0.1, 0.2], "ran_at": NOON} | _STATE
    conn.execute(insert(evaluation_runs).values(row | overrides))
    for number, ids in enumerate(found, 1):
        answer = {"run_id": run_id, "demo_id": demo_id, "number": number, "found": ids}
        similar = {"best_similarity": 0.5, "expected_similarity": 0.4}
        conn.execute(insert(evaluation_answers).values(answer | similar))
    return run_id


def replay_run(
    conn: Connection, demo_id: UUID, *questions: dict[str, Any], **overrides: Any
) -> UUID:
    """A stored replay; a question is asked once and not answered unless it says otherwise."""
    run_id = uuid4()
    lines = [
        {
            "run_id": run_id, "demo_id": demo_id, "number": number, "question": "How much is it?",
            "wordings": ["how much is it"], "asked": 1, "unhappy": 0, "verdict": "not",
            "found": [], "similarities": [], "conversations": [], "last_asked_at": NOON, **one,
        }
        for number, one in enumerate(questions, 1)
    ]  # fmt: skip
    row = {
        "id": run_id, "demo_id": demo_id, "period_start": NOON - timedelta(days=7),
        "period_end": NOON, "include_test": False, "model": "all-MiniLM-L6-v2", "ran_at": NOON,
        "small_talk": 0, "fragments": 0, "remarks": 0, **_STATE,
    }  # fmt: skip
    for name, verdict in (
        ("answered_well", "well"), ("answered_weakly", "weakly"), ("not_answered", "not"),
    ):  # fmt: skip
        row[name] = sum(one["asked"] for one in lines if one["verdict"] == verdict)
    row["messages"] = row["questions"] = sum(one["asked"] for one in lines)
    conn.execute(insert(replay_runs).values(row | overrides))
    for line in lines:
        conn.execute(insert(replayed_questions).values(line))
    return run_id
