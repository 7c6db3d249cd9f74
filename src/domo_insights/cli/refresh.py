"""`domo-insights refresh`: bring what is kept for pages up to date by hand."""

import signal
from typing import Annotated

import typer

from domo_insights.cli import talk
from domo_insights.cli.context import DataDir, database, ends_in_order
from domo_insights.cli.progress import progress_bar
from domo_insights.database import rollups
from domo_insights.database.engine import engine_for
from domo_insights.database.rollups import progress


def register(app: typer.Typer) -> None:
    app.command()(refresh)


def refresh(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Count everything anew, whatever is kept already.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Bring the rollups that pages are answered from up to date, and fill them in.

    A running server does the same by itself. Pages are right before, while and after: this only
    makes them quick. Can be stopped with Ctrl-C and run again: it goes on where it was.
    """
    with database(data_dir) as found, ends_in_order(130, signals=(signal.SIGINT,)):
        engine = engine_for(found.secret("database_url"))
        if rebuild:
            rollups.start_over(engine)
        with progress_bar() as bar:
            tasks = {part.part: bar.add_task(part.part.capitalize()) for part in progress(engine)}
            steps = rollups.refresh(engine)
            changes, filled = next(steps), 0
            for step in steps:
                filled += step
                for part in progress(engine) if filled else ():
                    bar.update(tasks[part.part], completed=part.done, total=part.total)
        talk.print(
            f"{changes:,} changes worked off, {filled:,} conversations and days filled in.",
            soft_wrap=True,
        )
