"""A file that is there whole or not at all, and that its owner alone may read."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from domo_insights.errors import DomoInsightsError, WrongUseError


class FileError(DomoInsightsError):
    """The file cannot be written or read."""


@contextmanager
def written_whole(path: Path, *, replace: bool = False) -> Iterator[IO[bytes]]:
    """What is written in this block becomes `path` when it ends, mode 0600; nothing when it raises.

    It grows beside its place as NAME.part. A kill leaves that behind, and the next one to write
    `path` takes it over.
    Raises: WrongUseError where `path` exists or cannot be, FileError where the disk refuses.
    """
    if path.exists() and not replace:
        raise WrongUseError(f"{path} exists.", hint="Name another file, or move that one away.")
    beside = path.with_name(f"{path.name}.part")
    try:
        fd = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise WrongUseError(f"{path} cannot be written: {error.strerror}.") from error
    with os.fdopen(fd, "r+b") as file:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WrongUseError(f"{path} is being written by another process.") from error
        try:
            os.fchmod(fd, 0o600)
            file.truncate()
            yield file
            file.flush()
            os.fsync(fd)
            beside.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise FileError(
                f"{path} cannot be written: {error.strerror or error}.",
                hint="Nothing of it was kept. Make room, or name another place.",
            ) from error
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
