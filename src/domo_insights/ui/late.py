"""What takes a while says so: a skeleton, once it is late.

Streamlit's own starts a thread and sends three messages for each, also where nothing is late; a
page has twenty of them.
"""

import contextvars
import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import streamlit as st
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.exceptions import ScriptControlException

LATE_SECONDS: Final = 0.5


class _Clock:
    """One thread that does what is due, begun with the first thing that is."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._more = threading.Condition()
        self._thread: threading.Thread | None = None

    def at(self, moment: float, do: Callable[[], None]) -> None:
        """Have `do` done at `moment` (monotonic seconds)."""
        with self._more:
            heapq.heappush(self._due, (moment, next(self._number), do))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="late", daemon=True)
                self._thread.start()
            elif len(self._due) == 1:
                self._more.notify()

    def _run(self) -> None:
        while True:
            with self._more:
                while not self._due:
                    self._more.wait()
                moment, _, do = self._due[0]
                if (pause := moment - time.monotonic()) <= 0:
                    heapq.heappop(self._due)
            if pause > 0:
                time.sleep(pause)  # what comes meanwhile is due later
            else:
                # The tab may be gone, or about to be drawn anew: others wait for theirs.
                with suppress(Exception, ScriptControlException):
                    do()


_clock: Final = _Clock()


@contextmanager
def skeleton(height: int) -> Iterator[None]:
    """A skeleton of `height` pixels below what the block draws, from when that is late until it is
    through."""
    slot, ctx, inside = st.empty(), get_script_run_ctx(suppress_warning=True), threading.Lock()
    context, shown, over = contextvars.copy_context(), False, False

    def show() -> None:
        nonlocal shown
        with inside:
            if not over:
                add_script_run_ctx(threading.current_thread(), ctx)
                context.run(slot.skeleton, height=height)
                shown = True

    if ctx is not None:
        _clock.at(time.monotonic() + LATE_SECONDS, show)
    try:
        yield
    finally:
        with inside:
            over = True
        if shown:
            slot.empty()
