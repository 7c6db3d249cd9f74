"""The frontend's files, compressed once and kept.

Streamlit sends them as they lie on disk, since compressing at every request would cost more than it
saves; the first visit of a page with a chart is then 9 MB. Their names carry a hash of what is in
them, so what was compressed stays right for as long as the process lives.
"""

import asyncio
import gzip
import re
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEAST_BYTES: Final = 1024
MOST_KEPT_BYTES: Final = 48 * 1024**2
LEVEL: Final = 6
"""Of 9 the largest file is no smaller by half a percent, and takes half as long again."""
_FILE: Final = re.compile(r"/static/(?:[\w.@-]+/)*[\w.@-]+\.(?:js|css|json|svg|map|txt)$")


@dataclass(frozen=True, slots=True)
class _Answer:
    """A whole answer, as the application below gave it."""

    start: Message
    body: bytes

    async def to(self, send: Send) -> None:
        await send(self.start)
        await send({"type": "http.response.body", "body": self.body})


class Compressed:
    """ASGI middleware: GET of a static text file by a client that takes gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[str, _Answer] = {}
        self._bytes = 0
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_asked(scope):
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        answer = self._kept.get(path)
        if answer is None:
            # Many ask at once after a start: one of them compresses.
            async with self._turns.setdefault(path, asyncio.Lock()):
                answer = self._kept.get(path) or await self._make(scope)
        await answer.to(send)

    async def _make(self, scope: Scope) -> _Answer:
        plain = await _whole(self._app, scope)
        headers = MutableHeaders(raw=list(plain.start["headers"]))
        if plain.start["status"] != 200 or "content-encoding" in headers:
            return plain
        headers.add_vary_header("Accept-Encoding")
        body = plain.body
        if len(body) >= LEAST_BYTES:
            small = await asyncio.to_thread(gzip.compress, body, LEVEL, mtime=0)
            if len(small) < len(body) * 0.9:
                body = small
                headers["Content-Encoding"] = "gzip"
                headers["Content-Length"] = str(len(small))
                if "etag" in headers:  # it names the bytes on disk
                    del headers["etag"]
        made = _Answer({**plain.start, "headers": headers.raw}, body)
        if self._bytes + len(body) <= MOST_KEPT_BYTES:
            self._kept[scope["path"]] = made
            self._bytes += len(body)
        return made


def _is_asked(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET" or not _FILE.search(scope["path"]):
        return False
    headers = Headers(scope=scope)
    takes = {part.split(";")[0].strip() for part in headers.get("accept-encoding", "").split(",")}
    return "gzip" in takes and "range" not in headers and "if-none-match" not in headers


async def _whole(app: ASGIApp, scope: Scope) -> _Answer:
    """The whole answer, also where who asked has left meanwhile: it is kept for everybody."""
    start: Message = {"type": "http.response.start", "status": 500, "headers": []}
    parts: list[bytes] = []

    async def take(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await app(scope, _stays, take)
    return _Answer(start, b"".join(parts))


async def _stays() -> Message:
    """A client that has sent all of its request, which is nothing, and does not go away."""
    never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    return await never
