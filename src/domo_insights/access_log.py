"""One line per request, without the query: a webhook address carries its token there."""

import json
import logging
import re
import time
from typing import Final
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_UNTOLD: Final = ("/static/", "/_stcore/health", "/healthz", "/readyz")
REQUEST_ID: Final = "x-request-id"
_TRUSTED: Final = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
logger = logging.getLogger(__name__)


class AccessLog:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] not in {"http", "websocket"} or path.startswith(_UNTOLD):
            await self._app(scope, receive, send)
            return
        begin, status = time.perf_counter(), 500
        request_id = _request_id(scope)

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "websocket.accept":
                status = 101
            elif message["type"] in {"http.response.start", "websocket.http.response.start"}:
                status = message["status"]
            elif message["type"] == "websocket.close" and status == 500:
                status = 403
            if message["type"] == "http.response.start":
                own = (REQUEST_ID.encode(), request_id.encode())
                message = {**message, "headers": [*message.get("headers", ()), own]}
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            spent = round((time.perf_counter() - begin) * 1000)
            method = scope.get("method", "WEBSOCKET")
            line = {"method": method, "path": path, "status": status, "ms": spent}
            logger.info(json.dumps({"id": request_id, **line}))


def _request_id(scope: Scope) -> str:
    """The id that a proxy in front gave the request, if it is one, else a new one."""
    given: bytes = dict(scope.get("headers", ())).get(REQUEST_ID.encode(), b"")
    return given.decode() if _TRUSTED.fullmatch(given) else uuid4().hex[:16]


def write_to_stderr() -> None:
    """Our lines on standard error, and none of uvicorn's, whose lines hold whole addresses."""
    theirs = logging.getLogger("uvicorn.access")
    theirs.handlers.clear()
    theirs.propagate = False
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
