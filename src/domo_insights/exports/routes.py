"""Downloads and summaries, asked as the viewer. An address names no user: whoever opens it sees
what they may see themselves."""

import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any, Final
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import cast, func, select
from sqlalchemy.dialects.postgresql import JSONB
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from domo_insights.auth import answers
from domo_insights.database import reads
from domo_insights.database.doors import sessions
from domo_insights.database.engine import engine_for
from domo_insights.errors import (
    BusyError,
)
from domo_insights.exports import archive, documents, summary_page, transcripts
from domo_insights.exports.asked import arguments, narrowed, read
from domo_insights.exports.summary import summarise
from domo_insights.exports.telling import UnknownError, told
from domo_insights.exports.videos import video
from domo_insights.exports.whole_file import FileError
from domo_insights.queries import QUERIES, conversations, demos
from domo_insights.settings import current
from domo_insights.viewer import Viewer

_TYPES: Final = {"csv": "text/csv", "json": "application/json", "md": "text/markdown"}
_NAME: Final = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,40}")
_WRITERS: Final = {"csv": documents.as_csv_document, "json": documents.as_json_document}
_SPOKEN: Final = {"json": transcripts.as_json, "md": transcripts.as_markdown}


_guard: Final = threading.Lock()
_under_way: Final[set[UUID]] = set()


async def export(request: Request) -> Response:
    """An answer as a file, with what was asked inside."""
    return await run_in_threadpool(told, request, _export)


async def transcript(request: Request) -> Response:
    """A conversation as a file."""
    return await run_in_threadpool(told, request, _transcript)


async def everything(request: Request) -> Response:
    """All that the viewer has, as an archive."""
    return await run_in_threadpool(told, request, _everything)


async def summary(request: Request) -> Response:
    """A demo on one page that prints well."""
    return await run_in_threadpool(told, request, _summary)


def _export(request: Request, viewer: Viewer) -> Response:
    name, form, said = request.path_params["query"], request.path_params["form"], _said(request)
    if form not in _WRITERS or not _NAME.fullmatch(name) or name not in QUERIES:
        raise UnknownError("There is no such export.")
    asked = read(said, datetime.now(UTC))
    given = arguments(QUERIES[name], asked, said)
    mine, frame = reads.read(
        _engine(), viewer, lambda conn: (demos.mine(conn), QUERIES[name](conn, **given))
    )
    known = mine.loc[mine["demo_id"] == asked.demo_id, "demo"].tolist()
    _record(viewer, {"query": name, "form": form, "rows": len(frame)} | asked.parameters)
    more = narrowed(QUERIES[name], given)
    document = _WRITERS[form](name, asked, known[0] if known else "", more, frame)
    return _file(document, documents.file_name(name, asked, form), form)


def _transcript(request: Request, viewer: Viewer) -> Response:
    form, talk = request.path_params["form"], _said(request).get("conversation", "")
    if form not in _SPOKEN:
        raise UnknownError("There is no such export.")
    said = reads.read(_engine(), viewer, lambda conn: conversations.transcript(conn, talk))
    if said.empty:
        raise UnknownError("You have no conversation with this id, or nothing was said in it.")
    _record(viewer, {"query": "transcript", "form": form, "conversation": talk})
    safe = re.sub(r"[^A-Za-z0-9_-]", "-", talk)[:60]
    document = _SPOKEN[form](talk, said, datetime.now(UTC))
    return _file(document, f"domo-insights_conversation_{safe}.{form}", form)


def _everything(request: Request, viewer: Viewer) -> Response:
    said, now = _said(request), datetime.now(UTC)
    try:
        demo_id = UUID(said["demo"]) if said.get("demo") else None
    except ValueError as problem:
        raise UnknownError("You have no such demo.") from problem
    vectors = said.get("vectors", "") == "1"
    made = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever sends it
    try:
        with _one_at_a_time(viewer):
            archive.write(made, viewer, now, demo_id=demo_id, vectors=vectors)
    except BaseException as problem:
        made.close()
        if isinstance(problem, OSError):
            raise FileError("There is no room to write the archive.") from problem
        raise
    size = made.tell()
    made.seek(0)
    headers = _headers(f"domo-insights_{now:%Y-%m-%d}.zip") | {"Content-Length": str(size)}
    return StreamingResponse(_pieces(made), 200, headers, "application/zip")


def _pieces(made: IO[bytes]) -> Iterator[bytes]:
    with made:
        while piece := made.read(1 << 16):
            yield piece


@contextmanager
def _one_at_a_time(viewer: Viewer) -> Iterator[None]:
    """An archive reads all there is: nobody is given several at once."""
    with _guard:
        if viewer.user_id in _under_way:
            raise BusyError("An archive of yours is being made.", hint="Wait for that one.")
        _under_way.add(viewer.user_id)
    try:
        yield
    finally:
        with _guard:
            _under_way.discard(viewer.user_id)


def _summary(request: Request, viewer: Viewer) -> Response:
    try:
        demo_id = UUID(request.path_params["demo_id"])
    except ValueError as problem:
        raise UnknownError("There is no such demo.") from problem
    asked = read(_said(request), datetime.now(UTC))
    found = reads.read(
        _engine(),
        viewer,
        lambda conn: summarise(conn, viewer, demo_id, asked.period, asked.include_test),
    )
    if found is None:
        raise UnknownError("You have no such demo.")
    _record(viewer, {"query": "summary", "demo": str(demo_id)})
    return Response(summary_page.as_html([found]), 200, answers.HEADERS, "text/html")


async def style(_request: Request) -> Response:
    """The look of summaries."""
    return Response(
        summary_page.style(), 200, {"Cache-Control": "private, max-age=600"}, "text/css"
    )


def _said(request: Request) -> dict[str, str]:
    return {name: value[:400] for name, value in request.query_params.items()}


def _record(viewer: Viewer, details: dict[str, Any]) -> None:
    with sessions(_engine(), viewer) as conn:
        trace = cast(details, JSONB)
        conn.execute(select(func.insights.record("export", "queries", None, None, trace)))


def _file(text: str, name: str, form: str) -> Response:
    return Response(text.encode(), 200, _headers(name), f"{_TYPES[form]}; charset=utf-8")


def _headers(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "no-store",
        "Vary": "Cookie",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }


def _engine() -> Any:
    return engine_for(current().secret("database_url"))


routes: list[Route] = [
    Route("/export/everything.zip", everything, methods=["GET"]),
    Route("/export/transcript.{form:str}", transcript, methods=["GET"]),
    Route("/export/{query:str}.{form:str}", export, methods=["GET"]),
    Route("/summary/style.css", style, methods=["GET"]),
    Route("/summary/{demo_id:str}", summary, methods=["GET"]),
    Route("/video/{demo_id:str}/{number:str}", video, methods=["GET"]),
]
