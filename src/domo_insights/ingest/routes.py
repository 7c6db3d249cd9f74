"""The addresses that Tavus and the operator send callbacks to."""

import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final
from uuid import UUID

from anyio import fail_after
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domo_insights import settings
from domo_insights.auth.pace import Pace
from domo_insights.database import queue
from domo_insights.database.doors import ingesting
from domo_insights.database.engine import engine_for
from domo_insights.errors import ConfigError, DatabaseError, PayloadError
from domo_insights.ingest import rows
from domo_insights.ingest.body import MAX_BYTES
from domo_insights.ingest.payload import parse
from domo_insights.ingest.store import (
    Fate,
    ForeignConversationError,
    Received,
    UnknownDemoError,
)
from domo_insights.ingest.together import store_together
from domo_insights.ingest.webhook import SIGNATURE_HEADER, is_signature, is_token

RETRY_SECONDS: Final = 10
BODY_SECONDS: Final = 20
_STRANGER: Final = "The address or the signature is wrong."
_Endpoint = Callable[[Request], Awaitable[Response]]
_log = logging.getLogger(__name__)
_pace = Pace()


async def own_address(request: Request) -> Response:
    """A demo's own signed address, the one its owner gives to Tavus."""
    since = time.perf_counter()
    try:
        demo_id = UUID(request.path_params["demo_id"])
    except ValueError:
        return _refusal(401, _STRANGER)
    if not is_token(demo_id, request.query_params.get("token", "")):
        return _refusal(401, _STRANGER)
    if wait := _pace.wait(str(demo_id), settings.current().insights_webhooks_per_minute):
        answer = _refusal(429, "This address is sent too much.", "Send it again later.")
        answer.headers["Retry-After"] = str(wait)
        return answer
    body = await _body(request)
    if isinstance(body, Response):
        return body
    return await run_in_threadpool(
        _answer, demo_id, lambda: Received(parse(body), demo_id=demo_id, since=since)
    )


async def operator_address(request: Request) -> Response:
    """The operator's address: who signs the body may name any demo in it."""
    since = time.perf_counter()
    body = await _body(request)
    if isinstance(body, Response):
        return body
    if not is_signature(body, request.headers.get(SIGNATURE_HEADER, "")):
        return _refusal(401, _STRANGER)
    return await run_in_threadpool(
        _answer, None, lambda: Received(parse(body), trusted=True, since=since)
    )


async def _body(request: Request) -> bytes | Response:
    """The body, or the answer to one that is too long; a length that is announced is believed."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > MAX_BYTES:
        return _too_long()
    body = bytearray()
    try:
        with fail_after(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BYTES:
                    return _too_long()
    except TimeoutError:
        return _refusal(408, "The body did not arrive in time.", "Send it again.")
    except ClientDisconnect:
        return _refusal(400, "The body ended too early.")
    return bytes(body)


def _answer(demo_id: UUID | None, read: Callable[[], Received]) -> Response:
    """Store one callback, sent to the address of `demo_id`. What is answered with 200 is
    committed; a refusal is counted apart, since the refused transaction keeps nothing."""
    try:
        engine = engine_for(settings.current().secret("database_url"))
        fate = store_together(engine, read())
    except UnknownDemoError as problem:
        if demo_id is None:
            return _refusal(422, str(problem), problem.hint)
        return _refusal(401, _STRANGER)  # a demo that is gone tells no more than a wrong token
    except PayloadError as problem:
        with suppress(DatabaseError), ingesting(engine) as conn:
            foreign = isinstance(problem, ForeignConversationError)
            rows.count_refused(conn, demo_id, "conflicts" if foreign else "refused")
        return _refusal(422, str(problem), problem.hint)
    except (DatabaseError, ConfigError) as problem:
        _log.warning("a callback was not stored: %s", type(problem).__name__)
        answer = _refusal(503, "The callback cannot be stored now.", "Send it again.")
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
        return answer
    queue.tell()
    return JSONResponse({"stored": int(fate is Fate.NEW), "duplicate": fate is Fate.REPEATED})


def _refusal(status: int, error: str, hint: str = "") -> JSONResponse:
    return JSONResponse({"error": error, "hint": hint}, status_code=status)


def _too_long() -> JSONResponse:
    return _refusal(413, "The body is longer than 1 MB.", "Tavus sends a few kilobytes.")


def _posted(endpoint: _Endpoint) -> _Endpoint:
    """`endpoint` for POST. Other methods are answered here: unanswered, they would reach pages."""

    async def answer(request: Request) -> Response:
        if request.method == "POST":
            return await endpoint(request)
        refusal = _refusal(405, "Callbacks are posted.", "Send this with POST.")
        refusal.headers["Allow"] = "POST"
        return refusal

    return answer


_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
routes: Final = [
    Route("/webhooks/tavus", _posted(operator_address), methods=_METHODS),
    Route("/webhooks/tavus/{demo_id}", _posted(own_address), methods=_METHODS),
]
