"""Nothing of the app is answered before somebody signed in: pages, websocket, media, uploads."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from domo_insights.auth import answers, web_sessions
from domo_insights.auth import cookies as jar
from domo_insights.auth.addresses import inside, safe_next, same_site
from domo_insights.errors import AuthServiceError, ConfigError, DatabaseError, DomoInsightsError
from domo_insights.viewer import Viewer

# Whole paths, decoded once as the router sees them. A segment starts with no dot and no path has
# an empty one, so `..`, `//`, a backslash or a second layer of `%` match nothing here.
_PUBLIC: Final = re.compile(
    r"/sign-in(/style\.css|/mark\.svg|/mail|/code|/link|/reset|/new|/password|/return)?"
    r"|/sign-in/with/[a-z][a-z0-9_]+"
    r"|/sign-out"
    r"|/healthz|/readyz|/_stcore/health"
    r"|/favicon\.png|/manifest\.json"
    r"|/webhooks/tavus(/[A-Za-z0-9_-]+)?"
    r"|/static/(js|css|media)(/[A-Za-z0-9_@-][A-Za-z0-9_.@-]*)+"
    r"|/app/static(/[A-Za-z0-9_@-][A-Za-z0-9_.@-]*)+"
)
_NO_PAGE: Final = re.compile(r"/(_stcore|media|component|static|app|webhooks)(/|$)")
# What Streamlit serves and no page needs: an agent that drives the app for who cannot sign in as we
# do, counts of the process, uploads, a sign-in of its own. Closed whatever its settings say.
_CLOSED: Final = re.compile(
    r"/_stcore/(agent|metrics|script-health-check|upload_file)(/.*)?"
    r"|/auth/(login|logout)|/oauth2callback",
    re.DOTALL,
)
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """ASGI middleware. Behind it, `scope["state"]["viewer"]` is who asks."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        if scope["type"] == "http" and is_public(_path(scope)):
            await self.app(scope, receive, send)
            return
        answer = _closed(scope) or await _refusal(scope)
        await (answer or self.app)(scope, receive, send)


def is_public(path: str) -> bool:
    """Whether `path`, decoded once, is answered to anybody."""
    return _PUBLIC.fullmatch(path) is not None


async def _refusal(scope: Scope) -> ASGIApp | None:
    """What to answer instead of the app; None when the app may answer."""
    headers = Headers(scope=scope)
    writes = scope["type"] == "websocket" or scope["method"] not in _READING
    if writes and not same_site(headers, scope["scheme"]):
        return _foreign(scope)
    try:
        viewer = await to_thread.run_sync(_viewer, jar.from_header(headers.get("cookie", "")))
    except (DatabaseError, AuthServiceError, ConfigError) as problem:
        return _trouble(scope, headers, problem)
    if viewer is None:
        return _nobody(scope, headers)
    scope.setdefault("state", {})["viewer"] = viewer
    return None


def _viewer(cookies: Mapping[str, str]) -> Viewer | None:
    session_id = jar.session_id(cookies)
    return web_sessions.viewer_of(session_id) if session_id else None


def _closed(scope: Scope) -> ASGIApp | None:
    if scope["type"] != "http" or _CLOSED.fullmatch(_path(scope)) is None:
        return None
    return _json({"error": "closed", "message": "Nothing is served here."}, HTTPStatus.NOT_FOUND)


def _nobody(scope: Scope, headers: Headers) -> ASGIApp:
    if scope["type"] == "websocket":
        return WebSocketClose(code=4401, reason="Nobody is signed in.")
    if not _wants_page(scope, headers):
        words = {"error": "not_signed_in", "message": "Nobody is signed in."}
        return _json(words, HTTPStatus.UNAUTHORIZED)
    leads_to = safe_next(_asked(scope))
    query = f"?{urlencode({'next': leads_to})}" if leads_to != "/" else ""
    return RedirectResponse(inside(f"/sign-in{query}"), HTTPStatus.SEE_OTHER, answers.HEADERS)


def _foreign(scope: Scope) -> ASGIApp:
    if scope["type"] == "websocket":
        return WebSocketClose(code=4403, reason="This came from another site.")
    words = {"error": "foreign_origin", "message": "This came from another site."}
    return _json(words, HTTPStatus.FORBIDDEN)


def _trouble(scope: Scope, headers: Headers, problem: DomoInsightsError) -> ASGIApp:
    if scope["type"] == "websocket":
        return WebSocketClose(code=1013, reason="Not available right now.")
    if _wants_page(scope, headers):
        return answers.trouble(problem, inside(safe_next(_asked(scope))))
    words = {"error": "unavailable", "message": str(problem), "hint": problem.hint}
    return _json(words, HTTPStatus.SERVICE_UNAVAILABLE)


def _json(words: dict[str, str], status: HTTPStatus) -> Response:
    return JSONResponse(words, status, {"Cache-Control": "no-store", "Vary": "Cookie"})


def _wants_page(scope: Scope, headers: Headers) -> bool:
    """Whether a person's browser asks for a page, and not a script for data."""
    if scope["method"] not in {"GET", "HEAD"} or _NO_PAGE.match(_path(scope)):
        return False
    accepted = headers.get("accept", "*/*")
    return "text/html" in accepted or accepted.strip() == "*/*"


def _path(scope: Scope) -> str:
    """The path below where the app is mounted."""
    path, root = str(scope["path"]), str(scope.get("root_path", "")).rstrip("/")
    return path[len(root) :] or "/" if root and path.startswith(f"{root}/") else path


def _asked(scope: Scope) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    return quote(_path(scope)) + (f"?{query}" if query else "")
