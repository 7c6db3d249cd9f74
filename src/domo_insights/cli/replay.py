"""`domo-insights replay`: what visitors asked, held against the knowledge of today."""

import json
from typing import Annotated, Any
from uuid import UUID

import pandas as pd
import typer

from domo_insights.cli import talk
from domo_insights.cli.context import DataDir, database, ends_in_order
from domo_insights.cli.impersonation import in_the_name_of
from domo_insights.cli.options import AnswerForm, AsEmail, Form, Zone, demo_of, period_of
from domo_insights.cli.output import as_table
from domo_insights.cli.progress import progress_bar, shown_on
from domo_insights.database.doors import reading
from domo_insights.database.engine import engine_for
from domo_insights.errors import WrongUseError
from domo_insights.evaluation import questions
from domo_insights.evaluation.replaying import replay as run_replay
from domo_insights.exports.cells import records
from domo_insights.queries import replays
from domo_insights.queries.replays_compared import compared, in_words


def register(app: typer.Typer) -> None:
    app.command()(replay)


def replay(
    as_email: AsEmail = None,
    demo: Annotated[str | None, typer.Option(metavar="ID", help="Whose knowledge.")] = None,
    period: Annotated[str, typer.Option(help="7d, 24h, or A..B; day B is excluded.")] = "7d",
    zone: Zone = "UTC",
    include_test: Annotated[
        bool, typer.Option("--include-test", help="Replay test conversations as well.")
    ] = False,
    form: AnswerForm = Form.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Run what visitors asked in a period through today's knowledge, and keep the outcome."""
    if not as_email or not demo:
        raise WrongUseError("Nobody to ask for, or no demo.", hint="Say --as EMAIL --demo ID.")
    wanted = period_of(period, zone)
    demo_id = demo_of(demo)
    with database(data_dir) as settings:
        engine = engine_for(settings.secret("database_url"))
        viewer = in_the_name_of(settings, as_email, {"query": "replay"})
        with ends_in_order(), progress_bar() as bar:
            run_id = run_replay(engine, viewer, demo_id, wanted, include_test, shown_on(bar))
        with reading(engine, viewer) as conn:
            runs = replays.runs(conn, demo_id)
            asked = replays.questions(conn, run_id)
            before = _before(conn, runs, run_id)
    run = runs[runs["run_id"] == run_id]
    if form is Form.JSON:
        told_of = {"run": records(run)[0], "questions": records(asked), "rule": questions.RULE}
        typer.echo(json.dumps(told_of, ensure_ascii=False, indent=1))
        return
    gaps = asked[asked["verdict"] != "well"]
    if len(gaps):
        shown = gaps[["verdict", "asked", "unhappy", "similarity"]]
        typer.echo(as_table(shown.assign(question=gaps["question"].str.slice(0, 90)).head(25)))
    for line in (*_summary(run.to_dict("records")[0]), in_words(compared(before, asked))):
        talk.print(line, soft_wrap=True, markup=False)


def _before(conn: Any, runs: pd.DataFrame, run_id: UUID) -> pd.DataFrame | None:
    older = runs[runs["run_id"] != run_id]
    return replays.questions(conn, older["run_id"].iloc[0]) if len(older) else None


def _summary(run: dict[Any, Any]) -> list[str]:
    return [
        f"{run['questions']:,} questions replayed against {run['chunks']:,} chunks in"
        f" {run['seconds']:.1f} s: {run['answered_well']:,} answered well"
        f" ({run['coverage']:.0%}), {run['answered_weakly']:,} weakly,"
        f" {run['not_answered']:,} not at all.",
        f"{run['small_talk']:,} greetings, {run['fragments']:,} fragments and {run['remarks']:,}"
        " remarks left out.",
    ]
