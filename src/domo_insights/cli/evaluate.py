"""`domo-insights evaluate`: how well a demo's knowledge answers a file of questions."""

import json
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer
from sqlalchemy import Engine, insert

from domo_insights import ranking
from domo_insights.cli import talk
from domo_insights.cli.context import DataDir, database, ends_in_order
from domo_insights.cli.impersonation import in_the_name_of
from domo_insights.cli.options import AnswerForm, AsEmail, Form, demo_of
from domo_insights.cli.progress import progress_bar, shown_on
from domo_insights.database.doors import editing, reading
from domo_insights.database.engine import engine_for
from domo_insights.database.tables import demos, knowledge_chunks
from domo_insights.embedding import Vectors, chunk_text, default_model, embedder_for
from domo_insights.errors import DomoInsightsError, WrongUseError
from domo_insights.evaluation.evaluating import DEPTH
from domo_insights.evaluation.evaluating import evaluate as run_set
from domo_insights.evaluation.kept_sets import Judged, set_named
from domo_insights.evaluation.question_sets import chunks_by_name, clean_name
from domo_insights.evaluation.question_sets import wanted as wanted_of
from domo_insights.evaluation.retrieval_files import (
    Document,
    RetrievalFile,
    read_file,
)
from domo_insights.queries import evaluations, knowledge
from domo_insights.queries.knowledge import Mode
from domo_insights.queries.knowledge_answer import Knowledge, knowledge_of
from domo_insights.viewer import Viewer

_STEP = 64


def register(app: typer.Typer) -> None:
    app.command()(evaluate)


