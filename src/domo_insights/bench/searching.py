"""How long searches take in the database: in a knowledge base, and in what visitors said."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import Engine, func, select

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
    per_demo = (
        select(knowledge_chunks.c.demo_id, func.count().label("chunks"))
        .group_by(knowledge_chunks.c.demo_id)
        .order_by(func.count().desc())
        .limit(1)
    )
    with reading(engine, heaviest.viewer) as conn:
        demo_id, chunks = conn.execute(per_demo).one()
    embedder, random = embedder_for("local"), np.random.default_rng(1)
    took: dict[str, list[float]] = {mode.value: [] for mode in Mode}
    for number in range(QUESTIONS):
        vector = np.zeros(1536, dtype=np.float32)
        vector[:384] = random.normal(size=384)
        vector /= np.linalg.norm(vector)
        question = f"Is {('billing', 'export', 'security')[number % 3]} part of plan {number}?"
        for mode in Mode:
            with reading(engine, heaviest.viewer) as conn:
                began = time.perf_counter()
                knowledge.search(
                    conn, demo_id, vector, question, mode, 5, None, embedder.name
                )  # fmt: skip
                took[mode.value].append((time.perf_counter() - began) * 1000)
    progress("search in messages", 0.5)
    period = Period.last_days(90, datetime.now(UTC))
    said = []
    for words in WORDS * 2:
        with reading(engine, heaviest.viewer) as conn:
            began = time.perf_counter()
            text_search.messages(conn, period, words=words)
            said.append((time.perf_counter() - began) * 1000)
    progress("search", 1.0)
    samples = {mode: Sample.of(values) for mode, values in took.items()}
    return {
        "search_ms": samples[Mode.HYBRID.value].median,
        "text_search_ms": Sample.of(said).median,
        "search": {
            "chunks": chunks,
            **{mode: sample.as_json() for mode, sample in samples.items()},
            "messages": Sample.of(said).as_json(),
        },
    }
