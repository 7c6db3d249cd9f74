"""In by a mail: ask for it, then type its code or open its link.

The link leads to a page that asks once more, by a POST: what scans mails opens links too, and must
not use them up.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from domo_insights.auth import answers, asking, limits, pending, refusals
from domo_insights.auth.addresses import absolute, is_secure, safe_next
from domo_insights.auth.arrival import arrived
from domo_insights.auth.asking import Begun, Kind
from domo_insights.auth.forms import Form, FormPage, Values, client_of, email_of, signed_in_go_on
from domo_insights.auth.pending import Asked, Wish
from domo_insights.auth.service import Tokens, sign_out
from domo_insights.auth.ways import ways
from domo_insights.errors import AuthServiceError, DomoInsightsError, SignInError

T = TypeVar("T")
_UNKNOWN: Final = frozenset({refusals.NO_SIGN_UP})


def link_address(request: Request) -> str | None:
    """Where links of mails are to lead."""
    return absolute("/sign-in/link", request.url.scheme, request.headers.get("host", ""))


def to_code_page(request: Request, asked: Asked) -> Response:
    answer = answers.go("/sign-in/code")
    pending.keep(answer, asked, secure=is_secure(request.url.scheme))
    return answer


def _asking(wish: Wish, ask: Callable[[str, str | None], Begun]) -> FormPage:
    def values(_request: Request, _form: Form, _problem: DomoInsightsError | None) -> Values:
        return {"wish": wish}

    def answer(request: Request, form: Form) -> Response:
        email = email_of(form)
        if "@" not in email:
            raise SignInError("Enter your e-mail address.")
        attempt = limits.begin(client_of(request), email, limits.MAILS)
        begun = Begun("")
        try:
            begun = ask(email, link_address(request))
        except AuthServiceError:
            limits.forget(attempt)
            raise
        except SignInError as refused:
            # Whether there is an account is for its owner alone to know.
            if str(refused) not in _UNKNOWN:
                raise
        return to_code_page(
            request, Asked(wish, email, begun.verifier, safe_next(form.get("next")))
        )

    # Who is signed in may want another password, but needs no other way in.
    return FormPage("mail.html", values, answer, signed_in_go_on if wish == "mail" else _stay)


def _stay(_request: Request) -> Response | None:
    return None


def _code_values(request: Request, form: Form, _problem: DomoInsightsError | None) -> Values:
    asked = pending.found(request.cookies)
    email = email_of(form) or (asked.email if asked else "")
    wish = asked.wish if asked else "mail"
    return {"email": email, "sent": asked is not None, "wish": wish, "ways": ways()}


def _by_code(request: Request, form: Form) -> Response:
    email, code = email_of(form), "".join(form.get("code", "").split())
    if not email or not code:
        raise SignInError("Enter your e-mail address and the code of the mail.")
    asked = pending.found(request.cookies)
    mine = asked is not None and asked.email.lower() == email.lower()
    # On another device nobody but the visitor knows what the mail was for.
    reset = asked.wish == "reset" if asked and mine else form.get("reset") == "yes"
    kind: Kind = "recovery" if reset else "email"
    tokens = _counted(request, email, lambda: asking.by_code(email, code, kind))
    return arrived(request, tokens, asked.next if asked else None, new_password=reset)


def _link_values(request: Request, form: Form, problem: DomoInsightsError | None) -> Values:
    asked, kind = pending.found(request.cookies), form.get("type", "")
    values = {name: form.get(name, "") for name in ("token_hash", "type", "code")}
    values |= {"email": asked.email if asked else "", "wish": asked.wish if asked else ""}
    if error := form.get("error_code") or form.get("error"):
        refused = refusals.of_link(error)
        return {**values, "closed": True, "wrong": str(refused), "hint": refused.hint}
    if problem is not None:
        return {**values, "closed": True}
    if not (values["token_hash"] or values["code"]):
        return {**values, "closed": True, "wrong": refusals.ENDED, "hint": refusals.ASK_AGAIN}
    if asked is None and kind != "invite":
        words = {"wrong": refusals.OTHER_BROWSER, "hint": refusals.OTHER_BROWSER_HINT}
        return {**values, **words, "closed": True}
    return values


def _by_link(request: Request, form: Form) -> Response:
    asked, kind = pending.found(request.cookies), form.get("type", "")
    if asked is None and kind != "invite":
        raise SignInError(refusals.OTHER_BROWSER, hint=refusals.OTHER_BROWSER_HINT)

    def ask() -> Tokens:
        if form.get("token_hash"):
            return asking.by_token_hash(form["token_hash"], kind)
        return asking.by_auth_code(form.get("code", ""), asked.verifier if asked else "")

    account = asked.email if asked else form.get("token_hash", "")
    tokens = _counted(request, account, ask)
    if asked is not None and kind != "invite":
        _of_the_one_who_asked(tokens, asked)
    reset = kind in {"recovery", "invite"} or (asked is not None and asked.wish == "reset")
    return arrived(request, tokens, asked.next if asked else None, new_password=reset)


def _of_the_one_who_asked(tokens: Tokens, asked: Asked) -> None:
    """Who opens another's link would work in that one's account without noticing."""
    if tokens.verified.viewer.email.lower() != asked.email.lower():
        sign_out(tokens.access_token)
        raise SignInError(refusals.OTHER_BROWSER, hint=refusals.OTHER_BROWSER_HINT)


def _counted(request: Request, account: str, ask: Callable[[], T]) -> T:
    attempt = limits.begin(client_of(request), account)
    try:
        answer = ask()
    except AuthServiceError:
        limits.forget(attempt)
        raise
    limits.succeeded(attempt)
    return answer


BY_MAIL: Final = _asking("mail", asking.mail_code)
RESET: Final = _asking("reset", asking.mail_reset)
CODE: Final = FormPage("code.html", _code_values, _by_code)
LINK: Final = FormPage("link.html", _link_values, _by_link)
