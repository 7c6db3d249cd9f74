"""What a browser shows already is not sent to it again.

When the server runs a page because data moved (ui/tabs.py), nearly everything comes out as before;
Streamlit would have the browser draw all of it, again and again while the run goes on. Here such a
run is held until it is over. The browser then gets the parts that came out differently and hears
of nothing else. Whatever is unusual, an error, another layout, a run that the browser asked for
meanwhile, goes out just as Streamlit sent it.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

Path = tuple[int, ...]
_OF_THE_RUN: Final = frozenset({"new_session", "script_finished", "session_status_changed"})
_ASKS: Final = frozenset({"rerun_script", "stop_script"})


@dataclass(slots=True)
class Drawn:
    """What a page consists of after a run: by place, what stands there, as a hash and a kind."""

    parts: dict[Path, tuple[str, str]] = field(default_factory=dict)
    about: set[str] = field(default_factory=set)
    """Hashes of what was said of the whole page: its title, its menu, what it repeats when."""
    clear: bool = True
    """Whether it is known what the browser made of it."""

    def take(self, said: ForwardMsg) -> None:
        """Note what `said` changes."""
        kind = said.WhichOneof("type")
        if kind in _OF_THE_RUN:
            return
        if kind not in ("delta", "ref_hash"):
            self.about.add(said.hash)
            return
        path = tuple(said.metadata.delta_path)
        if kind == "ref_hash":
            self._put(path, said.ref_hash, "element")
        elif said.delta.WhichOneof("type") == "new_element":
            self._put(path, said.hash, "element")
            # A notice appears once, also where the one before said the same.
            self.clear = self.clear and said.delta.new_element.WhichOneof("type") != "toast"
        elif said.delta.WhichOneof("type") == "add_block":
            self._put(path, said.hash, str(said.delta.add_block.WhichOneof("type")))

    def _put(self, path: Path, digest: str, kind: str) -> None:
        _, before = self.parts.get(path, ("", "element"))
        inside = [] if before == "element" else [p for p in self.parts if _is_inside(p, path)]
        for one in inside:
            if kind != before:  # a block of the same kind takes over what was in the one before
                del self.parts[one]
        self.parts[path] = (digest, kind)

    def has(self, part: "Drawn") -> bool:
        """Whether a part that was drawn anew by itself came out as it stands here."""
        inside = (path for path in self.parts if any(_is_inside(path, one) for one in part.parts))
        return part.parts.items() <= self.parts.items() and all(p in part.parts for p in inside)

    def same_layout(self, other: "Drawn") -> bool:
        """Whether everything stands where it stood, so that parts can be exchanged."""
        return (
            self.clear
            and other.clear
            and self.about <= other.about
            and self.parts.keys() == other.parts.keys()
            and all(kind == other.parts[path][1] for path, (_, kind) in self.parts.items())
        )


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

    def wake(self) -> None:
        """The next run that the browser did not ask for is to be held."""
        self._woken = True

    async def asked(self) -> None:
        """The browser asks for something: from here on it hears everything."""
        async with self._lock:
            self._asked, self._woken = True, False
            await self._release()

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
                self._begin(said)
            else:
                self._run.take(said)
            if self._held is None:
                await self._send(message)
            else:
                self._held.append((message, said))
            if kind == "script_finished":
                await self._end(said)
        return said.new_session.initialize.session_id if kind == "new_session" else None

    def _begin(self, said: ForwardMsg) -> None:
        self._whole = not said.metadata.run.fragment_ids
        if self._woken and not self._asked and self._held is None and not self._whole:
            self._woken, self._held = False, []
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
                for message in _differing(held, self._run, self._shown):
                    await self._send(message)
            elif same:
                self._held = None
            else:
                await self._release()
        if not same:
            self._shown = self._run if well else None

    async def _release(self) -> None:
        held, self._held = self._held or [], None
        for message, _ in held:
            await self._send(message)


_lines: Final[WeakValueDictionary[str, Line]] = WeakValueDictionary()


def wake(session_id: str) -> None:
    """The server is about to run this session's page; its browser knows nothing of it."""
    if line := _lines.get(session_id):
        line.wake()


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

        await self._app(scope, receiving, sending)


def _differing(
    held: Iterable[tuple[Message, ForwardMsg]], now: Drawn, before: Drawn
) -> Iterable[Message]:
    """What of a run's messages makes a page that shows `before` show `now`."""
    for message, said in held:
        kind = said.WhichOneof("type")
        if kind in _OF_THE_RUN or (kind != "delta" and said.hash in before.about):
            continue
        if kind == "delta":
            path = tuple(said.metadata.delta_path)
            stands = now.parts.get(path)
            if stands is None or said.hash != stands[0] or stands == before.parts[path]:
                continue
            # The browser forgets what it caches when it hears of runs: it hears of none here.
            said.metadata.cacheable = False
            message = {**message, "bytes": said.SerializeToString()}
        yield message


def _is_inside(path: Path, block: Path) -> bool:
    return len(path) > len(block) and path[: len(block)] == block
