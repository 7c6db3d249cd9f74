"""Where the local sign-in service listens.

It has a thread and loop of its own: as a route of the app it would have to call itself, and would
be as public as the app.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from domo_insights.errors import EmbeddedError

_START_SECONDS: Final = 10.0


@contextmanager
def listening(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve `app` on a `port` of 127.0.0.1, on a free one for 0; yields its address.

    Raises: EmbeddedError when it cannot listen.
    """
    listener = _bound(port)
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", ws="none")
    server = _Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="auth-api", daemon=True)
    thread.start()
    try:
        if not server.ready.wait(_START_SECONDS):
            raise EmbeddedError("The sign-in service did not start.")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)
        listener.close()


def _bound(port: int) -> socket.socket:
    # Named TCP, or asyncio leaves Nagle's algorithm on: answers in two parts then take 40 ms more.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Connections that ended a moment ago would keep a fixed port busy for a minute.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise EmbeddedError(f"Port {port} for the sign-in service is taken.") from error
    return listener


class _Server(uvicorn.Server):
    """A server beside the main thread: it owns no signals and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()