def evaluate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Documents and questions, JSONL.")],
    as_email: AsEmail = None,
    demo: Annotated[
        str | None, typer.Option(metavar="ID", help="Ask the knowledge of this demo.")
    ] = None,
    new_demo: Annotated[
        str | None, typer.Option(metavar="NAME", help="Load the documents into a new draft demo.")
    ] = None,
    mode: Annotated[Mode, typer.Option(help="How chunks are found.")] = Mode.HYBRID,
    k: Annotated[int, typer.Option("-k", min=1, max=50, help="How many are asked for.")] = 10,
    keep: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Keep the questions as a set of this name, and the run."),
    ] = None,
    form: AnswerForm = Form.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Ask every question of FILE and measure where the expected chunks come."""
    if not as_email:
        raise WrongUseError("Nobody to ask for.", hint="Say --as EMAIL.")
    if bool(demo) == bool(new_demo and new_demo.strip()):
        raise WrongUseError("Say either --demo ID or --new-demo NAME.")
    if keep is not None:
        clean_name(keep)
    given, demo_id = read_file(file), demo_of(demo) if demo else None
    with database(data_dir) as settings:
        engine = engine_for(settings.secret("database_url"))
        viewer = in_the_name_of(settings, as_email, {"query": "evaluate"})
        if demo_id is None:
            demo_id = _load(engine, viewer, str(new_demo).strip(), given.documents)
        measured = _measured(_Asking(engine, viewer, demo_id, mode, k, keep), given)
    if form is Form.JSON:
        typer.echo(json.dumps(measured, ensure_ascii=False, indent=1))
    else:
        for name, value in measured.items():
            typer.echo(f"{name:12}{value:.4f}" if isinstance(value, float) else f"{name:12}{value}")


def _load(engine: Engine, viewer: Viewer, name: str, documents: list[Document]) -> UUID:
    """A draft demo with the documents as its chunks, embedded: all of it or nothing."""
    if not documents:
        raise WrongUseError("FILE has no document to load.", hint="Ask a --demo that is there.")
    embedder, demo_id = embedder_for(), uuid4()
    texts = [chunk_text(one.content, one.question, one.answer) for one in documents]
    vectors = _embedded(embedder.name, texts, "Embedding documents")
    rows = [
        {
            "demo_id": demo_id,
            "content": one.content,
            "question": one.question,
            "answer": one.answer,
            "source": one.source,
            "vector_embedding": vector,
            "embedding_model": embedder.name,
        }
        for one, vector in zip(documents, vectors, strict=True)
    ]
    with editing(engine, viewer) as conn:
        owned = {"id": demo_id, "user_id": viewer.user_id, "name": name[:255], "status": "draft"}
        conn.execute(insert(demos).values(owned))
        for first in range(0, len(rows), 500):
            conn.execute(insert(knowledge_chunks), rows[first : first + 500])
    talk.print(f"{len(rows):,} documents are the knowledge of the new demo {demo_id}.")
    return demo_id


@dataclass(frozen=True, slots=True)
class _Asking:
    """Whose knowledge is asked and how, and the set it is kept as, if it is."""

    engine: Engine
    viewer: Viewer
    demo_id: UUID
    mode: Mode
    k: int
    keep: str | None


def _measured(by: _Asking, given: RetrievalFile) -> dict[str, Any]:
    begun = perf_counter()
    with reading(by.engine, by.viewer) as conn:
        known = knowledge_of(knowledge.overview(conn, by.demo_id))
        ids = chunks_by_name(conn, by.demo_id, given.documents)
    if not known.chunks:
        raise DomoInsightsError(f"{by.viewer.email} has no knowledge in a demo {by.demo_id}.")
    expected = [(one.text, wanted_of(one.relevant, ids)) for one in given.questions]
    judged = [(text, wanted) for text, wanted in expected if wanted]
    if not judged:
        raise DomoInsightsError(
            "No question of FILE expects a chunk of this demo.",
            hint="`rel` names ids of documents in FILE, or of the demo's chunks.",
        )
    found, run = _found(by, known, judged) if by.keep is None else _kept(by, by.keep, judged)
    pairs = [(came, wanted) for came, (_, wanted) in zip(found, judged, strict=True)]
    return {
        **_means(pairs, by.k),
        "questions": len(judged),
        "left_out": len(given.questions) - len(judged),
        "chunks": known.chunks,
        "demo_id": str(by.demo_id),
        "model": known.model or default_model(),
        "mode": by.mode.value,
        "k": by.k,
        "seconds": round(perf_counter() - begun, 3),
        **run,
    }


def _found(
    by: _Asking, known: Knowledge, judged: list[Judged]
) -> tuple[list[list[UUID]], dict[str, str]]:
    """The chunks that come for each question; nothing is kept."""
    texts = [text for text, _ in judged]
    vectors: Vectors | list[None] = [None] * len(texts)
    if known.model and by.mode is not Mode.TEXT:
        vectors = _embedded(known.model, texts, "Embedding questions")
    found: list[list[UUID]] = []
    with progress_bar() as bar, reading(by.engine, by.viewer) as conn:
        for text, vector in bar.track(list(zip(texts, vectors, strict=True)), description="Asking"):
            frame = knowledge.search(
                conn, by.demo_id, vector, text, by.mode, max(by.k, DEPTH), None, known.model
            )
            found.append(frame["chunk_id"].tolist())
    return found, {}


def _kept(by: _Asking, name: str, judged: list[Judged]) -> tuple[list[list[UUID]], dict[str, str]]:
    """The same of a run that is kept, with its id."""
    set_id = set_named(by.engine, by.viewer, by.demo_id, name, judged)
    with ends_in_order(), progress_bar() as bar:
        run = run_set(by.engine, by.viewer, set_id, by.mode, by.k, progress=shown_on(bar))
    with reading(by.engine, by.viewer) as conn:
        answers = evaluations.answers(conn, run)
    return answers["found"].tolist(), {"run_id": str(run)}


def _means(pairs: list[tuple[list[UUID], set[UUID]]], k: int) -> dict[str, float | None]:
    measures = {f"recall@{n}": partial(ranking.recall_at, k=n) for n in sorted({1, 5, k})}
    measures |= {
        "mrr@10": partial(ranking.mrr_at, k=10),
        "ndcg@10": partial(ranking.ndcg_at, k=10),
    }
    return {
        name: ranking.mean([measure(found, wanted) for found, wanted in pairs]).value
        for name, measure in measures.items()
    }


def _embedded(model: str, texts: list[str], what: str) -> Vectors:
    import numpy as np

    embedder = embedder_for(model)
    with progress_bar() if len(texts) > _STEP else nullcontext() as bar:
        starts = range(0, len(texts), _STEP)
        walked = bar.track(starts, description=what) if bar else starts
        return np.concatenate([embedder.embed(texts[n : n + _STEP]) for n in walked])
