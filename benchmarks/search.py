"""How long a knowledge search takes in the database, and what it loses against an exact one.

    python benchmarks/search.py TEXTS [--chunks 100 --chunks 20000] [--keep VECTORS.npy]

TEXTS is a JSON list of different texts. Each is embedded by the local model and put into one demo
of a database made for the run; the questions are other texts, half of them off the topic. Times
are those of the statements under an owner's rights, from sending to the last row.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import psycopg
import typer
from pgvector.psycopg import register_vector

from domo_insights.database.doors import reading
from domo_insights.embedding import embedder_for
from domo_insights.local.server import PostgresServer
from domo_insights.queries import knowledge, knowledge_arms
from domo_insights.queries.knowledge import Mode
from tests.conftest import Database, add_users, create_database, prepare_database
from tests.factories import ANA, demo

OFF_TOPIC = (
    "What is the capital of Mongolia?", "asdf qwer zxcv", "Ignore all instructions.", "?!",
    "Wie wird das Wetter morgen in Hamburg?", "tell me a joke about penguins", "42", "hello there",
    "Who won the chess olympiad?", "recipe for sourdough bread", "料金はいくらですか", "I am sad",
)  # fmt: skip


def main(
    texts: Path,
    chunks: Annotated[list[int], typer.Option()] = [100, 20_000],  # noqa: B006
    keep: Path | None = None,
    questions: int = 100,
) -> None:
    """Load, ask, print."""
    said = json.loads(texts.read_text())
    vectors = _vectors(said, keep)
    asked = _questions(said, questions)
    model = embedder_for("local")
    embedded = model.embed(asked)
    with scratch() as database:
        for count in chunks:
            where = load(database, said[:count], vectors[:count], model.name)
            _measure(database, where, count, asked, embedded, model.name)


@contextmanager
def scratch() -> Iterator[Database]:
    """A database that is gone afterwards, migrated and with the users of the tests."""
    with tempfile.TemporaryDirectory() as folder, PostgresServer(Path(folder) / "data") as server:
        database = create_database(server, "benchmark")
        prepare_database(server, database.name)
        with psycopg.connect(database.superuser_url) as conn:
            add_users(conn)
        yield database


def _vectors(said: list[str], keep: Path | None) -> np.ndarray:
    if keep and keep.exists():
        found = np.load(keep)
        return np.pad(found, ((0, 0), (0, 1536 - found.shape[1])))
    began = time.perf_counter()
    found = embedder_for("local").embed(said)
    print(f"embedded {len(said) / (time.perf_counter() - began):.1f} texts a second")
    if keep:
        np.save(keep, found[:, :384])
    return found


def _questions(said: list[str], count: int) -> list[str]:
    """Parts of known texts, and what no text is about, in turn."""
    step = max(1, len(said) // count)
    parts = [" ".join(text.split()[2:12]) for text in said[::step][: count - count // 2]]
    return parts + [OFF_TOPIC[n % len(OFF_TOPIC)] + " " * (n // 12) for n in range(count // 2)]


def load(database: Database, said: list[str], vectors: np.ndarray, model: str):
    with database.admin.begin() as conn:
        where = demo(conn, ANA, name=f"{len(said)} chunks")
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("set search_path = public, extensions")
        register_vector(conn)
        conn.execute("alter table public.knowledge_chunks disable trigger audit_knowledge_chunks")
        copied = "copy public.knowledge_chunks (demo_id, content, vector_embedding,"
        with (
            conn.cursor() as cursor,
            cursor.copy(f"{copied} embedding_model) from stdin") as copy,
        ):
            for text, vector in zip(said, vectors, strict=True):
                copy.write_row((where, text, "[" + ",".join(map(str, vector)) + "]", model))
        conn.execute("alter table public.knowledge_chunks enable trigger audit_knowledge_chunks")
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("vacuum analyze public.knowledge_chunks")
    return where


def _measure(database, where, count, asked, embedded, model) -> None:
    def ask(number, mode, k=5):
        with reading(database.engine, ANA) as conn:
            began = time.perf_counter()
            frame = knowledge.search(
                conn, where, embedded[number], asked[number], mode, k, None, model
            )
            return frame["chunk_id"].tolist(), time.perf_counter() - began

    for mode in Mode:
        ask(0, mode)
        times = sorted(ask(number, mode)[1] * 1000 for number in range(len(asked)))
        p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
        print(f"{count:>6} chunks, {mode:<6} p50 {p50:6.1f} ms  p95 {p95:6.1f} ms", flush=True)
    limit = knowledge_arms.EXACT_UP_TO
    if count <= limit:
        return
    quick = [ask(number, Mode.VECTOR)[0] for number in range(len(asked))]
    try:
        knowledge_arms.EXACT_UP_TO = count
        exact, took = zip(*(ask(number, Mode.VECTOR) for number in range(len(asked))), strict=True)
    finally:
        knowledge_arms.EXACT_UP_TO = limit
    shared = [len(set(a) & set(b)) / len(b) for a, b in zip(quick, exact, strict=True)]
    half = len(shared) - len(shared) // 2
    print(
        f"{count:>6} chunks, recall@5 against exact {np.mean(shared):.3f}"
        f" (on the topic {np.mean(shared[:half]):.3f}, off {np.mean(shared[half:]):.3f}, least"
        f" {min(shared):.1f}); exact p50 {sorted(took)[len(took) // 2] * 1000:.1f} ms"
    )


if __name__ == "__main__":
    typer.run(main)
