"""How long a server waits for the head of a request, how large one may be, and what it says to one
it cannot read."""

from asyncio import TimerHandle, Transport
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from domo_insights.auth.response_headers import headers_for

HEADER_SECONDS: Final = 15
HEADER_BYTES: Final = 64 * 1024


class _Connection(h11.Connection):
    """h11 has a limit for heads that are not whole yet: one that comes in one piece passes it."""

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        event = super().next_event()
        if isinstance(event, h11.Request):
            lines = sum(len(name) + len(value) + 4 for name, value in event.headers)
            if len(event.target) + lines > HEADER_BYTES:
                raise h11.RemoteProtocolError("The head is too large.", error_status_hint=431)
        return event


class PatientProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, with an end to waiting for the head of a request."""

    _waiting: TimerHandle | None = None

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.conn = _Connection(h11.SERVER, HEADER_BYTES)

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """As uvicorn's own, which no middleware sees, with the headers of every other answer."""
        known = {"content-type": "text/plain; charset=utf-8", "connection": "close"}
        known |= headers_for("http")
        headers = [(name.lower().encode(), value.encode()) for name, value in known.items()]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=msg.encode("ascii")),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _look(self) -> None:
        """Wait while a head is not whole. After an answer uvicorn's own, shorter wait begins."""
        if self.conn.their_state is not h11.IDLE:
            self._stop()
        elif self._waiting is None and not self.transport.is_closing():
            self._waiting = self.loop.call_later(HEADER_SECONDS, self._hang_up)

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _hang_up(self, *_: Any) -> None:
        self._waiting = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()
