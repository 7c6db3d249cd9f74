"""One line per request, without the query: a webhook address carries its token there."""

import json
import logging
import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_UNTOLD: Final = ("/static/", "/_stcore/health", "/healthz")
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

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "websocket.accept":
                status = 101
            elif message["type"] in {"http.response.start", "websocket.http.response.start"}:
                status = message["status"]
            elif message["type"] == "websocket.close" and status == 500:
                status = 403
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            spent = round((time.perf_counter() - begin) * 1000)
            method = scope.get("method", "WEBSOCKET")
            line = {"method": method, "path": path, "status": status, "ms": spent}
            logger.info(json.dumps(line))


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
