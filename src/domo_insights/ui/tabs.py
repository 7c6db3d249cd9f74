"""Open tabs, and the tasks that wake those whose data have moved.

Were every browser to ask every second or two, each question would be a script run, also while
nothing happens. Here the tabs wait, and the server makes the run that a browser would have asked
for: a few tabs at a time, so that a storm of events under many tabs leaves room for people.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState

from domo_insights.database.listening import version_of
from domo_insights.ui import patches
from domo_insights.viewer import Viewer

AT_ONCE: Final = 3
"""How many tabs are drawn at the same time because something moved."""
LONGEST_RUN_SECONDS: Final = 10.0
"""A woken tab that has not come back by then is given up; its browser still asks now and then."""
LOOK_SECONDS: Final = 0.5
"""How often it is looked whether a tab that is being drawn was closed."""
BREATH: Final = 0.5
"""After a tab was drawn, its place stays empty for this many times as long as that took."""

LIVELY_SECONDS: Final = 5.0
CHARTS_APART_PER_TAB_SECONDS: Final = 0.8
CHARTS_APART_AT_MOST_SECONDS: Final = 8.0
"""Charts of a tab are sent no sooner than so long after the last ones, for each tab that something
moves under: often one browser draws all of them."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab that waits: whose, what it shows (a version), and from when it may be woken."""

    session_id: str
    viewer: Viewer
    seen: int | None
    rested_at: float
    run: ClientState

    @property
    def behind(self) -> bool:
        """Whether there is something that it does not show yet."""
        version = version_of(self.viewer)
        return version is not None and version != self.seen


class Tabs:
    """The tabs of this process. Script threads put them in and take them out, tasks wake them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._stirred = asyncio.Event()
        self._lock = threading.Lock()
        self._waiting: dict[str, Tab] = {}
        self._drawn: set[str] = set()
        self._woken: dict[str, float] = {}

    def wait(self, tab: Tab) -> None:
        """The tab shows all it was asked for. Those that were closed meanwhile are forgotten, also
        where nothing of theirs ever moves."""
        with self._lock:
            self._waiting[tab.session_id] = tab
            for closed in [one for one in self._waiting if not _is_there(one)]:
                del self._waiting[closed]
        self.drawn(tab.session_id)

    def drawn(self, session_id: str) -> None:
        """The tab was drawn, well or not: its place is free."""
        self._drawn.discard(session_id)
        self.stir()

    def take_out(self, session_id: str) -> bool:
        """The tab is being drawn, or is gone. Answers whether it had waited."""
        with self._lock:
            return self._waiting.pop(session_id, None) is not None

    def stir(self) -> None:
        """Something moved: look who is behind. Any thread may say so."""
        with suppress(RuntimeError):  # the loop is closed: nobody is there to be woken
            self._loop.call_soon_threadsafe(self._stirred.set)

    def lively(self) -> int:
        """How many tabs had to be drawn lately because something moved."""
        since = time.monotonic() - LIVELY_SECONDS
        with self._lock:
            self._woken = {name: moment for name, moment in self._woken.items() if moment > since}
            return len(self._woken)

    def waiting(self, session_id: str) -> bool:
        """Whether the tab waits."""
        return session_id in self._waiting

    async def keep_awake(self) -> None:
        """Wake one tab after the other, for ever."""
        while True:
            self._stirred.clear()
            with self._lock:
                behind = [tab for tab in self._waiting.values() if tab.behind]
            first = min(behind, key=lambda tab: tab.rested_at, default=None)
            pause = first.rested_at - time.monotonic() if first else None
            if first is None or (pause is not None and pause > 0):
                await self._stir_within(pause)
                continue
            begun = time.monotonic()
            self._drawn.add(first.session_id)
            with self._lock:
                self._woken[first.session_id] = begun
            apart = self.lively() * CHARTS_APART_PER_TAB_SECONDS
            apart = min(apart, CHARTS_APART_AT_MOST_SECONDS)
            if self.take_out(first.session_id) and _run(first, apart):
                await self._come_back(first.session_id)
                await asyncio.sleep((time.monotonic() - begun) * BREATH)
            self._drawn.discard(first.session_id)

    async def _come_back(self, session_id: str) -> None:
        """Wait for it, unless its browser leaves meanwhile."""
        end = time.monotonic() + LONGEST_RUN_SECONDS
        while session_id in self._drawn and (left := end - time.monotonic()) > 0:
            self._stirred.clear()
            await self._stir_within(min(left, LOOK_SECONDS))
            if not _is_there(session_id):
                return

    async def _stir_within(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stirred.wait(), seconds)


_kept: Tabs | None = None


@asynccontextmanager
async def waking() -> AsyncIterator[Callable[[], None]]:
    """Wake tabs for as long as the block lasts; what it gives is to be called when data moved."""
    global _kept
    tabs = Tabs(asyncio.get_running_loop())
    tasks = [asyncio.create_task(tabs.keep_awake(), name="tabs") for _ in range(AT_ONCE)]
    _kept = tabs
    try:
        yield tabs.stir
    finally:
        _kept = None
        for task in tasks:
            task.cancel()


def are_woken() -> bool:
    """Whether tabs of this process are woken, so that browsers need not ask often."""
    return _kept is not None


def lively() -> int:
    """How many tabs of this process had to be drawn lately because something moved."""
    return _kept.lively() if _kept is not None else 0


def this_run() -> ClientState | None:
    """The run of the fragment that calls this, to be made again by the server."""
    ctx = get_script_run_ctx()
    fragment_id = ThreadState.get().fragment_id
    if ctx is None or fragment_id is None:
        return None
    run = ClientState(
        query_string=ctx.query_string,
        page_script_hash=ctx.page_script_hash,
        fragment_id=fragment_id,
        is_auto_rerun=True,
    )
    if ctx.context_info is not None:  # the browser's zone, which the page is drawn in
        run.context_info.CopyFrom(ctx.context_info)
    return run


def wait(viewer: Viewer, seen: int | None, rested_at: float, run: ClientState | None) -> None:
    """This tab waits from now on."""
    ctx = get_script_run_ctx()
    if _kept is not None and ctx is not None and run is not None:
        _kept.wait(Tab(ctx.session_id, viewer, seen, rested_at, run))


def gave_up() -> None:
    """This tab could not be drawn: it does not wait, and nobody waits for it."""
    ctx = get_script_run_ctx()
    if _kept is not None and ctx is not None:
        _kept.take_out(ctx.session_id)
        _kept.drawn(ctx.session_id)


def busy() -> None:
    """This tab is being drawn, and does not wait until it says so."""
    ctx = get_script_run_ctx()
    if _kept is not None and ctx is not None:
        _kept.take_out(ctx.session_id)


def _is_there(session_id: str) -> bool:
    return Runtime.instance().get_app_session(session_id) is not None


def _run(tab: Tab, charts_apart: float) -> bool:
    """Have the tab look; its charts keep `charts_apart` seconds. Whether it is still there, with
    the fragment that looks."""
    session = Runtime.instance().get_app_session(tab.session_id)
    if session is None or not session.has_fragment(tab.run.fragment_id):
        return False
    patches.wake(tab.session_id, charts_apart)
    session.request_rerun(tab.run)
    return True
