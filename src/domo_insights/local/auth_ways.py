"""The stand-in's answers to sign-ins that begin with a mail, another site, or a new account."""

import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import bcrypt
from sqlalchemy import Connection, Engine, update
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domo_insights.errors import ConflictingDataError, WrongUseError
from domo_insights.local import auth_one_time as one_time
from domo_insights.local import auth_store as store
from domo_insights.local.auth_answers import as_json, text, user_facts
from domo_insights.local.auth_mail import Mailbox
from domo_insights.local.auth_one_time import Challenge, Purpose
from domo_insights.local.auth_store import RefusedError, Row
from domo_insights.local.auth_tables import flow_state, users
from domo_insights.local.users import add_user
from domo_insights.settings import current

_SHORTEST: Final = 6
_GUESSES: Final = 30
_GUESS_SECONDS: Final = 300.0
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_SUBJECTS: Final = {
    "recovery": "Choose a new password for Domo Insights",
    "magiclink": "Sign in to Domo Insights",
    "signup": "Confirm your address for Domo Insights",
}


@dataclass(frozen=True, slots=True)
class Ways:
    """What the deployment allows. `provider`: name of another site, which says it is `as_user`
    (None: it says no). `own_links`: mails lead to the address asked for, else to this API first,
    as Supabase's own templates do."""

    sign_up: bool = False
    confirm: bool = True
    provider: str = ""
    as_user: str | None = None
    own_links: bool = True


