"""Replay what visitors asked in a period against the knowledge as it is now.

Everything is worked out first and stored at the end in one transaction: an interrupted replay
leaves nothing behind and is simply run again.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final
from uuid import UUID, uuid4

import numpy as np
from sqlalchemy import Connection, Engine, delete

from domo_insights import ranking
from domo_insights.database.doors import reading
from domo_insights.database.tables_evaluation import replay_runs, replayed_questions
from domo_insights.embedding import Vectors, default_model, embedder_for
from domo_insights.errors import DomoInsightsError, NotAllowedError
from domo_insights.evaluation import questions
from domo_insights.evaluation.outcomes import must_be_unchanged, stored
from domo_insights.evaluation.questions import Kind, Question, Said
from domo_insights.period import Period
from domo_insights.queries import demos, knowledge, knowledge_vectors, visitor_questions
from domo_insights.queries.knowledge_answer import Knowledge, knowledge_of
from domo_insights.queries.knowledge_vectors import Nearest
from domo_insights.viewer import Viewer

KEPT: Final = 5
"""How many of the nearest chunks are stored with each question."""
WEAK: Final = 0.1
"""How far below the threshold an answer is still a weak one."""
_STEP: Final = 32
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What there is to replay, and to replay it against."""

    kept: list[Said]
    counted: Counter[Kind]
    known: Knowledge
    fingerprint: str


def replay(
    engine: Engine,
    viewer: Viewer,
    demo_id: UUID,
    period: Period,
    include_test: bool = False,
    progress: Progress = lambda _what, _done, _of: None,
) -> UUID:
    """Run the period's questions through the demo's knowledge and keep the outcome; its id.

    `progress` is told what is being done, how much of it is, and of how much. Whatever it raises
    ends the replay, with nothing stored.
    Raises: DomoInsightsError when there is nothing to replay or nothing to compare with,
    NotAllowedError for another's demo, ConflictingDataError when the knowledge changed meanwhile,
    EmbeddingError, ConfigError, DatabaseError.
    """
    begun = perf_counter()
    with reading(engine, viewer) as conn:
        asked = _asked(conn, demo_id, period, include_test)
    model = asked.known.model or default_model()
    worded = questions.by_wording(asked.kept)
    vectors = embedded(model, [one.text for one in worded], progress)
    grouped, rows = questions.merged(worded, vectors, questions.same_cut(asked.known.threshold))
    with reading(engine, viewer) as conn:
        found = _nearest(conn, demo_id, asked.known, vectors[rows], progress)
        must_be_unchanged(conn, demo_id, asked.fingerprint, "replay")
    run = _run(demo_id, period, include_test, asked)
    lines = [
        _line(run, number, one, ids, similarities)
        for number, (one, ids, similarities) in enumerate(
            zip(grouped, found.found, found.similarities, strict=True), 1
        )
    ]
    run |= _totals(lines) | {"seconds": perf_counter() - begun}
    return stored(engine, viewer, (replay_runs, run), (replayed_questions, lines))


def forget(conn: Connection, run_id: UUID) -> None:
    """Delete a stored replay of the viewer's; another's stays as it is. Raises: DatabaseError."""
    conn.execute(delete(replay_runs).where(replay_runs.c.id == run_id))


def verdict(similarity: float | None, threshold: float) -> str:
    """well, weakly or not: how a question is answered whose nearest chunk is so similar."""
    if similarity is None or similarity + ranking.ROUNDING < threshold - WEAK:
        return "not"
    return "well" if similarity + ranking.ROUNDING >= threshold else "weakly"


def _asked(conn: Connection, demo_id: UUID, period: Period, include_test: bool) -> _Asked:
    known = mine(conn, demo_id)
    if known.chunks and known.model is None:
        raise DomoInsightsError(known.obstacle, hint="Run `domo-insights embed`, then try again.")
    frame = visitor_questions.said(conn, period, demo_id, include_test)
    said = [
        Said(row["content"], row["conversation_id"], row["occurred_at"], row["unhappy"])
        for row in frame.to_dict("records")
    ]
    kept, counted = questions.counts(said)
    if not kept:
        raise DomoInsightsError(
            "Visitors asked nothing in this period." if not said
            else f"Visitors said {len(said):,} things in this period, none of them a question.",
            hint="Choose a longer period.",
        )  # fmt: skip
    return _Asked(kept, counted, known, knowledge_vectors.fingerprint(conn, demo_id))


def mine(conn: Connection, demo_id: UUID) -> Knowledge:
    """What the viewer's demo knows. Raises: NotAllowedError when it is not theirs."""
    if demo_id not in set(demos.mine(conn)["demo_id"]):
        raise NotAllowedError("You have no demo with this id.", hint="Choose one of yours.")
    return knowledge_of(knowledge.overview(conn, demo_id))


def embedded(model: str, texts: list[str], progress: Progress) -> Vectors:
    """Each of `texts` as a vector of length 1. Raises: EmbeddingError, ConfigError."""
    embedder, found = embedder_for(model), []
    for first in range(0, len(texts), _STEP):
        progress("Reading questions", first, len(texts))
        found.append(embedder.embed(texts[first : first + _STEP]))
    return np.concatenate(found)


def _nearest(
    conn: Connection, demo_id: UUID, known: Knowledge, vectors: Vectors, progress: Progress
) -> Nearest:
    if known.model is None:
        return Nearest([[] for _ in vectors], [[] for _ in vectors], [])
    done = 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress("Comparing chunks", done, known.searchable)

    return knowledge_vectors.nearest(conn, demo_id, known.model, vectors, KEPT, progress=told)


def _run(demo_id: UUID, period: Period, include_test: bool, asked: _Asked) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "demo_id": demo_id,
        "period_start": period.start,
        "period_end": period.end,
        "include_test": include_test,
        "model": asked.known.model,
        "threshold": asked.known.threshold,
        "chunks": asked.known.chunks,
        "fingerprint": asked.fingerprint,
        "messages": sum(asked.counted.values()),
        "small_talk": asked.counted[Kind.SMALL_TALK],
        "fragments": asked.counted[Kind.FRAGMENT],
        "remarks": asked.counted[Kind.REMARK],
    }


def _line(
    run: dict[str, Any], number: int, one: Question, ids: list[UUID], similarities: list[float]
) -> dict[str, Any]:
    return {
        "run_id": run["id"],
        "demo_id": run["demo_id"],
        "number": number,
        "question": one.text.replace("\0", ""),
        "wordings": one.keys,
        "asked": one.asked,
        "unhappy": one.unhappy,
        "verdict": verdict(similarities[0] if similarities else None, run["threshold"]),
        "found": ids,
        "similarities": similarities,
        "conversations": one.conversations,
        "last_asked_at": one.last_asked_at,
    }


def _totals(lines: list[dict[str, Any]]) -> dict[str, int]:
    asked: Counter[str] = Counter()
    for line in lines:
        asked[line["verdict"]] += line["asked"]
    return {
        "questions": asked.total(),
        "answered_well": asked["well"],
        "answered_weakly": asked["weakly"],
        "not_answered": asked["not"],
    }
