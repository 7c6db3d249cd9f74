"""Ways in beside the password. Each begins with a request that this browser keeps a verifier of.

A code may be typed anywhere; what comes by an address needs the verifier, or the same browser.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, cast

from supabase_auth import SyncMemoryStorage
from supabase_auth.types import AuthResponse, EmailOtpType, Provider

from domo_insights.auth import refusals
from domo_insights.auth.service import Tokens, asked, checked
from domo_insights.errors import SignInError
from supabase import Client

Kind = Literal["email", "recovery"]
LINK_KINDS: Final = frozenset({"email", "magiclink", "signup", "recovery", "invite"})


@dataclass(frozen=True, slots=True)
class Begun:
    """A request that was made. `leads_to`: where an OAuth provider asks; `tokens`: done already."""

    verifier: str = field(repr=False)
    leads_to: str = ""
    tokens: Tokens | None = None


def mail_code(email: str, back: str | None) -> Begun:
    """Have a code and a link sent to a user who exists. Raises: SignInError, AuthServiceError."""

    def ask(client: Client) -> None:
        client.auth.sign_in_with_otp(
            {"email": email, "options": {"should_create_user": False, **_to("email_", back)}}  # type: ignore[typeddict-item]
        )

    return _begun(ask)


def mail_reset(email: str, back: str | None) -> Begun:
    """Have a code and a link for a new password sent. Raises: SignInError, AuthServiceError."""
    return _begun(lambda c: c.auth.reset_password_for_email(email, _to("", back)))  # type: ignore[arg-type]


def sign_up(email: str, password: str, back: str | None) -> Begun:
    """Make an account. Without `tokens` its address is to be confirmed first.

    Raises: SignInError, AuthServiceError.
    """
    tokens: list[Tokens] = []

    def ask(client: Client) -> None:
        answer = client.auth.sign_up(
            {"email": email, "password": password, "options": _to("email_", back)}  # type: ignore[typeddict-item]
        )
        if answer.session:
            tokens.append(checked(answer))

    begun = _begun(ask)
    return Begun(begun.verifier, tokens=tokens[0] if tokens else None)


def provider(name: str, back: str) -> Begun:
    """Where to send the browser that signs in with `name`. Raises: ConfigError."""
    addresses: list[str] = []

    def ask(client: Client) -> None:
        to = {"redirect_to": back}
        begun = client.auth.sign_in_with_oauth(
            {"provider": cast(Provider, name), "options": to}  # type: ignore[typeddict-item]
        )
        addresses.append(begun.url)

    begun = _begun(ask)
    return Begun(begun.verifier, leads_to=addresses[0])


def by_code(email: str, code: str, kind: Kind) -> Tokens:
    """Tokens for the code of a mail. Raises: SignInError, AuthServiceError."""
    return checked(asked(_verify({"email": email, "token": code, "type": kind}), refusals.of))


def by_token_hash(token_hash: str, kind: str) -> Tokens:
    """Tokens for a link whose address carries the hash. Raises: SignInError, AuthServiceError."""
    if kind not in LINK_KINDS:
        raise SignInError(refusals.ENDED, hint=refusals.ASK_AGAIN)
    known = cast(EmailOtpType, kind)
    return checked(asked(_verify({"token_hash": token_hash, "type": known}), refusals.of))


def by_auth_code(code: str, verifier: str) -> Tokens:
    """Tokens for what an address carries after `?code=`. Raises: SignInError, AuthServiceError."""

    def ask(client: Client) -> AuthResponse:
        return client.auth.exchange_code_for_session(
            {"auth_code": code, "code_verifier": verifier, "redirect_to": ""}
        )

    return checked(asked(ask, refusals.of))


def new_password(access_token: str, password: str) -> None:
    """Give the user of `access_token` another password. Raises: SignInError, AuthServiceError."""

    def ask(client: Client) -> None:
        # The refresh token stays where it is: only one place may use it up.
        client.auth.set_session(access_token, "none")
        client.auth.update_user({"password": password})

    asked(ask, refusals.of)


def _begun(ask: Callable[[Client], None]) -> Begun:
    def asking(client: Client) -> str:
        ask(client)
        kept = cast(SyncMemoryStorage, client.options.storage).storage
        found = next((v for k, v in kept.items() if k.endswith("-code-verifier")), "")
        return found.partition("/")[0]

    return Begun(asked(asking, refusals.of))


def _verify(params: dict[str, str]) -> Callable[[Client], AuthResponse]:
    return lambda client: client.auth.verify_otp(params)  # type: ignore[arg-type]


def _to(kind: str, back: str | None) -> dict[str, str]:
    return {f"{kind}redirect_to": back} if back else {}
