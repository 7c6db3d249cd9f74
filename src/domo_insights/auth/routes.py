"""Signing in and out: our own pages, which need neither JavaScript nor Streamlit."""

from collections.abc import Mapping
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import parse_qs

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from domo_insights.auth import answers, limits, service, web_sessions
from domo_insights.auth import cookies as jar
from domo_insights.auth.addresses import is_secure, may_sign_in, safe_next, same_site
from domo_insights.auth.held_tokens import LIFETIME
from domo_insights.errors import (
    AuthServiceError,
    ConfigError,
    DatabaseError,
    DomoInsightsError,
    SignInError,
)
from domo_insights.viewer import Viewer

_MAX_FORM: Final = 16 * 1024
_FOREIGN: Final = "This form did not come from this site, or it is too old. Try again."
_OPEN_LINE: Final = "Sign-in needs an encrypted connection."
_OPEN_LINE_HINT: Final = "Open this page over https, or at 127.0.0.1 on the machine that serves it."
_NOTES: Final = {"out": "You are signed out.", "ended": "Your session has ended. Sign in again."}
_TROUBLE: Final = (AuthServiceError, DatabaseError, ConfigError)
Form = Mapping[str, str]


async def _show_sign_in(request: Request) -> Response:
    leads_to = safe_next(request.query_params.get("next"))
    try:
        if await to_thread.run_sync(_viewer, request):
            return _go(leads_to)
    except _TROUBLE as problem:
        return _sign_in_page(request, {"next": leads_to}, problem, 503)
    note = _NOTES.get(request.query_params.get("note", ""), "")
    return _sign_in_page(request, {"next": leads_to}, note=note)


async def _sign_in(request: Request) -> Response:
    form = await _form(request)
    if not may_sign_in(request.url.scheme, request.headers.get("host", "")):
        return _sign_in_page(request, form, status=400)
    try:
        if not _may_post(request, form):
            return _sign_in_page(request, form, SignInError(_FOREIGN), 403)
        session_id = await to_thread.run_sync(_new_session, request, form)
    except limits.TooManyAttemptsError as problem:
        answer = _sign_in_page(request, form, problem, 429)
        answer.headers["Retry-After"] = str(problem.seconds)
        return answer
    except SignInError as problem:
        return _sign_in_page(request, form, problem, 401)
    except _TROUBLE as problem:
        return _sign_in_page(request, form, problem, 503)
    answer = _go(safe_next(form.get("next")))
    secure, seconds = is_secure(request.url.scheme), int(LIFETIME.total_seconds())
    jar.put(answer, jar.SESSION, session_id, secure=secure, seconds=seconds)
    jar.drop(answer, jar.FORM, secure=secure)
    return answer


def _new_session(request: Request, form: Form) -> str:
    email, password = form.get("email", "").strip(), form.get("password", "")
    if not email or not password:
        raise SignInError("Enter your e-mail address and your password.")
    client = request.client.host if request.client else ""
    attempt = limits.begin(client, email)
    try:
        tokens = service.sign_in(email, password)
    except AuthServiceError:
        limits.forget(attempt)
        raise
    limits.succeeded(attempt)
    return web_sessions.start(
        tokens,
        user_agent=request.headers.get("user-agent", ""),
        replaces=jar.session_id(request.cookies),
    )


async def _show_sign_out(request: Request) -> Response:
    try:
        viewer = await to_thread.run_sync(_viewer, request)
        csrf = await to_thread.run_sync(_csrf, request)
    except _TROUBLE as problem:
        return answers.trouble(problem, "/sign-out")
    if viewer is None or csrf is None:
        return _go("/sign-in")
    return answers.page("sign_out.html", csrf=csrf, email=viewer.email)


async def _sign_out(request: Request) -> Response:
    form = await _form(request)
    session_id = jar.session_id(request.cookies)
    try:
        csrf = await to_thread.run_sync(_csrf, request)
        if session_id is not None and csrf is not None:
            right = compare_digest(csrf.encode(), form.get("csrf", "").encode())
            if not right or not same_site(request.headers, request.url.scheme):
                return answers.page("sign_out.html", 403, csrf=csrf, email="", wrong=_FOREIGN)
            await to_thread.run_sync(web_sessions.end, session_id)
    except _TROUBLE as problem:
        return answers.trouble(problem, "/sign-out")
    answer = _go("/sign-in?note=out")
    jar.drop(answer, jar.SESSION, secure=is_secure(request.url.scheme))
    return answer


def _sign_in_page(
    request: Request,
    form: Form,
    problem: DomoInsightsError | None = None,
    status: int = 200,
    note: str = "",
) -> Response:
    secure = is_secure(request.url.scheme)
    form_id = jar.form_id(request.cookies) or jar.new_id()
    values: dict[str, Any] = {"note": note, "next": safe_next(form.get("next"))}
    values |= {"email": form.get("email", "")[:254], "csrf": "", "open": True}
    values |= {"fields_wrong": isinstance(problem, service.WrongPasswordError)}
    if problem is not None:
        values |= {"wrong": str(problem), "hint": problem.hint}
    try:
        values["csrf"] = jar.form_token(form_id)
    except ConfigError as unset:
        values |= {"wrong": str(unset), "hint": unset.hint, "open": False}
    if not may_sign_in(request.url.scheme, request.headers.get("host", "")):
        values |= {"wrong": _OPEN_LINE, "hint": _OPEN_LINE_HINT, "open": False}
    answer = answers.page("sign_in.html", status, **values)
    if values["open"]:
        jar.put(answer, jar.FORM, form_id, secure=secure, seconds=None)
    return answer


def _may_post(request: Request, form: Form) -> bool:
    form_id = jar.form_id(request.cookies)
    if form_id is None or not same_site(request.headers, request.url.scheme):
        return False
    return compare_digest(jar.form_token(form_id).encode(), form.get("csrf", "").encode())


async def _form(request: Request) -> Form:
    """The fields of a urlencoded form, empty when it is anything else or too long."""
    raw = b""
    async for piece in request.stream():
        raw += piece
        if len(raw) > _MAX_FORM:
            return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return {}
    try:
        fields = parse_qs(raw.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0].replace("\x00", "") for name, values in fields.items()}


def _viewer(request: Request) -> Viewer | None:
    session_id = jar.session_id(request.cookies)
    return web_sessions.viewer_of(session_id) if session_id else None


def _csrf(request: Request) -> str | None:
    session_id = jar.session_id(request.cookies)
    return web_sessions.csrf_token(session_id) if session_id else None


def _go(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303, answers.HEADERS)


async def _style(_request: Request) -> Response:
    return answers.file("style.css", "text/css")


async def _mark(_request: Request) -> Response:
    return answers.file("mark.svg", "image/svg+xml")


routes: list[Route] = [
    Route("/sign-in", _show_sign_in, methods=["GET"]),
    Route("/sign-in", _sign_in, methods=["POST"]),
    Route("/sign-in/style.css", _style, methods=["GET"]),
    Route("/sign-in/mark.svg", _mark, methods=["GET"]),
    Route("/sign-out", _show_sign_out, methods=["GET"]),
    Route("/sign-out", _sign_out, methods=["POST"]),
]
