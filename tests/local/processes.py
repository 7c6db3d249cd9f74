"""Processes that the tests start for real, and how they wait for what those do."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_PATIENCE = 60


def eventually(true: Callable[[], object], what: str) -> None:
    """Wait until `true()` holds; far longer than it takes, since only the outcome is tested."""
    deadline = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.05)


def postgres_of(folder: Path) -> list[psutil.Process]:
    """Every live Postgres process of the data folder."""
    found = []
    for process in psutil.process_iter():
        try:
            dead = process.status() == psutil.STATUS_ZOMBIE
            if not dead and Path(process.cwd()).is_relative_to(folder):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


@contextmanager
def python(code: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A Python process that runs `code`; gone when the block ends."""
    command = [sys.executable, "-c", code, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, stdin=pipe, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
