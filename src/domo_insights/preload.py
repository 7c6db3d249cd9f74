"""What every page needs is named with the page: the browser fetches it while the page starts.

Streamlit's frontend asks for what draws charts and tables when the first of them arrives, and then
has megabytes to read while a person waits.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domo_insights.auth.addresses import inside

_NEEDED: Final = ("PlotlyChart.*.js", "DataFrame.*.js", "arrowFormatUtils.*.js")


class Preload:
    """ASGI middleware behind the gate: a page for somebody who is signed in has a Link header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "viewer" not in scope.get("state", {}):
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html") and needed():
                    links = (f"<{inside(path)}>; rel=modulepreload" for path in needed())
                    headers["Link"] = ", ".join(links)
            await send(message)

        await self._app(scope, receive, sending)


@cache
def needed() -> tuple[str, ...]:
    """The addresses of those files of the installed Streamlit; their names change with it."""
    found = find_spec("streamlit")
    if found is None or found.origin is None:
        return ()
    folder = Path(found.origin).parent / "static/static/js"
    return tuple(
        f"/static/js/{file.name}" for pattern in _NEEDED for file in sorted(folder.glob(pattern))
    )
