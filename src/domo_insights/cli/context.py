"""Which database a command works on."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from domo_insights import settings as settings_in_force
from domo_insights.local import stack
from domo_insights.settings import Settings


def _folder(text: str) -> Path:
    if not text.strip():
        raise typer.BadParameter("it is empty.")
    return Path(text)


DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Folder of the embedded database; wins over DATABASE_URL.",
        metavar="DIR",
        parser=_folder,
    ),
]


def is_embedded(data_dir: Path | None) -> bool:
    """Whether a command works on a database of our own making: a data folder that is named wins,
    then addresses in the environment, then the default folder. Raises: ConfigError."""
    found = settings_in_force.current()
    return data_dir is not None or not (found.hosted or found.database_admin_url)


@contextmanager
def database(data_dir: Path | None, *, migrated: bool = True) -> Iterator[Settings]:
    """The settings in force for the length of a command.

    An embedded database is made, started and, unless `migrated` is False, migrated as needed.
    Raises: ConfigError, EmbeddedError, MigrationError.
    """
    found = settings_in_force.current()
    if not is_embedded(data_dir):
        yield found
        return
    folder = data_dir or found.insights_data_dir
    with (
        ends_in_order(),
        stack.running(folder, sample=False, auth=False, migrated=migrated) as embedded,
    ):
        yield embedded.settings


@contextmanager
def ends_in_order(
    status: int = 128 + signal.SIGTERM, *, signals: tuple[signal.Signals, ...] = (signal.SIGTERM,)
) -> Iterator[None]:
    """One of `signals` leaves this block as an exit with `status`, so that nothing stays behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(_number: int, _frame: FrameType | None) -> None:
        sys.exit(status)

    before = {number: signal.signal(number, leave) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
