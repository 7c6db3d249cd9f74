"""Signing in and out: our own pages, which need neither JavaScript nor Streamlit."""

from hmac import compare_digest
from typing import Final

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domo_insights.auth import answers, limits, mail_pages, password_pages, service, web_sessions
from domo_insights.auth import cookies as jar
from domo_insights.auth.addresses import is_secure, same_site
from domo_insights.auth.arrival import arrived
from domo_insights.auth.forms import (
    FOREIGN,
    TROUBLE,
    Form,
    FormPage,
    Values,
    client_of,
    email_of,
    read,
    signed_in_go_on,
    viewer_of,
)
from domo_insights.auth.provider_pages import provider_return, provider_start
from domo_insights.auth.ways import ways
from domo_insights.errors import AuthServiceError, DomoInsightsError, SignInError

_NOTES: Final = {
    "out": "You are signed out.",
    "ended": "Your session has ended. Sign in again.",
}


def _values(request: Request, _form: Form, problem: DomoInsightsError | None) -> Values:
    note = _NOTES.get(request.query_params.get("note", ""), "") if problem is None else ""
    fields_wrong = isinstance(problem, service.WrongPasswordError)
    return {"note": note, "fields_wrong": fields_wrong, "ways": ways()}


def _sign_in(request: Request, form: Form) -> Response:
    email, password = email_of(form), form.get("password", "")
    if not email or not password:
        raise SignInError("Enter your e-mail address and your password.")
    attempt = limits.begin(client_of(request), email)
    try:
        tokens = service.sign_in(email, password)
    except AuthServiceError:
        limits.forget(attempt)
        raise
    limits.succeeded(attempt)
    return arrived(request, tokens, form.get("next"))


async def _show_sign_out(request: Request) -> Response:
    try:
        viewer = await to_thread.run_sync(viewer_of, request)
        csrf = await to_thread.run_sync(_csrf, request)
    except TROUBLE as problem:
        return answers.trouble(problem, "/sign-out")
    if viewer is None or csrf is None:
        return answers.go("/sign-in")
    return answers.page("sign_out.html", csrf=csrf, email=viewer.email)


async def _sign_out(request: Request) -> Response:
    form = await read(request)
    session_id = jar.session_id(request.cookies)
    try:
        csrf = await to_thread.run_sync(_csrf, request)
        if session_id is not None and csrf is not None:
            right = compare_digest(csrf.encode(), form.get("csrf", "").encode())
            if not right or not same_site(request.headers, request.url.scheme):
                return answers.page("sign_out.html", 403, csrf=csrf, email="", wrong=FOREIGN)
            await to_thread.run_sync(web_sessions.end, session_id)
    except TROUBLE as problem:
        return answers.trouble(problem, "/sign-out")
    answer = answers.go("/sign-in?note=out")
    jar.drop(answer, jar.SESSION, secure=is_secure(request.url.scheme))
    return answer


def _csrf(request: Request) -> str | None:
    session_id = jar.session_id(request.cookies)
    return web_sessions.csrf_token(session_id) if session_id else None


async def _style(_request: Request) -> Response:
    return answers.file("style.css", "text/css")


async def _mark(_request: Request) -> Response:
    return answers.file("mark.svg", "image/svg+xml")


_FORMS: Final = {
    "/sign-in": FormPage("sign_in.html", _values, _sign_in, signed_in_go_on),
    "/sign-in/mail": mail_pages.BY_MAIL,
    "/sign-in/reset": mail_pages.RESET,
    "/sign-in/code": mail_pages.CODE,
    "/sign-in/link": mail_pages.LINK,
    "/sign-in/new": password_pages.NEW_ACCOUNT,
    "/sign-in/password": password_pages.NEW_PASSWORD,
}

routes: list[Route] = [
    *(Route(path, page.show, methods=["GET"]) for path, page in _FORMS.items()),
    *(Route(path, page.submit, methods=["POST"]) for path, page in _FORMS.items()),
    Route("/sign-in/with/{provider}", provider_start, methods=["GET"]),
    Route("/sign-in/return", provider_return, methods=["GET"]),
    Route("/sign-in/style.css", _style, methods=["GET"]),
    Route("/sign-in/mark.svg", _mark, methods=["GET"]),
    Route("/sign-out", _show_sign_out, methods=["GET"]),
    Route("/sign-out", _sign_out, methods=["POST"]),
]