@dataclass
class Flows:
    """What lies behind /otp, /recover, /signup, /verify, /authorize and grant_type=pkce."""

    engine: Engine
    mailbox: Mailbox | None
    ways: Ways = Ways()
    _guesses: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def otp(self, request: Request, body: dict[str, Any]) -> Response:
        email = text(body, "email")
        with self.engine.begin() as conn:
            user = store.user_of_email(conn, email)
            if user is None:
                if not body.get("create_user", True):
                    raise RefusedError(422, "otp_disabled", "Signups not allowed for otp")
                user = self._add(conn, email, bcrypt.gensalt().decode())
            confirmed = user["email_confirmed_at"] is not None
            self._mail(conn, request, body, user, "magiclink" if confirmed else "signup")
        return as_json({})

    def recover(self, request: Request, body: dict[str, Any]) -> Response:
        with self.engine.begin() as conn:
            user = store.user_of_email(conn, text(body, "email"))
            if user is not None:
                self._mail(conn, request, body, user, "recovery")
        return as_json({})

    def signup(self, request: Request, body: dict[str, Any]) -> Row | Response:
        """The user, where no confirmation is asked for; else the answer to give."""
        email, password = text(body, "email"), _checked(text(body, "password"))
        with self.engine.begin() as conn:
            user = store.user_of_email(conn, email)
            if user is not None and (user["email_confirmed_at"] or not self.ways.confirm):
                if not self.ways.confirm:
                    raise RefusedError(422, "user_already_exists", "User already registered")
                return as_json({**user_facts(conn, user), "identities": [], "app_metadata": {}})
            if user is None:
                user = self._add(conn, email, password)
            if not self.ways.confirm:
                return user
            self._mail(conn, request, body, user, "signup")
            return as_json(user_facts(conn, user))

    def verify(self, body: dict[str, Any]) -> Row:
        """The user of a code or of a link's hash. Raises: RefusedError."""
        kind = text(body, "type")
        with self.engine.begin() as conn:
            if body.get("token_hash"):
                return one_time.use_hash(conn, text(body, "token_hash"), kind)
            email = text(body, "email")
            self._count(email.lower())
            return one_time.use_code(conn, email, text(body, "token"), kind)

    def follow(self, request: Request, _body: dict[str, Any]) -> Response:
        """GET /verify: a link that leads here uses its token up, and back with a code."""
        query = request.query_params
        back = _back(query.get("redirect_to"))
        try:
            with self.engine.begin() as conn:
                user = one_time.use_hash(conn, query.get("token", ""), query.get("type", ""))
                code = one_time.auth_code(conn, flow_state.c.user_id == user["id"], user["id"])
        except RefusedError as refused:
            return _leads(back, _refusal(refused))
        return _leads(back, {"code": code or ""})

    def authorize(self, request: Request, _body: dict[str, Any]) -> Response:
        """The other site, which asks nothing: it is the tests' own."""
        query = request.query_params
        if not self.ways.provider or query.get("provider") != self.ways.provider:
            words = "Unsupported provider: provider is not enabled"
            raise RefusedError(400, "validation_failed", words)
        back, challenge = _back(query.get("redirect_to")), _challenge(dict(query))
        if challenge is None:
            raise RefusedError(400, "validation_failed", "PKCE is required here")
        if self.ways.as_user is None:
            denied = {"error": "access_denied", "error_description": "The user said no"}
            return _leads(back, denied)
        try:
            with self.engine.begin() as conn:
                user = store.user_of_email(conn, self.ways.as_user)
                if user is None:
                    user = self._add(conn, self.ways.as_user, bcrypt.gensalt().decode(), known=True)
                flow = one_time.begin_flow(conn, challenge, self.ways.provider, "oauth", None)
                code = one_time.auth_code(conn, flow_state.c.id == flow, user["id"])
        except RefusedError as refused:
            return _leads(back, _refusal(refused))
        return _leads(back, {"code": code or ""})

    def exchange(self, body: dict[str, Any]) -> tuple[Row, str]:
        """User and method behind an address's code. Raises: RefusedError."""
        with self.engine.begin() as conn:
            user_id, method = one_time.use_auth_code(
                conn, text(body, "auth_code"), text(body, "code_verifier")
            )
            user = store.user_of_id(conn, str(user_id))
        if user is None or store.banned(user):
            raise RefusedError(403, "user_banned", "User is banned")
        return user, method

    def change(self, conn: Connection, user: Row, session_id: str, body: dict[str, Any]) -> Row:
        """A new password ends the user's other sessions. Raises: RefusedError."""
        password = _checked(text(body, "password"))
        before = (user["encrypted_password"] or "").encode()
        if before and bcrypt.checkpw(password.encode(), before):
            words = "New password should be different from the old password."
            raise RefusedError(422, "same_password", words)
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(10)).decode()
        mine = users.c.id == user["id"]
        changed = update(users).where(mine).values(encrypted_password=hashed).returning(users)
        row = conn.execute(changed).mappings().one()
        store.close_sessions(conn, str(user["id"]), session_id, "others")
        return row

    def _add(self, conn: Connection, email: str, password: str, *, known: bool = False) -> Row:
        if not self.ways.sign_up:
            words = "Signups not allowed for this instance"
            raise RefusedError(422, "signup_disabled", words)
        confirmed = known or not self.ways.confirm
        try:
            user_id = add_user(conn, email, password, confirmed=confirmed)
        except WrongUseError as error:
            raise RefusedError(400, "email_address_invalid", str(error)) from error
        except ConflictingDataError as error:
            raise RefusedError(422, "user_already_exists", "User already registered") from error
        user = store.user_of_id(conn, str(user_id))
        if user is None:
            raise RefusedError(500, "unexpected_failure", "User was not made")
        return user

    def _mail(
        self, conn: Connection, request: Request, body: dict[str, Any], user: Row, kind: str
    ) -> None:
        purpose: Purpose = "confirmation" if kind == "signup" else "recovery"
        code, token = one_time.new_code(conn, user, purpose, _challenge(body))
        back = _back(request.query_params.get("redirect_to"))
        if self.ways.own_links:
            link = _with(back, {"token_hash": token, "type": kind})
        else:
            query = {"token": token, "type": kind, "redirect_to": back}
            link = f"{request.url.scheme}://{request.url.netloc}/auth/v1/verify?{urlencode(query)}"
        if self.mailbox is not None:
            self.mailbox.send(str(user["email"]), _SUBJECTS[kind], code, link)

    def _count(self, account: str) -> None:
        now = time.monotonic()
        with self._lock:
            made = self._guesses[account]
            while made and made[0] < now - _GUESS_SECONDS:
                made.popleft()
            if len(made) >= _GUESSES:
                raise RefusedError(429, "over_request_rate_limit", "Request rate limit reached")
            made.append(now)


def _challenge(body: dict[str, Any]) -> Challenge | None:
    value, method = body.get("code_challenge"), body.get("code_challenge_method") or "s256"
    return Challenge(str(value), str(method)) if value else None


def _checked(password: str) -> str:
    if len(password) < _SHORTEST:
        words = f"Password should be at least {_SHORTEST} characters."
        raise RefusedError(422, "weak_password", words, {"weak_password": {"reasons": ["length"]}})
    if len(password.encode()) > 72:
        words = "Password cannot be longer than 72 characters"
        raise RefusedError(400, "validation_failed", words)
    return password


def _back(asked: str | None) -> str:
    """`asked`, if it leads to this machine or to the public address; else the latter."""
    public = current().insights_public_url or "http://127.0.0.1:8501"
    parts = urlsplit(asked or "")
    known = parts.hostname in _LOCAL or parts.netloc == urlsplit(public).netloc
    return asked if asked and known and parts.scheme in {"http", "https"} else public


def _refusal(refused: RefusedError) -> dict[str, str]:
    said = {"error_code": refused.code, "error_description": refused.message}
    return {"error": "access_denied", **said}


def _with(address: str, query: dict[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def _leads(back: str, query: dict[str, str]) -> Response:
    return RedirectResponse(_with(back, query), 303)
