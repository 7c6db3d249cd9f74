"""In by way of another site: there with a challenge, back with a code that needs its verifier."""

from collections.abc import Callable

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domo_insights.auth import answers, asking, pending, refusals
from domo_insights.auth.addresses import absolute, inside, is_secure, may_sign_in, safe_next
from domo_insights.auth.arrival import arrived
from domo_insights.auth.forms import TROUBLE
from domo_insights.auth.pending import Asked
from domo_insights.auth.ways import ways
from domo_insights.errors import ConfigError, DomoInsightsError, SignInError


async def provider_start(request: Request) -> Response:
    """A link leads here, not a form: browsers hold a form to our own site over every redirect."""
    return await to_thread.run_sync(_guarded, request, _start)


async def provider_return(request: Request) -> Response:
    return await to_thread.run_sync(_guarded, request, _back)


def _start(request: Request) -> Response:
    name, host = request.path_params["provider"], request.headers.get("host", "")
    if name not in dict(ways().providers):
        raise SignInError(str(refusals.of_code("provider_disabled")))
    back = absolute("/sign-in/return", request.url.scheme, host)
    if back is None or not may_sign_in(request.url.scheme, host):
        raise ConfigError(
            "INSIGHTS_PUBLIC_URL is not set.", hint="Other sites cannot lead back here without it."
        )
    begun = asking.provider(name, back)
    answer = RedirectResponse(begun.leads_to, 303, answers.HEADERS)
    leads_to = safe_next(request.query_params.get("next"))
    asked = Asked("provider", verifier=begun.verifier, next=leads_to)
    pending.keep(answer, asked, secure=is_secure(request.url.scheme))
    return answer


def _back(request: Request) -> Response:
    query, asked = request.query_params, pending.found(request.cookies)
    if "error" in query or "error_code" in query:
        raise refusals.of_provider(query.get("error", ""), query.get("error_code", ""))
    if asked is None or asked.wish != "provider":
        raise SignInError("This sign-in did not begin in this browser.", hint="Begin again.")
    tokens = asking.by_auth_code(query.get("code", ""), asked.verifier)
    return arrived(request, tokens, asked.next)


def _guarded(request: Request, answer: Callable[[Request], Response]) -> Response:
    again = inside("/sign-in")
    try:
        return answer(request)
    except SignInError as problem:
        return _refused(problem, again)
    except TROUBLE as problem:
        return answers.trouble(problem, again)


def _refused(problem: DomoInsightsError, again: str) -> Response:
    words = {"title": "Not signed in", "wrong": str(problem), "hint": problem.hint}
    return answers.page("trouble.html", 401, again=again, **words)
