"""`domo-insights export` and `import`: everything of an owner as one file, and back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from domo_insights.cli import talk
from domo_insights.cli.context import DataDir, database
from domo_insights.cli.impersonation import in_the_name_of
from domo_insights.cli.options import OneDemo, Owner, demo_of
from domo_insights.database.engine import engine_for
from domo_insights.exports import archive, archive_import
from domo_insights.exports.whole_file import written_whole
from domo_insights.ingest.owners import owner_of


def register(app: typer.Typer) -> None:
    app.command("export")(export)
    app.command("import")(import_)


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The archive, a .zip to be made.")],
    as_email: Owner,
    demo: OneDemo = None,
    vectors: Annotated[
        bool, typer.Option("--vectors", help="The embeddings too; they can be made again.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Write everything of an owner to one file: JSON to be put back, CSV to be read.

    The file is there whole or not at all, and readable by you alone: it holds what visitors said.
    """
    demo_id = demo_of(demo) if demo else None
    with database(data_dir) as settings:
        viewer = in_the_name_of(settings, as_email, {"query": "archive"})
        with written_whole(file) as written, _bar() as moved:
            rows = archive.write(
                written, viewer, datetime.now(UTC),
                demo_id=demo_id, vectors=vectors, progress=moved,
            )  # fmt: skip
    _tell(rows)
    talk.print(
        f"{file} holds what visitors said. It is readable by you alone (mode 0600): keep it so.",
        soft_wrap=True,
        markup=False,
    )


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="An archive.", exists=True, dir_okay=False)
    ],
    owner: Annotated[
        str, typer.Option(metavar="EMAIL", help="Whose demos they are in this database.")
    ],
    data_dir: DataDir = None,
) -> None:
    """Put an archive into this database: all of it, or nothing.

    Conversations that were erased here stay away. Callbacks wait meanwhile.
    """
    with database(data_dir) as settings:
        admin = engine_for(settings.secret("database_admin_url"))
        with _bar() as moved:
            rows = archive_import.put_in(admin, file, owner_of(admin, owner), moved)
    _tell(rows)


def _tell(rows: dict[str, int]) -> None:
    typer.echo("\n".join(f"{name:<26}{count:>12,}" for name, count in rows.items() if count))


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar per table on stderr, for people only."""
    columns = (TextColumn("{task.description:<26}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=talk, transient=True, disable=not talk.is_terminal) as progress:
        task = progress.add_task("", total=None)

        def moved(table: str, done: int, total: int) -> None:
            progress.update(task, description=table, completed=done, total=total)

        yield moved
