"""`domo-insights embed` and `search`: a demo's knowledge from the command line."""

import json
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import pandas as pd
import typer
from sqlalchemy import Connection, select

from domo_insights.actions.knowledge_declaring import Declared
from domo_insights.actions.knowledge_declaring import declare as declared
from domo_insights.actions.knowledge_embedding import embed_missing, waiting
from domo_insights.cli import talk
from domo_insights.cli.context import DataDir, database
from domo_insights.cli.impersonation import in_the_name_of, must_have
from domo_insights.cli.options import AnswerForm, AsEmail, Form, OneDemo, demo_of
from domo_insights.cli.output import as_table
from domo_insights.cli.progress import progress_bar
from domo_insights.database.doors import reading
from domo_insights.database.engine import engine_for
from domo_insights.database.failures import translated
from domo_insights.database.tables import demos
from domo_insights.embedding import embedder_for
from domo_insights.errors import DomoInsightsError, WrongUseError
from domo_insights.exports.cells import records
from domo_insights.queries.knowledge import Mode
from domo_insights.queries.knowledge_answer import Answer, answer


def register(app: typer.Typer) -> None:
    app.command()(embed)
    app.command()(search)


def embed(
    demo: OneDemo = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Default: INSIGHTS_EMBEDDING_MODEL.")
    ] = None,
    declare: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Say which model made vectors that have no name. A sample is checked first.",
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Embed chunks that have no embedding, or another model's. May be stopped and run again."""
    demo_id = demo_of(demo) if demo else None
    if declare and model:
        raise WrongUseError("Say either --model or --declare.")
    with database(data_dir) as settings:
        owner = engine_for(settings.secret("database_admin_url"))
        embedder = embedder_for(declare or model)
        with translated(), owner.begin() as conn:
            if demo_id:
                _must_be_there(conn, demo_id)
            count = waiting(conn, embedder.name, demo_id)
        if declare:
            with translated():
                _tell(declared(owner.begin, embedder, demo_id), embedder.name)
            return
        with translated(), progress_bar() as bar:
            task = bar.add_task("Embedding", total=count)
            made = embed_missing(owner.begin, embedder, demo_id, partial(bar.advance, task))
    talk.print(f"{made.done:,} chunks embedded by {embedder.name}.", soft_wrap=True)
    if made.left:
        raise DomoInsightsError(
            f"{made.left:,} chunks were edited all the while.", hint="Run it again."
        )


def _must_be_there(conn: Connection, demo_id: UUID) -> None:
    if conn.scalar(select(demos.c.id).where(demos.c.id == demo_id)) is None:
        raise DomoInsightsError(f"There is no demo {demo_id}.")


def _tell(found: Declared, name: str) -> None:
    talk.print(f"{found.named:,} chunks have vectors of {name}.", soft_wrap=True)
    if found.left:
        talk.print(
            f"{found.left:,} more were edited since: `domo-insights embed --model {name}` makes"
            " their vectors anew.",
            soft_wrap=True,
        )


def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The question.")],
    as_email: AsEmail = None,
    demo: Annotated[str | None, typer.Option(metavar="ID", help="Whose knowledge.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=50, help="How many.")] = 5,
    mode: Annotated[Mode, typer.Option(help="How chunks are found.")] = Mode.HYBRID,
    threshold: Annotated[
        float | None, typer.Option(min=-1, max=1, help="Least similarity; default: the model's.")
    ] = None,
    form: AnswerForm = Form.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Search a demo's knowledge as the playground does."""
    if not text.strip():
        raise WrongUseError("The question is empty.")
    if not as_email or not demo:
        raise WrongUseError("Nobody to ask for, or no demo.", hint="Say --as EMAIL --demo ID.")
    demo_id = demo_of(demo)
    with database(data_dir) as settings:
        engine = engine_for(settings.secret("database_url"))
        viewer = in_the_name_of(settings, as_email, {"query": "knowledge.search"})
        with reading(engine, viewer) as conn:
            must_have(conn, viewer, demo_id)
            found = answer(conn, demo_id, text, mode, k, threshold)
    if form is Form.JSON:
        typer.echo(json.dumps(_as_record(text, found), ensure_ascii=False, indent=1))
        return
    if len(found.results):
        typer.echo(as_table(_rows(found.results)))
    talk.print(_summary(found), soft_wrap=True, markup=False)
    for line in (found.note, found.problem):
        if line:
            talk.print(line, soft_wrap=True, markup=False)


def _as_record(text: str, found: Answer) -> dict[str, Any]:
    return {
        "question": text.encode("utf-8", "replace").decode(),
        "mode": found.mode.value,
        "k": found.k,
        "threshold": found.threshold,
        "model": found.knowledge.model,
        "searched": found.searched,
        "seconds": round(found.embedding_seconds + found.database_seconds, 4),
        "note": " ".join(filter(None, (found.note, found.problem))),
        "results": records(found.results),
    }


def _rows(results: pd.DataFrame) -> pd.DataFrame:
    words = results["question"].fillna(results["content"]).str.slice(0, 70)
    shown = results[["rank", "similarity", "vector_rank", "text_rank", "chunk_id"]]
    return shown.assign(chunk=words, source=results["source"])


def _summary(found: Answer) -> str:
    seconds = found.embedding_seconds + found.database_seconds
    return (
        f"{found.searched:,} chunks searched in {seconds * 1000:.0f} ms, {found.mode.value},"
        f" model {found.knowledge.model or 'none'}, threshold {found.threshold:g}."
    )
