"""A new account, and a new password for one."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from domo_insights.auth import answers, asking, limits, pending, refusals, web_sessions
from domo_insights.auth import cookies as jar
from domo_insights.auth.addresses import is_secure, safe_next
from domo_insights.auth.arrival import arrived
from domo_insights.auth.forms import (
    Form,
    FormPage,
    Values,
    client_of,
    email_of,
    signed_in_go_on,
    viewer_of,
)
from domo_insights.auth.mail_pages import link_address, to_code_page
from domo_insights.auth.pending import Asked
from domo_insights.auth.ways import ways
from domo_insights.errors import AuthServiceError, DomoInsightsError, SignInError
from domo_insights.viewer import Viewer

_NOT_NOW: Final = "To choose a new password, ask for a mail first."


def _account_values(_request: Request, _form: Form, problem: DomoInsightsError | None) -> Values:
    if problem is None and not ways().sign_up:
        raise SignInError(refusals.NO_SIGN_UP)
    return {}


def _new_account(request: Request, form: Form) -> Response:
    email, password = email_of(form), form.get("password", "")
    if "@" not in email or not password:
        raise SignInError("Enter your e-mail address and a password.")
    if not ways().sign_up:
        raise SignInError(refusals.NO_SIGN_UP)
    attempt = limits.begin(client_of(request), email, limits.ACCOUNTS)
    try:
        begun = asking.sign_up(email, password, link_address(request))
    except AuthServiceError:
        limits.forget(attempt)
        raise
    if begun.tokens:
        return arrived(request, begun.tokens, form.get("next"))
    return to_code_page(request, Asked("new", email, begun.verifier, safe_next(form.get("next"))))


def _may_choose(request: Request) -> tuple[Viewer, Asked] | None:
    """Who may choose a password now: who came by a mail for it, in the session that it began."""
    asked, viewer = pending.found(request.cookies), viewer_of(request)
    if asked is None or viewer is None or asked.wish != "password":
        return None
    return (viewer, asked) if asked.email == viewer.email else None


def _password_values(request: Request, _form: Form, _problem: DomoInsightsError | None) -> Values:
    allowed = _may_choose(request)
    if allowed is None:
        return {"closed": True, "wrong": _NOT_NOW, "next": "/"}
    return {"email": allowed[0].email, "next": allowed[1].next}


def _new_password(request: Request, form: Form) -> Response:
    allowed, session_id = _may_choose(request), jar.session_id(request.cookies)
    if allowed is None or session_id is None:
        raise SignInError(_NOT_NOW)
    viewer, asked = allowed
    password = form.get("password", "")
    if not password or password != form.get("again", ""):
        raise SignInError("Type the new password twice, the same both times.")
    token = web_sessions.access_token(session_id)
    if token is None:
        raise SignInError(_NOT_NOW)
    asking.new_password(token, password)
    web_sessions.sign_out_everywhere(viewer, but=session_id)
    answer = answers.go(safe_next(asked.next))
    for over in (jar.FORM, jar.ASKED):
        jar.drop(answer, over, secure=is_secure(request.url.scheme))
    return answer


NEW_ACCOUNT: Final = FormPage("new_account.html", _account_values, _new_account, signed_in_go_on)
NEW_PASSWORD: Final = FormPage("new_password.html", _password_values, _new_password)
