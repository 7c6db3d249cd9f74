"""Serves app.py in this process, on a socket that was bound before anything else began."""

import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn

from domo_insights.cli.patience import PatientProtocol
from domo_insights.errors import DomoInsightsError, WrongUseError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

ROOT: Final = Path(__file__).resolve().parents[3]
_GOODBYE_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound socket and the address people open."""

    socket: socket.socket
    host: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@contextmanager
def listen(address: str, port: int) -> Iterator[Listener]:
    """Bind `address` and `port`; 0 takes a free one. Raises: WrongUseError, DomoInsightsError."""
    family, host = _family(address)
    # Named TCP, or asyncio leaves Nagle's algorithm on: answers in two parts then take 40 ms more.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, port))
        except OSError as error:
            raise DomoInsightsError(
                f"Cannot listen on {address} port {port}: {error.strerror}.",
                hint="Choose another --port, or 0 for any free one.",
            ) from error
        yield Listener(bound, host, bound.getsockname()[1])


def is_loopback(address: str) -> bool:
    """Whether nobody but this machine can reach `address`. Raises: WrongUseError."""
    return ipaddress.ip_address(_family(address)[1]).is_loopback


def serve(listener: Listener, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `on_ready` gets the address once it answers."""
    # Streamlit reads .streamlit/ of the working directory.
    os.chdir(ROOT)
    config = uvicorn.Config(
        _app(listener),
        http=PatientProtocol,
        access_log=False,
        server_header=False,
        log_level="warning",
        ws_max_size=200 * 1024 * 1024,
        timeout_graceful_shutdown=_GOODBYE_SECONDS,
    )
    server = _Server(config, lambda: on_ready(listener.url))
    server.run(sockets=[listener.socket])
    if not server.started:
        raise DomoInsightsError("The dashboard did not start.", hint="The lines above say why.")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's own, which raises the signal again in the end: here the end is in order."""
        caught = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in caught}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _app(listener: Listener) -> "ASGIApp":
    from streamlit import config

    config.set_option("server.address", listener.host)
    config.set_option("server.port", listener.port)
    spec = spec_from_file_location("app", ROOT / "app.py")
    if spec is None or spec.loader is None or not (ROOT / "app.py").exists():
        raise DomoInsightsError(f"There is no app.py in {ROOT}.", hint="Run `make install` there.")
    module = module_from_spec(spec)
    sys.modules["app"] = module
    spec.loader.exec_module(module)
    app: ASGIApp = module.app
    return app


def _family(address: str) -> tuple[socket.AddressFamily, str]:
    try:
        family, _, _, _, found = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise WrongUseError(f"{address!r} is not an address of this machine.") from error
    return family, str(found[0])
