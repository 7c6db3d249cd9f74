"""What every answer tells a browser it may do with it, whoever made the answer."""

import base64
import re
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domo_insights.auth.addresses import is_secure

_INLINE: Final = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(),"
        " gyroscope=(), microphone=(), midi=(), payment=(), usb=()"
    ),
}
_HSTS: Final = "max-age=31536000"
_CROSS_ORIGIN: Final = "access-control-"
"""Streamlit lets any site read its static and media files; nobody needs to."""


_REFUSAL: Final = "websocket.http.response"
"""The extension by which a server lets a handshake be answered."""


class ResponseHeaders:
    """ASGI middleware around everything else. A header that an answer has already stays.

    What fails behind it without an answer is answered here, and a websocket that is refused before
    it opened is refused with an answer of ours, so that these have the headers too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answered(scope, receive, send)
        elif scope["type"] == "websocket" and _REFUSAL in scope.get("extensions", {}):
            await self._opened(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name in [name for name in headers if name.startswith(_CROSS_ORIGIN)]:
                    del headers[name]
                for name, value in headers_for(scope["scheme"]).items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception:
            if not begun:
                broken = PlainTextResponse("Internal Server Error", 500)
                await broken(scope, receive, sending)
            raise  # whoever serves writes it to the log

    async def _opened(self, scope: Scope, receive: Receive, send: Send) -> None:
        opened = False

        async def sending(message: Message) -> None:
            nonlocal opened
            if message["type"] == "websocket.close" and not opened:
                refusal = Response(message.get("reason"), 403, headers_for(scope["scheme"]))
                await refusal(scope, receive, send)
                return
            if message["type"] == f"{_REFUSAL}.start":
                headers = MutableHeaders(scope=message)
                for name, value in headers_for(scope["scheme"]).items():
                    headers.setdefault(name, value)
            opened = True
            await send(message)

        await self.app(scope, receive, sending)


def headers_for(scheme: str) -> dict[str, str]:
    """The headers of an answer to a request over `scheme`."""
    known = {"Content-Security-Policy": content_policy(), **_ALWAYS}
    if is_secure(scheme):
        known["Strict-Transport-Security"] = _HSTS
    return known


@cache
def content_policy() -> str:
    """What the dashboard needs and nothing more: everything from here, no script but Streamlit's
    files and the one its page starts with. Its styles are made while it runs."""
    own = " ".join(("'self'", *_inline_scripts()))
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {own} 'wasm-unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "media-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-src 'none'",
            "frame-ancestors 'none'",
        )
    )


def _inline_scripts() -> list[str]:
    """The scripts inside the page of the installed Streamlit, by hash."""
    found = find_spec("streamlit")
    if found is None or found.origin is None:
        return []
    page = (Path(found.origin).parent / "static/index.html").read_bytes()
    digests = (sha256(script).digest() for script in _INLINE.findall(page))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
