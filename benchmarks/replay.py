"""How long a replay takes, and that it says how far it is.

    python benchmarks/replay.py [--questions 1000] [--chunks 20000]

Every question is different, so that nothing is grouped away; the chunks' vectors are those of the
questions with noise, since the time does not depend on what they say.
"""

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import typer

from benchmarks.search import load, scratch
from domo_insights.embedding import embedder_for
from domo_insights.evaluation.replaying import replay
from domo_insights.period import Period
from tests.factories import ANA, conversation, message

PLACES = ("Lisbon", "Oslo", "Graz", "Turin", "Ghent", "Malmo", "Porto", "Basel", "Lyon", "Cork")
ASKED = ("What does the team plan cost for", "Can I export the invoices of", "Who signs in at",
         "Is there a mobile app for", "Where is the data stored that comes from")  # fmt: skip


def main(questions: int = 1_000, chunks: int = 20_000) -> None:
    """Load, replay, print."""
    said = [
        f"{ASKED[n % len(ASKED)]} our office number {n} in {PLACES[n // 5 % len(PLACES)]}?"
        for n in range(questions)
    ]
    now = datetime.now(UTC).replace(microsecond=0)
    model = embedder_for("local")
    known = model.embed(said[: min(200, questions)])
    random = np.random.default_rng(1)
    vectors = known[random.integers(0, len(known), chunks)].copy()
    vectors[:, :384] += random.normal(0, 0.03, (chunks, 384))
    with scratch() as database:
        where = load(database, [f"Chunk {n}" for n in range(chunks)], vectors, model.name)
        with database.admin.begin() as conn:
            for n, text in enumerate(said):
                at = now - timedelta(minutes=n + 1)
                message(conn, conversation(conn, where, started_at=at), content=text, at=at)
        told: list[tuple[str, int, int]] = []
        begun = time.perf_counter()
        replay(
            database.engine, ANA, where, Period.parse("7d", now, "UTC"),
            progress=lambda *what: told.append(what),
        )  # fmt: skip
        took = time.perf_counter() - begun
    print(
        f"{questions:,} questions against {chunks:,} chunks: {took:.1f} s, told {len(told)} times"
    )


if __name__ == "__main__":
    typer.run(main)
