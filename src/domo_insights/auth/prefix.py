"""Served below a path of somebody's site: `INSIGHTS_PUBLIC_URL` with a path names it."""

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from domo_insights.settings import current


class Prefix:
    """ASGI middleware around everything else: takes the prefix off, for a proxy that leaves it on.

    One that takes it off itself is served as well. What we answer carries it in any case.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = current().prefix
        if not prefix or scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        path = str(scope["path"])
        if path == prefix and scope["type"] == "http":
            query = scope.get("query_string", b"").decode("latin-1")
            # The dashboard's own addresses are relative: without the slash they lead elsewhere.
            leads_to = f"{prefix}/{'?' if query else ''}{query}"
            await RedirectResponse(leads_to, 308)(scope, receive, send)
            return
        if path.startswith(f"{prefix}/"):
            raw = bytes(scope.get("raw_path") or path.encode()).removeprefix(prefix.encode())
            scope = {**scope, "path": path[len(prefix) :], "raw_path": raw}
        await self.app(scope, receive, send)
