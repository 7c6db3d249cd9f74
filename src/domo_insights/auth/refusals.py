"""Why the sign-in service refuses, in words for the person who signs in."""

from typing import Final

from supabase_auth.errors import AuthApiError, AuthWeakPasswordError

from domo_insights.errors import SignInError

SECOND_FACTOR: Final = "This account needs a second factor, and Domo Insights cannot ask for it."
SECOND_FACTOR_HINT: Final = "Use an account without one for now."
ENDED: Final = "This code or link is wrong, was used already, or has ended."
ASK_AGAIN: Final = "Ask for a new one below."
OTHER_BROWSER: Final = "This link works only in the browser that asked for it."
OTHER_BROWSER_HINT: Final = "Open it there, or type the code of the same mail here."
NO_SIGN_UP: Final = "Accounts are not made here. Ask whoever runs your Domo workspace."
_CLOSED: Final = "This way to sign in is switched off here."
_TOO_MANY: Final = "Too many attempts. Wait a few minutes, then try again."
_NO_ADDRESS: Final = "No mail can be sent to this address. Check how it is written."
_TAKEN: Final = "There is an account with this address. Sign in, or choose a new password."
_WORDS: Final = {
    "anonymous_provider_disabled": _CLOSED,
    "bad_code_verifier": OTHER_BROWSER,
    "captcha_failed": "The sign-in service asks for a captcha, and Domo Insights cannot show one.",
    "email_address_invalid": _NO_ADDRESS,
    "email_address_not_authorized": _NO_ADDRESS,
    "email_exists": _TAKEN,
    "email_not_confirmed": "This e-mail address is not confirmed yet. "
    "Ask for a code by e-mail: it confirms the address.",
    "email_provider_disabled": _CLOSED,
    "flow_state_expired": ENDED,
    "flow_state_not_found": ENDED,
    "insufficient_aal": SECOND_FACTOR,
    "oauth_provider_not_supported": _CLOSED,
    "otp_disabled": NO_SIGN_UP,
    "otp_expired": ENDED,
    "over_email_send_rate_limit": "Too many mails were asked for. Wait a few minutes.",
    "over_request_rate_limit": _TOO_MANY,
    "provider_disabled": _CLOSED,
    "provider_email_needs_verification": "Your e-mail address is not confirmed there yet.",
    "reauthentication_needed": "Too much time has passed. Ask for a new mail.",
    "same_password": "The new password is the old one. Choose another.",
    "signup_disabled": NO_SIGN_UP,
    "user_already_exists": _TAKEN,
    "user_banned": "This account is suspended. Ask whoever runs your Domo workspace.",
    "user_not_found": ENDED,
    "validation_failed": "The sign-in service does not accept what was typed.",
}
_REASONS: Final = {
    "length": "It is too short.",
    "characters": "It needs more kinds of characters.",
    "pwned": "It is known from a leak.",
}


def of(error: AuthApiError) -> SignInError:
    """The refusal in our words; one that is not known stays without a reason."""
    return of_code(str(error.code or ""), error.status)


def of_code(code: str, status: int = 400) -> SignInError:
    words = _WORDS.get(code) or (_TOO_MANY if status == 429 else None)
    return SignInError(words, hint=ASK_AGAIN if words == ENDED else None)


def of_provider(error: str, code: str) -> SignInError:
    """What an address that leads back here says after `?error=` and `?error_code=`."""
    if code in _WORDS:
        return of_code(code)
    if error == "access_denied":
        return SignInError("You did not allow this sign-in, or it was stopped.")
    return SignInError("The other site did not sign you in.", hint="Try again, or another way.")


def of_link(code: str) -> SignInError:
    """Why the link of a mail led back here without signing anybody in."""
    return of_code(code if code in _WORDS else "otp_expired")


def weak_password(error: AuthWeakPasswordError) -> SignInError:
    why = " ".join(_REASONS[reason] for reason in error.reasons if reason in _REASONS)
    return SignInError("This password is too weak.", hint=why or "Choose a longer one.")
