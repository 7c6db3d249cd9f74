"""The end of every way in: a new session, and on to where the visitor wanted to go."""

from starlette.requests import Request
from starlette.responses import Response

from domo_insights.auth import answers, pending, web_sessions
from domo_insights.auth import cookies as jar
from domo_insights.auth.addresses import is_secure, safe_next
from domo_insights.auth.held_tokens import LIFETIME
from domo_insights.auth.pending import Asked
from domo_insights.auth.service import Tokens


def arrived(
    request: Request, tokens: Tokens, leads_to: str | None, *, new_password: bool = False
) -> Response:
    """Signed in; with `new_password` the next page asks for one first."""
    session_id = web_sessions.start(
        tokens,
        user_agent=request.headers.get("user-agent", ""),
        replaces=jar.session_id(request.cookies),
    )
    secure, leads_to = is_secure(request.url.scheme), safe_next(leads_to)
    answer = answers.go("/sign-in/password" if new_password else leads_to)
    jar.put(answer, jar.SESSION, session_id, secure=secure, seconds=int(LIFETIME.total_seconds()))
    if new_password:
        email = tokens.verified.viewer.email
        pending.keep(answer, Asked("password", email, next=leads_to), secure=secure)
        return answer
    for over in (jar.FORM, jar.ASKED):
        jar.drop(answer, over, secure=secure)
    return answer
