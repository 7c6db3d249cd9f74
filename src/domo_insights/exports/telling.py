"""How an address that asks as the viewer answers: a problem in words, and not too often."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domo_insights.auth.pace import Pace
from domo_insights.errors import (
    BusyError,
    DomoInsightsError,
    NotAllowedError,
    NotSignedInError,
    UnknownNameError,
    WrongUseError,
)
from domo_insights.settings import current
from domo_insights.viewer import Viewer

Answer = Callable[[Request, Viewer], Response]
_pace = Pace()


class TooManyError(DomoInsightsError):
    """You asked for many files within a minute."""

    hint = "Wait a minute and ask again."


class UnknownError(DomoInsightsError):
    """There is nothing at this address, or nothing that the viewer may see."""


_STATUS: Final = (
    (NotSignedInError, HTTPStatus.UNAUTHORIZED),
    (WrongUseError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotAllowedError, HTTPStatus.FORBIDDEN),
    (UnknownError, HTTPStatus.NOT_FOUND),
    (UnknownNameError, HTTPStatus.NOT_FOUND),
    (BusyError, HTTPStatus.TOO_MANY_REQUESTS),
    (TooManyError, HTTPStatus.TOO_MANY_REQUESTS),
)


def told(request: Request, answer: Answer) -> Response:
    """`answer` for whoever asks; a problem in words."""
    try:
        return answer(request, asking(request))
    except DomoInsightsError as problem:
        words = {"error": str(problem), "hint": problem.hint}
        headers = {"Cache-Control": "no-store", "Vary": "Cookie"}
        return JSONResponse(words, status_of(problem), headers)


def asking(request: Request) -> Viewer:
    """Who asks. Raises: NotSignedInError, TooManyError."""
    viewer = request.scope.get("state", {}).get("viewer")
    if not isinstance(viewer, Viewer):
        raise NotSignedInError
    if _pace.wait(str(viewer.user_id), current().insights_exports_per_minute):
        raise TooManyError
    return viewer


def status_of(problem: DomoInsightsError) -> int:
    """The status that says what kind of problem it is."""
    return next((status for kind, status in _STATUS if isinstance(problem, kind)), 503)
