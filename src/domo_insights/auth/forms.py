"""A page with one form: shown by GET, answered by POST, and by itself again with what is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import parse_qs

from anyio import move_on_after, to_thread
from starlette.requests import Request
from starlette.responses import Response

from domo_insights.auth import answers, limits, web_sessions
from domo_insights.auth import cookies as jar
from domo_insights.auth.addresses import is_secure, may_sign_in, safe_next, same_site
from domo_insights.errors import (
    AuthServiceError,
    ConfigError,
    DatabaseError,
    DomoInsightsError,
    SignInError,
)
from domo_insights.viewer import Viewer

FOREIGN: Final = "This form did not come from this site, or it is too old. Try again."
TROUBLE: Final = (AuthServiceError, DatabaseError, ConfigError)
_MAX_FORM: Final = 16 * 1024
_FORM_SECONDS: Final = 20
_OPEN_LINE: Final = "Sign-in needs an encrypted connection."
_OPEN_LINE_HINT: Final = "Open this page over https, or at 127.0.0.1 on the machine that serves it."
_UNKNOWN: Final = dict.fromkeys(("sent", "wish", "type", "token_hash", "code", "fields_wrong"), "")
"""What templates show where their own values cannot be had."""
Form = Mapping[str, str]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class FormPage:
    """`values` are the template's own, from the fields or the query; with "closed" there is no
    form. `answer` does what is asked, `elsewhere` answers a GET instead where it answers at all.
    They may raise SignInError and what is in TROUBLE."""

    template: str
    values: Callable[[Request, Form, DomoInsightsError | None], Values]
    answer: Callable[[Request, Form], Response]
    elsewhere: Callable[[Request], Response | None] = lambda _request: None

    async def show(self, request: Request) -> Response:
        return await to_thread.run_sync(self._show, request)

    async def submit(self, request: Request) -> Response:
        form = await read(request)
        return await to_thread.run_sync(self._submit, request, form)

    def _show(self, request: Request) -> Response:
        fields = dict(request.query_params)
        try:
            return self.elsewhere(request) or self.page(request, fields)
        except SignInError as problem:
            return self.page(request, fields, problem, 401)
        except TROUBLE as problem:
            return self.page(request, fields, problem, 503)

    def _submit(self, request: Request, form: Form) -> Response:
        if not may_sign_in(request.url.scheme, request.headers.get("host", "")):
            return self.page(request, form, status=400)
        try:
            if not may_post(request, form):
                return self.page(request, form, SignInError(FOREIGN), 403)
            return self.answer(request, form)
        except limits.TooManyAttemptsError as problem:
            answer = self.page(request, form, problem, 429)
            answer.headers["Retry-After"] = str(problem.seconds)
            return answer
        except SignInError as problem:
            return self.page(request, form, problem, 401)
        except TROUBLE as problem:
            return self.page(request, form, problem, 503)

    def page(
        self,
        request: Request,
        form: Form,
        problem: DomoInsightsError | None = None,
        status: int = 200,
    ) -> Response:
        form_id = jar.form_id(request.cookies) or jar.new_id()
        values: dict[str, Any] = {"closed": False, "note": "", "email": email_of(form)[:254]}
        values |= {"next": safe_next(form.get("next")), "csrf": "", **_UNKNOWN}
        if problem is not None:
            values |= {"wrong": str(problem), "hint": problem.hint}
        try:
            values["csrf"] = jar.form_token(form_id)
            values |= self.values(request, form, problem)
        except DomoInsightsError as unset:
            values |= {"wrong": str(unset), "hint": unset.hint, "closed": True}
        if not may_sign_in(request.url.scheme, request.headers.get("host", "")):
            values |= {"wrong": _OPEN_LINE, "hint": _OPEN_LINE_HINT, "closed": True}
        answer = answers.page(self.template, status, **values)
        if not values["closed"]:
            secure = is_secure(request.url.scheme)
            jar.put(answer, jar.FORM, form_id, secure=secure, seconds=None)
        return answer


def may_post(request: Request, form: Form) -> bool:
    """Whether a form came from a page that we gave this browser."""
    form_id = jar.form_id(request.cookies)
    if form_id is None or not same_site(request.headers, request.url.scheme):
        return False
    return compare_digest(jar.form_token(form_id).encode(), form.get("csrf", "").encode())


async def read(request: Request) -> Form:
    """The fields of a urlencoded form, empty when it is anything else, too long or too slow."""
    raw = b""
    with move_on_after(_FORM_SECONDS) as patience:
        async for piece in request.stream():
            raw += piece
            if len(raw) > _MAX_FORM:
                return {}
    if patience.cancelled_caught:
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return {}
    try:
        fields = parse_qs(raw.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0].replace("\x00", "") for name, values in fields.items()}


def email_of(form: Form) -> str:
    return form.get("email", "").strip()


def client_of(request: Request) -> str:
    return request.client.host if request.client else ""


def viewer_of(request: Request) -> Viewer | None:
    session_id = jar.session_id(request.cookies)
    return web_sessions.viewer_of(session_id) if session_id else None


def signed_in_go_on(request: Request) -> Response | None:
    """Where the visitor wanted to go, when they are signed in already."""
    return answers.go(safe_next(request.query_params.get("next"))) if viewer_of(request) else None
