"""How long searches take in the database: in a knowledge base, and in what visitors said."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Engine, func, select

from domo_insights.bench.figures import Sample
from domo_insights.bench.people import Person
from domo_insights.database.doors import reading
from domo_insights.database.tables import knowledge_chunks
from domo_insights.embedding import embedder_for
from domo_insights.period import Period
from domo_insights.queries import knowledge, text_search
from domo_insights.queries.knowledge import Mode

QUESTIONS: Final = 30
WORDS: Final = (
    "plan",
    "case 17",
    "how that works",
    '"plan 7 cost"',
    "use -product",
    "nothing-like",
)


def measure(
    engine: Engine, heaviest: Person, progress: Callable[[str, float], None]
) -> dict[str, Any]:
    """Medians and p95, in ms, in the name of the heaviest owner."""
    progress("search", 0.0)
    chunks, samples = _knowledge(engine, heaviest)
    progress("search in messages", 0.5)
    said = _messages(engine, heaviest)
    progress("search", 1.0)
    return {
        "search_ms": samples[Mode.HYBRID].median,
        "text_search_ms": said.median,
        "search": {
            "chunks": chunks,
            **{mode.value: sample.as_json() for mode, sample in samples.items()},
            "messages": said.as_json(),
        },
    }


def _knowledge(engine: Engine, heaviest: Person) -> tuple[int, dict[Mode, Sample]]:
    """Chunks of the largest knowledge base, and what a search in it takes in each way."""
    count = func.count()
    per_demo = select(knowledge_chunks.c.demo_id, count).group_by(knowledge_chunks.c.demo_id)
    with reading(engine, heaviest.viewer) as conn:
        demo_id, chunks = conn.execute(per_demo.order_by(count.desc()).limit(1)).one()
    model, random = embedder_for("local").name, np.random.default_rng(1)
    took: dict[Mode, list[float]] = {mode: [] for mode in Mode}
    for number in range(QUESTIONS):
        vector = np.zeros(1536, dtype=np.float32)
        vector[:384] = random.normal(size=384)
        vector /= np.linalg.norm(vector)
        question = f"Is {('billing', 'export', 'security')[number % 3]} part of plan {number}?"
        for mode, times in took.items():
            with _timed(engine, heaviest, times) as conn:
                knowledge.search(conn, demo_id, vector, question, mode, 5, None, model)
    return chunks, {mode: Sample.of(times) for mode, times in took.items()}


def _messages(engine: Engine, heaviest: Person) -> Sample:
    """What a search in the words of 90 days takes."""
    period = Period.last_days(90, datetime.now(UTC))
    took: list[float] = []
    for words in WORDS * 2:
        with _timed(engine, heaviest, took) as conn:
            text_search.messages(conn, period, words=words)
    return Sample.of(took)


@contextmanager
def _timed(engine: Engine, person: Person, took: list[float]) -> Iterator[Connection]:
    """A connection in the name of `person`; the ms of what is done with it go to `took`."""
    with reading(engine, person.viewer) as conn:
        began = time.perf_counter()
        yield conn
        took.append((time.perf_counter() - began) * 1000)
