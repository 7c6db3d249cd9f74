"""Supabase Auth, the only module that talks to it. One client per call: it holds a user's session.

Every failure leaves as SignInError or AuthServiceError, in words for the person who signs in.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

import httpx
from pydantic import ValidationError
from supabase_auth import SyncMemoryStorage
from supabase_auth.errors import AuthApiError, AuthError, AuthWeakPasswordError
from supabase_auth.types import AuthResponse, Session

from domo_insights.auth import refusals
from domo_insights.auth.tokens import Verified, verify
from domo_insights.auth.transport import http_client
from domo_insights.errors import (
    AuthServiceError,
    ConfigError,
    DomoInsightsError,
    NotSignedInError,
    SignInError,
)
from domo_insights.settings import current
from supabase import Client, ClientOptions, create_client

T = TypeVar("T")
Scope = Literal["local", "global"]


_ENDED: Final = "Your session has ended. Sign in again."


class WrongPasswordError(SignInError):
    """The e-mail address or the password is wrong."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What Supabase gave for one session, verified."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    verified: Verified


def sign_in(email: str, password: str) -> Tokens:
    """Raises: SignInError (WrongPasswordError is one), AuthServiceError."""

    def ask(client: Client) -> AuthResponse:
        return client.auth.sign_in_with_password({"email": email, "password": password})

    return checked(asked(ask, _sign_in_refused))


def refresh(refresh_token: str) -> Tokens:
    """The next tokens of a session; `refresh_token` is used up.

    Raises: SignInError when the session is over, AuthServiceError when nobody answers.
    """
    return checked(asked(lambda c: c.auth.refresh_session(refresh_token), _refresh_refused))


def sign_out(access_token: str, scope: Scope = "local") -> None:
    """End this Supabase session, or with "global" all of the user's. One that is over already is
    fine. Raises: AuthServiceError."""

    def ask(client: Client) -> None:
        client.auth.admin.sign_out(access_token, scope)

    try:
        asked(ask, _refresh_refused)
    except SignInError:
        return


def checked(answer: AuthResponse) -> Tokens:
    """The tokens, if they are genuine and no second factor is missing."""
    session = answer.session
    if session is None:
        raise AuthServiceError("The sign-in service gave no session.")
    try:
        tokens = Tokens(session.access_token, session.refresh_token, verify(session.access_token))
    except NotSignedInError as error:
        raise AuthServiceError(
            "The sign-in service's answer is not signed as expected.",
            hint="Check SUPABASE_URL, SUPABASE_JWT_ISSUER, SUPABASE_JWT_SECRET and the clock.",
        ) from error
    if _second_factor_missing(session, tokens.verified):
        sign_out(session.access_token)
        raise SignInError(refusals.SECOND_FACTOR, hint=refusals.SECOND_FACTOR_HINT)
    return tokens


def _second_factor_missing(session: Session, verified: Verified) -> bool:
    factors = session.user.factors or []
    return verified.aal != "aal2" and any(f.status == "verified" for f in factors)


def _sign_in_refused(error: AuthApiError) -> SignInError:
    wrong = {"invalid_credentials", "validation_failed", "user_not_found"}
    return WrongPasswordError() if error.code in wrong else refusals.of(error)


def _refresh_refused(error: AuthApiError) -> DomoInsightsError:
    if error.status == 429:
        # A limit passes; until then the old token goes on.
        return AuthServiceError()
    return refusals.of(error) if error.code == "user_banned" else SignInError(_ENDED)


def asked(ask: Callable[[Client], T], refused: Callable[[AuthApiError], DomoInsightsError]) -> T:
    """What a client answers to `ask`; a refusal becomes what `refused` makes of it.

    Raises: AuthServiceError, ConfigError, and what `refused` answers.
    """
    with client() as one:
        try:
            return ask(one)
        except AuthApiError as error:
            if error.status >= 500:
                raise AuthServiceError from error
            if error.status == 401 and error.code is None:
                raise AuthServiceError(
                    "The sign-in service does not know this installation.",
                    hint="Check SUPABASE_PUBLISHABLE_KEY.",
                ) from error
            raise refused(error) from error
        except AuthWeakPasswordError as error:
            raise refusals.weak_password(error) from error
        except (AuthError, httpx.HTTPError, ValidationError) as error:
            raise AuthServiceError from error


@contextmanager
def client() -> Iterator[Client]:
    """A client for one exchange: it holds one user's session. Raises: ConfigError."""
    settings = current()
    url = settings.secret("supabase_url")
    with http_client(url) as http:
        options = ClientOptions(
            auto_refresh_token=False,
            flow_type="pkce",
            persist_session=False,
            storage=SyncMemoryStorage(),
            httpx_client=http,
        )
        try:
            made = create_client(url, settings.secret("supabase_publishable_key"), options)
        except Exception as error:
            raise ConfigError("SUPABASE_URL or SUPABASE_PUBLISHABLE_KEY is malformed.") from error
        yield made
