"""`domo-insights ingest`, `label` and `webhook-url`: callbacks from files, and where they go."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from domo_insights.cli import talk
from domo_insights.cli.context import DataDir, database
from domo_insights.cli.stopping import stopping
from domo_insights.database.doors import ingesting
from domo_insights.database.engine import engine_for
from domo_insights.errors import UnknownNameError, WrongUseError
from domo_insights.ingest import rows
from domo_insights.ingest.files import Outcome, ingest_files
from domo_insights.ingest.labels import Labelling, label_files
from domo_insights.ingest.lines import Line, size_of
from domo_insights.ingest.local_labels import LocalLabelling, label_all
from domo_insights.ingest.owners import adopt, owner_of
from domo_insights.ingest.webhook import webhook_url
from domo_insights.settings import Settings

_SHOWN = 50
_LOCAL = "http://127.0.0.1:8501"


class Form(StrEnum):
    """How the outcome is written."""

    TEXT = "text"
    JSON = "json"


Files = Annotated[
    list[str], typer.Argument(metavar="FILE...", help=".jsonl or .jsonl.gz; - is standard input.")
]
Output = Annotated[Form, typer.Option("--format", help="What is printed at the end.")]


def register(app: typer.Typer) -> None:
    app.command()(ingest)
    app.command()(label)
    app.command("webhook-url")(address)


def ingest(
    files: Files,
    owner: Annotated[
        str | None,
        typer.Option(
            metavar="EMAIL", help="Make a draft demo of this owner for each persona nobody has."
        ),
    ] = None,
    form: Output = Form.TEXT,
    data_dir: DataDir = None,
) -> None:
    """Store the Tavus callbacks of files, one per line.

    Can be stopped with Ctrl-C and run again: nothing is stored twice. Exit 1 if a line was
    rejected; all the others are stored.
    """
    size = size_of(files)
    with database(data_dir) as found:
        engine = engine_for(found.secret("database_url"))
        meet: Callable[[set[str]], None] | None = None
        if owner is not None:
            admin = engine_for(found.secret("database_admin_url"))
            owner_id = owner_of(admin, owner)

            def meet(personas: set[str]) -> None:
                adopt(admin, owner_id, personas)

        with stopping() as asked, _bar(size) as moved:
            outcome = ingest_files(engine, files, progress=moved, stopping=asked, meet=meet)
    _report(outcome, form)


def label(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE...", help=".jsonl or .jsonl.gz; - is standard input."),
    ] = None,
    local: Annotated[
        bool,
        typer.Option(
            "--local",
            help="Instead of files: fill what is missing, sentiment by a lexicon, intent by the"
            " nearest labelled example.",
        ),
    ] = False,
    form: Output = Form.TEXT,
    data_dir: DataDir = None,
) -> None:
    """Put labels on stored messages: lines of conversation_id, message_id and any of sentiment,
    intent, confidence.

    A label that is null takes the message's away; what a line does not name stays. Exit 1 if a
    line was rejected; all the others are done.
    """
    if bool(files) == local:
        raise WrongUseError("Labels come from files or from --local.", hint="Name one of both.")
    if local:
        _label_locally(form, data_dir)
        return
    files = files or []
    size = size_of(files)
    with database(data_dir) as found:
        engine = engine_for(found.secret("database_url"))
        with stopping() as asked, _bar(size) as moved:
            outcome = label_files(engine, files, progress=moved, stopping=asked)
    _report(outcome, form)


def _label_locally(form: Form, data_dir: Path | None) -> None:
    with database(data_dir) as found:
        engine = engine_for(found.secret("database_url"))
        with stopping() as asked, talk.status("Labelling") as shown:
            outcome = label_all(
                engine,
                progress=lambda read: shown.update(f"{read:,} messages looked at"),
                stopping=asked,
            )
    _report(outcome, form)


def address(
    demo: Annotated[UUID, typer.Option(metavar="ID", help="The demo's id.")],
    data_dir: DataDir = None,
) -> None:
    """Print the address that a demo's owner gives to Tavus for its callbacks."""
    with database(data_dir) as found:
        with ingesting(engine_for(found.secret("database_url"))) as conn:
            if not rows.known_demos(conn, [demo]):
                raise UnknownNameError(f"There is no demo {demo}.")
        typer.echo(webhook_url(demo, found.insights_public_url or _served_at(found)))


def _served_at(found: Settings) -> str | None:
    """Where `up` serves this folder, or last did: good for trying. None for a hosted project."""
    if found.hosted and not (found.insights_data_dir / "up.lock").is_file():
        return None
    try:
        return str(json.loads((found.insights_data_dir / "up.lock").read_text())["address"])
    except (OSError, ValueError, KeyError):
        return _LOCAL


def _report(outcome: Outcome | Labelling | LocalLabelling, form: Form) -> None:
    """Counts to stdout, what was rejected to stderr. Exits 1 where not all was done."""
    for rejection in outcome.rejections[:_SHOWN]:
        talk.print(
            escape(f"{rejection.file}, line {rejection.line}: {rejection.reason}"), soft_wrap=True
        )
    if len(outcome.rejections) > _SHOWN:
        more = len(outcome.rejections) - _SHOWN
        talk.print(f"and {more} more; --format json lists all.", soft_wrap=True)
    counts = outcome.counts()
    if form is Form.JSON:
        listed = [{"file": r.file, "line": r.line, "reason": r.reason} for r in outcome.rejections]
        typer.echo(json.dumps({**counts, "rejections": listed} if listed else counts))
    else:
        typer.echo("\n".join(f"{name:<14}{count:>10,}" for name, count in counts.items()))
    if outcome.stopped:
        talk.print(f"Stopped after {outcome.read} lines; the same again goes on from there.")
    if outcome.stopped or outcome.rejections:
        raise typer.Exit(1)


@contextmanager
def _bar(size: int) -> Iterator[Callable[[Line], None]]:
    """A progress bar on stderr, by bytes where they are known, shown to people only."""
    bar, share, counted = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[lines]} lines"),
    )
    columns = (bar, share, counted, TimeElapsedColumn())
    quiet = not talk.is_terminal
    with Progress(*columns, console=talk, transient=True, disable=quiet) as progress:
        task = progress.add_task("", total=size or None, lines=0)
        done, last, lines = 0, 0, 0

        def moved(line: Line) -> None:
            nonlocal done, last, lines
            lines += 1
            if line.read < last:  # the next file
                done, last = done + last, 0
            last = line.read or last
            progress.update(task, completed=done + last, lines=lines)

        yield moved
