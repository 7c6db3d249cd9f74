"""`domo-insights bench`: measures a scratch database, prints a table or JSON."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from domo_insights.bench import report
from domo_insights.bench.measures import PARTS, Given, measured
from domo_insights.bench.scratch import scratch
from domo_insights.cli import talk
from domo_insights.cli.context import ends_in_order
from domo_insights.errors import WrongUseError


class Form(StrEnum):
    """How the result is written."""

    TABLE = "table"
    JSON = "json"


def register(app: typer.Typer) -> None:
    app.command()(bench)


def bench(
    scale: Annotated[
        float, typer.Option(help="1: 5 million messages and 3 million events.", min=0.0005, max=200)
    ] = 0.05,
    only: Annotated[
        str | None, typer.Option(metavar="PARTS", help=f"Of {','.join(PARTS)}; all by default.")
    ] = None,
    repeat: Annotated[int, typer.Option(help="Times each page is asked.", min=1)] = 5,
    seed: Annotated[int, typer.Option(help="Another one, other conversations.", min=0)] = 1,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the scratch database; a new one by default."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the scratch database.")] = False,
    form: Annotated[Form, typer.Option("--format", help="How to write it.")] = Form.TABLE,
) -> None:
    """Measure how fast pages, ingest, search and browser are on data of any size.

    A scratch database is made and filled for it; yours is not touched. It can be interrupted, and
    with --data-dir and --keep it goes on where it was, or measures again what is there.
    """
    wanted = _parts(only)
    with ends_in_order(), _progress() as bar:
        tell = _teller(bar)
        with scratch(data_dir, scale, seed, keep=keep, progress=tell) as made:
            found: dict[str, Any] = measured(Given(made, scale, repeat, tell), wanted)
            kept = made.stack.data_dir
    if form is Form.JSON:
        typer.echo(report.as_json(found))
    else:
        report.show(found)
    if keep:
        talk.print(f"The scratch database is in {kept}.", soft_wrap=True, markup=False)


def _parts(only: str | None) -> tuple[str, ...]:
    if only is None:
        return PARTS
    wanted = [part.strip() for part in only.split(",") if part.strip()]
    unknown = [part for part in wanted if part not in PARTS]
    if unknown or not wanted:
        raise WrongUseError(
            f"{', '.join(unknown) or 'Nothing'} cannot be measured.", hint=f"One of {PARTS}."
        )
    return tuple(part for part in PARTS if part in wanted)


def _teller(bar: Progress) -> Callable[[str, float], None]:
    """Moves the bar; where nobody sees one, each thing that is begun gets a line."""
    at, said = bar.add_task("start", total=1.0), ""

    def tell(what: str, share: float) -> None:
        nonlocal said
        bar.update(at, description=what, completed=share)
        if what != said and not talk.is_terminal:
            talk.print(f"{datetime.now(UTC):%H:%M:%S} {what}", markup=False)
        said = what

    return tell


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:40.40}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        console=talk,
        disable=not talk.is_terminal,
    )
