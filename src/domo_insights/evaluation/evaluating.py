"""Ask every question of a set, and keep what came.

As with a replay, everything is worked out first and stored at the end in one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from time import perf_counter
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, delete, select

from domo_insights.database.doors import reading
from domo_insights.database.tables_evaluation import (
    evaluation_answers,
    evaluation_runs,
    question_sets,
    set_questions,
)
from domo_insights.embedding import Vectors
from domo_insights.errors import DomoInsightsError, NotAllowedError
from domo_insights.evaluation.outcomes import must_be_unchanged, stored
from domo_insights.evaluation.replaying import Progress, embedded, mine
from domo_insights.queries import knowledge, knowledge_vectors
from domo_insights.queries.knowledge import Mode
from domo_insights.queries.knowledge_answer import Knowledge
from domo_insights.queries.knowledge_vectors import Nearest
from domo_insights.viewer import Viewer

DEPTH: Final = 10
"""At least so many chunks are asked for, whatever k is: MRR and nDCG look at ten."""
_TOGETHER: Final = 20


@dataclass(frozen=True, slots=True)
class _Set:
    """A stored set, and what it is held against."""

    demo_id: UUID
    numbers: list[int]
    texts: list[str]
    expected: list[set[UUID]]
    known: Knowledge
    fingerprint: str


def evaluate(
    engine: Engine,
    viewer: Viewer,
    set_id: UUID,
    mode: Mode = Mode.HYBRID,
    k: int = 10,
    threshold: float | None = None,
    progress: Progress = lambda _what, _done, _of: None,
) -> UUID:
    """Run a set against its demo's knowledge and keep the outcome; the id of the run.

    threshold: None is the model's own. `progress` as in `replaying.replay`.
    Raises: NotAllowedError for another's set, DomoInsightsError when nothing can be found,
    ConflictingDataError when the knowledge changed meanwhile, EmbeddingError, ConfigError,
    DatabaseError.
    """
    begun = perf_counter()
    with reading(engine, viewer) as conn:
        asked = _set(conn, set_id, mode)
    model, aside = asked.known.model, off_topic()
    vectors = embedded(model, [*asked.texts, *aside], progress) if model else None
    found = _asked(engine, viewer, asked, vectors, mode, max(k, DEPTH), progress)
    with reading(engine, viewer) as conn:
        near = _near(conn, asked, vectors, len(aside))
        must_be_unchanged(conn, asked.demo_id, asked.fingerprint, "run")
    run = {
        "id": uuid4(),
        "set_id": set_id,
        "demo_id": asked.demo_id,
        "mode": mode.value,
        "k": k,
        "threshold": asked.known.threshold if threshold is None else threshold,
        "model": model,
        "chunks": asked.known.chunks,
        "fingerprint": asked.fingerprint,
        "off_topic": [one[0] for one in near.similarities[len(asked.texts) :] if one],
        "seconds": perf_counter() - begun,
    }
    lines = _lines(run, asked, found, near)
    return stored(engine, viewer, (evaluation_runs, run), (evaluation_answers, lines))


def forget(conn: Connection, run_id: UUID) -> None:
    """Delete a run of the viewer's; another's stays as it is. Raises: DatabaseError."""
    conn.execute(delete(evaluation_runs).where(evaluation_runs.c.id == run_id))


@lru_cache(maxsize=1)
def off_topic() -> tuple[str, ...]:
    """Questions that no demo is about: what a threshold should keep out."""
    written = files("domo_insights.evaluation") / "off_topic.txt"
    return tuple(filter(None, written.read_text("utf-8").splitlines()))


def _set(conn: Connection, set_id: UUID, mode: Mode) -> _Set:
    demo_id = conn.execute(
        select(question_sets.c.demo_id).where(question_sets.c.id == set_id)
    ).scalar_one_or_none()
    if demo_id is None:
        raise NotAllowedError("You have no question set with this id.", hint="Reload the page.")
    known = mine(conn, demo_id)
    if not known.chunks:
        raise DomoInsightsError(known.obstacle, hint="Write the first chunk in the playground.")
    if known.model is None and mode is not Mode.TEXT:
        raise DomoInsightsError(
            known.obstacle, hint="Run `domo-insights embed`, or search by words alone."
        )
    rows = conn.execute(
        select(set_questions.c.number, set_questions.c.question, set_questions.c.expected)
        .where(set_questions.c.set_id == set_id)
        .order_by(set_questions.c.number)
    ).all()
    return _Set(
        demo_id,
        [row.number for row in rows],
        [row.question for row in rows],
        [set(row.expected) for row in rows],
        known,
        knowledge_vectors.fingerprint(conn, demo_id),
    )


def _asked(
    engine: Engine,
    viewer: Viewer,
    asked: _Set,
    vectors: Vectors | None,
    mode: Mode,
    depth: int,
    progress: Progress,
) -> list[list[UUID]]:
    """The chunks that the search finds for each question; a few questions per transaction."""
    found: list[list[UUID]] = []
    for first in range(0, len(asked.texts), _TOGETHER):
        progress("Asking", first, len(asked.texts))
        with reading(engine, viewer) as conn:
            for row, text in enumerate(asked.texts[first : first + _TOGETHER], first):
                vector = vectors[row] if vectors is not None else None
                frame = knowledge.search(
                    conn, asked.demo_id, vector, text, mode, depth, None, asked.known.model
                )
                found.append(frame["chunk_id"].tolist())
    return found


def _near(conn: Connection, asked: _Set, vectors: Vectors | None, aside: int) -> Nearest:
    if vectors is None or asked.known.model is None:
        nothing: list[Any] = [[] for _ in asked.texts]
        return Nearest(nothing, nothing, [float("nan")] * len(nothing))
    expected = [*asked.expected, *(set[UUID]() for _ in range(aside))]
    return knowledge_vectors.nearest(conn, asked.demo_id, asked.known.model, vectors, 1, expected)


def _lines(
    run: dict[str, Any], asked: _Set, found: Sequence[list[UUID]], near: Nearest
) -> list[dict[str, Any]]:
    return [
        {
            "run_id": run["id"],
            "demo_id": asked.demo_id,
            "number": number,
            "found": found[row],
            "best_similarity": near.similarities[row][0] if near.similarities[row] else None,
            "expected_similarity": None if near.expected[row] != near.expected[row]
            else near.expected[row],
        }
        for row, number in enumerate(asked.numbers)
    ]  # fmt: skip
