"""Work in a process of its own that is killed at a chosen point.

Each is forked off one process that has everything imported already, so a start costs a fraction of
a second and a kill hits the work instead of the imports.
"""

import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType
from typing import Any

Told = Callable[[Any], None]
Work = Callable[..., None]
_PATIENCE = 120


def _nursery() -> ForkServerContext:
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["pytest", "tests.faults.preloaded"])
    return made


_context = _nursery()


class Process:
    """`work(told, *arguments)` in a process; what it tells arrives here."""

    def __init__(self, work: Work, *arguments: Any) -> None:
        here, there = _context.Pipe(duplex=False)
        self._pipe = here
        self.process: ForkServerProcess = _context.Process(
            target=_run, args=(there, work, arguments), daemon=True
        )
        with _no_main():
            self.process.start()
        there.close()
        self.done = False

    def told(self) -> Iterator[Any]:
        """What it tells, until it is done or dead."""
        while True:
            try:
                what, value = self._pipe.recv()
            except (EOFError, ConnectionResetError):
                return
            if what == "done":
                self.done = True
                return
            yield value

    def kill(self) -> list[Any]:
        """End it in the middle of whatever it does; what it had told and nobody had read."""
        self.process.kill()
        return list(self.told())

    def end(self) -> None:
        """Wait for it. It ended in order, or was killed by us; anything else fails the test."""
        self.process.join(_PATIENCE)
        assert self.process.exitcode in {0, -9}, f"the work failed: {self.process.exitcode}"
        self._pipe.close()
        self.process.close()


@contextmanager
def _no_main() -> Iterator[None]:
    """A child runs the main module of its parent anew; a page that was tried in this process
    before has left itself as that."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def started(work: Work, *arguments: Any) -> Iterator[Process]:
    process = Process(work, *arguments)
    try:
        yield process
    finally:
        if not process.done:
            process.kill()
        process.end()


def killed(work: Work, *arguments: Any, after: int, longer: float) -> tuple[bool, list[Any]]:
    """Do `work`, kill it `longer` seconds after it has told `after` things. Whether it was killed
    before it was done, and all that it told."""
    with started(work, *arguments) as process:
        heard, telling = [], process.told()
        while len(heard) < after:
            try:
                heard.append(next(telling))
            except StopIteration:
                return False, heard
        time.sleep(longer)
        heard += process.kill()
        return not process.done, heard


def done(work: Work, *arguments: Any) -> list[Any]:
    """Do `work` to its end; all that it told."""
    with started(work, *arguments) as process:
        heard = list(process.told())
        assert process.done, f"the work ended early: {heard[-1:]}"
        return heard


def points(seed: int, kills: int, most_steps: int, longest: float) -> Iterator[dict[str, Any]]:
    """Where to kill, `kills` times."""
    die = random.Random(seed)
    for _ in range(kills):
        yield {"after": die.randrange(most_steps), "longer": die.random() * longest}


def _run(pipe: Connection, work: Work, arguments: tuple[Any, ...]) -> None:
    work(lambda value=None: pipe.send(("told", value)), *arguments)
    pipe.send(("done", None))
