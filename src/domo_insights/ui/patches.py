"""What a browser shows already is not sent to it again.

When the server runs a page because data moved (ui/tabs.py), nearly everything comes out as before;
Streamlit would have the browser draw all of it, again and again while the run goes on. Here such a
run is held until it is over. The browser then gets the parts that came out differently and hears
of nothing else. Whatever is unusual, an error, another layout, a run that the browser asked for
meanwhile, goes out just as Streamlit sent it.

A chart takes a browser longer than all else that a moved number changes. While much moves, charts,
and cards on which the number is the same, keep a distance in time; other words and rows do not
wait for them.
"""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from weakref import WeakValueDictionary

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from domo_insights.ui.drawn import OF_THE_RUN, Drawn, Path

CALM_SECONDS: Final = 3.0
"""A page on which nothing has moved for so long gets the charts that wait."""
_ASKS: Final = frozenset({"rerun_script", "stop_script"})


class Line:
    """The way from a session to its browser."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._lock = asyncio.Lock()
        self._shown: Drawn | None = None
        self._run = Drawn()
        self._whole = True
        self._asked = True  # a browser that connects waits for its first run
        self._woken = False
        self._held: list[tuple[Message, ForwardMsg]] | None = None
        self._charts: dict[Path, tuple[Message, tuple[str, str]]] = {}
        """Charts that wait, by place: what to send, and what stands there then."""
        self._apart, self._drew_at = 0.0, float("-inf")
        self._later: asyncio.Task[None] | None = None

    def wake(self, charts_apart: float) -> None:
        """The next run that the browser did not ask for is to be held; its charts are sent no
        sooner than `charts_apart` seconds after the last ones."""
        self._woken, self._apart = True, charts_apart

    async def asked(self) -> None:
        """The browser asks for something: from here on it hears everything."""
        async with self._lock:
            self._asked, self._woken = True, False
            await self._release()

    def close(self) -> None:
        """Nothing more is sent of its own accord."""
        if self._later:
            self._later.cancel()

    async def forward(self, message: Message) -> str | None:
        """Send, hold or drop what Streamlit sends. Answers the session, where it is named."""
        raw = message.get("bytes")
        if message["type"] != "websocket.send" or raw is None:
            await self._send(message)
            return None
        said = ForwardMsg.FromString(raw)
        async with self._lock:
            kind = said.WhichOneof("type")
            if kind == "new_session":
                await self._begin(said)
            else:
                self._run.take(said)
            if self._held is None:
                await self._send(message)
            else:
                self._held.append((message, said))
            if kind == "script_finished":
                await self._end(said)
        return said.new_session.initialize.session_id if kind == "new_session" else None

    async def _begin(self, said: ForwardMsg) -> None:
        self._whole = not said.metadata.run.fragment_ids
        if self._woken and not self._asked and self._held is None and not self._whole:
            self._woken, self._held = False, []
        if self._held is None:
            await self._draw()
        self._run = Drawn()

    async def _end(self, said: ForwardMsg) -> None:
        same = not self._whole and self._shown is not None and self._shown.has(self._run)
        if said.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self._shown = self._shown if same else None
            return
        self._asked = False
        well = self._whole and said.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
        if self._held is not None:
            if well and self._shown is not None and self._run.same_layout(self._shown):
                held, self._held = self._held, None
                await self._patch(_differing(held, self._run, self._shown), self._shown)
            elif same:
                self._held = None
            else:
                await self._release()
        if not same:
            self._shown = self._run if well else None

    async def _patch(self, parts: Iterable[tuple[Message, ForwardMsg]], shown: Drawn) -> None:
        self._charts = {}
        for message, said in parts:
            if not shown.is_slow_to_draw(said):
                await self._send(message)
                continue
            path = tuple(said.metadata.delta_path)
            self._charts[path] = message, self._run.parts[path]
            self._run.parts[path] = shown.parts[path]
        left = self._drew_at + self._apart - time.monotonic()
        if left <= 0:
            self._shown = self._run
            await self._draw()
        elif self._charts:
            self.close()
            self._later = asyncio.create_task(self._draw_in(min(left, CALM_SECONDS)), name="charts")

    async def _draw_in(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        async with self._lock:
            with suppress(Exception):  # the browser left meanwhile
                await self._draw()

    async def _draw(self) -> None:
        """Send the charts that wait."""
        charts, self._charts = self._charts, {}
        for path, (message, stands) in charts.items():
            await self._send(message)
            if self._shown is not None:
                self._shown.parts[path] = stands
        if charts:
            self._drew_at = time.monotonic()

    async def _release(self) -> None:
        await self._draw()  # before anything newer
        held, self._held = self._held or [], None
        for message, _ in held:
            await self._send(message)


_lines: Final[WeakValueDictionary[str, Line]] = WeakValueDictionary()


def wake(session_id: str, charts_apart: float = 0.0) -> None:
    """The server is about to run this session's page; its browser knows nothing of it. Charts
    that move wait until `charts_apart` seconds have passed since the last ones, or it is calm."""
    if line := _lines.get(session_id):
        line.wake(charts_apart)


class Patches:
    """ASGI middleware around Streamlit's websocket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        line = Line(send)

        async def sending(message: Message) -> None:
            if session_id := await line.forward(message):
                _lines[session_id] = line

        async def receiving() -> Message:
            message = await receive()
            raw = message.get("bytes")
            if raw is not None and BackMsg.FromString(raw).WhichOneof("type") in _ASKS:
                await line.asked()
            return message

        try:
            await self._app(scope, receiving, sending)
        finally:
            line.close()


def _differing(
    held: Iterable[tuple[Message, ForwardMsg]], now: Drawn, before: Drawn
) -> Iterable[tuple[Message, ForwardMsg]]:
    """What of a run's messages makes a page that shows `before` show `now`."""
    for message, said in held:
        kind = said.WhichOneof("type")
        if kind in OF_THE_RUN or (kind != "delta" and said.hash in before.about):
            continue
        if kind == "delta":
            path = tuple(said.metadata.delta_path)
            stands = now.parts.get(path)
            if stands is None or said.hash != stands[0] or stands == before.parts[path]:
                continue
            # The browser forgets what it caches when it hears of runs: it hears of none here.
            said.metadata.cacheable = False
            message = {**message, "bytes": said.SerializeToString()}
        yield message, said
