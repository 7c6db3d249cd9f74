"""A demo's video in the platform's storage: the browser is sent on to a link that soon ends."""

from typing import Final
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domo_insights.auth import answers, cookies, storage, web_sessions
from domo_insights.database import reads
from domo_insights.database.engine import engine_for
from domo_insights.errors import DomoInsightsError, NotSignedInError
from domo_insights.exports.telling import UnknownError, asking, status_of
from domo_insights.queries import demos_now
from domo_insights.settings import current

_ELSEWHERE: Final = "This video does not lie in the platform's storage."


async def video(request: Request) -> Response:
    """On to the file, for whoever the storage gives a link with their own token; else a page that
    says why not."""
    return await run_in_threadpool(_answer, request)


def _answer(request: Request) -> Response:
    try:
        return RedirectResponse(_link(request), 303, answers.HEADERS)
    except DomoInsightsError as problem:
        said = {"wrong": str(problem), "hint": problem.hint, "again": request.url.path}
        return answers.page(
            "trouble.html", _status(problem), title="This video cannot be shown", **said
        )


def _link(request: Request) -> str:
    viewer = asking(request)
    try:
        demo_id, number = UUID(request.path_params["demo_id"]), int(request.path_params["number"])
    except ValueError as problem:
        raise UnknownError("There is no such video.") from problem
    engine = engine_for(current().secret("database_url"))
    found = reads.read(engine, viewer, lambda conn: demos_now.videos(conn, demo_id))
    mine = found.loc[found["number"] == number, "storage_url"].tolist()
    if not mine:
        raise UnknownError("You have no such video.")
    path = storage.path_of(mine[0])
    if path is None:
        raise storage.NoFileError(_ELSEWHERE)
    token = web_sessions.access_token(cookies.session_id(request.cookies) or "")
    if token is None:
        raise NotSignedInError
    return storage.signed_link(token, path)


def _status(problem: DomoInsightsError) -> int:
    return 404 if isinstance(problem, storage.NoFileError) else status_of(problem)
