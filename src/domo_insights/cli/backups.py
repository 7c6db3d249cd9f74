"""`domo-insights backup` and `restore`: the embedded database as one file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from domo_insights import settings as settings_in_force
from domo_insights.cli import talk
from domo_insights.cli.context import DataDir, ends_in_order, is_embedded
from domo_insights.errors import WrongUseError
from domo_insights.exports.whole_file import written_whole
from domo_insights.local import backup as backups
from domo_insights.local import restore as restores
from domo_insights.local.server import PostgresServer

_HOSTED = "docs/life-of-data.md says how a hosted project is backed up."
Backup = Annotated[
    Path, typer.Argument(metavar="FILE", help="A backup.", exists=True, dir_okay=False)
]


def register(app: typer.Typer) -> None:
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup, to be made.")],
    data_dir: DataDir = None,
) -> None:
    """Write the embedded database to one file: rows, roles, users and keys.

    The dashboard may run meanwhile. The file is there whole or not at all.
    """
    if not is_embedded(data_dir):
        raise WrongUseError("This is a database of a hosted project.", hint=_HOSTED)
    folder = (data_dir or settings_in_force.current().insights_data_dir).expanduser().resolve()
    if not (folder / "postgres").exists():
        raise WrongUseError(f"There is no database in {folder}.", hint="Name it with --data-dir.")
    with ends_in_order(), PostgresServer(folder) as server, written_whole(file) as written:
        rows = backups.write(server, written, _say)
    typer.echo(f"{file}: {rows:,} rows, {file.stat().st_size:,} bytes.")
    _say(
        "It holds what visitors said, the passwords' hashes, and the keys that browser sessions and"
        " webhook addresses rest on. It is readable by you alone (mode 0600): keep it like a key."
    )
    _say(f"Whether it can be restored: domo-insights restore {file} --check")


def restore(
    file: Backup,
    check: Annotated[
        bool, typer.Option("--check", help="Restore it for a look, compare, and keep nothing.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Make a new data folder of a backup, and compare every table with what the backup says."""
    with ends_in_order():
        if check:
            typer.echo(f"{file} can be restored: {restores.check(file, _say):,} rows compared.")
            return
        if data_dir is None:
            raise WrongUseError("Where to?", hint="Name a new folder with --data-dir.")
        rows = restores.restore(file, data_dir, _say)
    typer.echo(f"{data_dir}: {rows:,} rows.")
    _say(f"Start it with: domo-insights up --data-dir {data_dir}")
    _say("Conversations that were erased since the backup are in it again: erase them once more.")


def _say(line: str) -> None:
    talk.print(line, soft_wrap=True, markup=False)
