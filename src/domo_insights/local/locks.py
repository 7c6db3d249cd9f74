"""Locks between processes. The kernel drops them when the process that holds one dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FileLock:
    """One holder's view of the lock file `path`: shared with others, or held alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        return self._fd is not None

    def share(self) -> None:
        """Hold it together with others; waits while somebody holds it alone."""
        fcntl.flock(self._open(), fcntl.LOCK_SH)

    def alone(self) -> None:
        """Hold it alone; waits for everybody else."""
        fcntl.flock(self._open(), fcntl.LOCK_EX)

    def try_alone(self) -> bool:
        """Hold it alone if nobody else holds it now."""
        try:
            fcntl.flock(self._open(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def read(self) -> str:
        """What the holder wrote into it."""
        return self.path.read_text() if self.path.exists() else ""

    def write(self, text: str) -> None:
        fd = self._open()
        os.ftruncate(fd, 0)
        os.pwrite(fd, text.encode(), 0)

    def _open(self) -> int:
        if self._fd is None:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        return self._fd


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Alone in this block among all processes that use `path`."""
    lock = FileLock(path)
    try:
        lock.alone()
        yield
    finally:
        lock.release()
