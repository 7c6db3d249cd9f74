"""The part of the Supabase Auth API that signing in needs, on 127.0.0.1."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

import anyio.to_thread
import jwt
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from domo_insights.database.engine import address
from domo_insights.local import auth_store as store
from domo_insights.local.auth_answers import as_json, json_body, refusal, text, user_facts
from domo_insights.local.auth_listening import listening
from domo_insights.local.auth_mail import Mailbox
from domo_insights.local.auth_store import RefusedError, Row
from domo_insights.local.auth_tokens import SigningKeys, access_token, claims_of, key_set
from domo_insights.local.auth_ways import Flows, Ways

TOKEN_SECONDS = 3600
_HEALTH = {"version": "local", "name": "GoTrue", "description": "Embedded stand-in"}


@contextmanager
def running(
    superuser_url: str,
    keys: SigningKeys,
    port: int = 0,
    *,
    token_seconds: int = TOKEN_SECONDS,
    mailbox: Mailbox | None = None,
    ways: Ways | None = None,
) -> Iterator[str]:
    """Serve the API over the users of `superuser_url`; yields what SUPABASE_URL is to be.

    Port 0 takes a free one. Raises: EmbeddedError when it cannot listen.
    """
    engine = create_engine(
        address(superuser_url),
        pool_size=4,
        pool_pre_ping=True,
        connect_args={"prepare_threshold": None},
    )
    flows = Flows(engine, mailbox, ways or Ways())
    try:
        with listening(_Api(engine, keys, token_seconds, flows).app(), port) as url:
            yield url
    finally:
        engine.dispose()


@dataclass(frozen=True)
class _Api:
    engine: Engine
    keys: SigningKeys
    token_seconds: int
    flows: Flows

    def app(self) -> ASGIApp:
        return Starlette(
            routes=[
                self._route("/token", self.token, "POST"),
                self._route("/user", self.user, "GET"),
                self._route("/user", self.change_user, "PUT"),
                self._route("/otp", self.flows.otp, "POST"),
                self._route("/recover", self.flows.recover, "POST"),
                self._route("/signup", self.signup, "POST"),
                self._route("/verify", self.verify, "POST"),
                # A browser comes to these two by a link.
                self._route("/verify", self.flows.follow, "GET", keyless=True),
                self._route("/authorize", self.flows.authorize, "GET", keyless=True),
                self._route("/logout", self.logout, "POST"),
                self._route("/settings", self.settings, "GET"),
                self._route("/health", lambda _request, _body: as_json(_HEALTH), "GET"),
                # Public at Supabase too: verifiers have no key.
                self._route("/.well-known/jwks.json", self.jwks, "GET", keyless=True),
            ]
        )

    def _route(
        self,
        path: str,
        answer: Callable[[Request, dict[str, Any]], Response],
        method: str,
        *,
        keyless: bool = False,
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            if not keyless and (unknown := self._without_key(request)):
                return unknown
            try:
                body = await json_body(request) if method != "GET" else {}
                return await anyio.to_thread.run_sync(answer, request, body)
            except RefusedError as refused:
                return refusal(request, refused)
            except SQLAlchemyError:
                return refusal(request, RefusedError(500, "unexpected_failure", "Database error"))

        return Route(f"/auth/v1{path}", endpoint, methods=[method])

    def _without_key(self, request: Request) -> Response | None:
        key = request.headers.get("apikey") or request.query_params.get("apikey")
        if key is None:
            words = ("No API key found in request", "No `apikey` request header or url param.")
        elif not compare_digest(key.encode(), self.keys.publishable_key.encode()):
            words = ("Invalid API key", "Double check your Supabase publishable key.")
        else:
            return None
        return JSONResponse({"message": words[0], "hint": words[1]}, 401)

    def token(self, request: Request, body: dict[str, Any]) -> Response:
        match request.query_params.get("grant_type"):
            case "password":
                return self._by_password(request, body)
            case "refresh_token":
                return self._by_refresh_token(body)
            case "pkce":
                user, method = self.flows.exchange(body)
                return self._new_session(request, user, method)
        raise RefusedError(400, "validation_failed", "unsupported_grant_type")

    def _by_password(self, request: Request, body: dict[str, Any]) -> Response:
        email, password = text(body, "email"), text(body, "password")
        with self.engine.begin() as conn:
            user = store.user_of_password(conn, email, password)
        return self._new_session(request, user, "password")

    def _new_session(self, request: Request, user: Row, method: str) -> Response:
        agent = request.headers.get("user-agent", "")
        with self.engine.begin() as conn:
            session, refresh = store.open_session(conn, user, agent, method)
            return self._tokens(conn, user, session, refresh)

    def signup(self, request: Request, body: dict[str, Any]) -> Response:
        made = self.flows.signup(request, body)
        return made if isinstance(made, Response) else self._new_session(request, made, "password")

    def verify(self, request: Request, body: dict[str, Any]) -> Response:
        return self._new_session(request, self.flows.verify(body), "otp")

    def _by_refresh_token(self, body: dict[str, Any]) -> Response:
        with self.engine.begin() as conn:
            rotated = store.rotate(conn, text(body, "refresh_token"))
            if not isinstance(rotated, RefusedError):
                return self._tokens(conn, *rotated)
        raise rotated

    def _tokens(self, conn: Connection, user: Row, session: Row, refresh: str) -> Response:
        method = store.method_of(conn, session["id"])
        token, ends = access_token(self.keys, user, session, self.token_seconds, method)
        answer = {"access_token": token, "token_type": "bearer", "refresh_token": refresh}
        times = {"expires_in": self.token_seconds, "expires_at": ends}
        return as_json({**answer, **times, "user": user_facts(conn, user)})

    def user(self, request: Request, _body: dict[str, Any]) -> Response:
        with self.engine.connect() as conn:
            return as_json(user_facts(conn, self._bearer(conn, request)[0]))

    def change_user(self, request: Request, body: dict[str, Any]) -> Response:
        with self.engine.begin() as conn:
            user, session_id = self._bearer(conn, request)
            return as_json(user_facts(conn, self.flows.change(conn, user, session_id, body)))

    def logout(self, request: Request, _body: dict[str, Any]) -> Response:
        scope = request.query_params.get("scope", "global")
        if scope not in {"global", "local", "others"}:
            raise RefusedError(400, "validation_failed", f'Unsupported logout scope "{scope[:40]}"')
        with self.engine.begin() as conn:
            user, session_id = self._bearer(conn, request)
            store.close_sessions(conn, str(user["id"]), session_id, scope)
        return Response(status_code=204)

    def settings(self, _request: Request, _body: dict[str, Any]) -> Response:
        ways = self.flows.ways
        external = {"email": True, "phone": False, "anonymous_users": False}
        if ways.provider:
            external[ways.provider] = True
        signs_up = {"disable_signup": not ways.sign_up, "mailer_autoconfirm": not ways.confirm}
        # The last one is ours: a page must not promise mails that never leave.
        return as_json({"external": external, **signs_up, "mails_stay_here": True})

    def jwks(self, _request: Request, _body: dict[str, Any]) -> Response:
        return as_json(key_set(self.keys), {"Cache-Control": "public, max-age=600"})

    def _bearer(self, conn: Connection, request: Request) -> tuple[Row, str]:
        """User and session id of the access token. Raises: RefusedError."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            words = "This endpoint requires a valid Bearer token"
            raise RefusedError(401, "no_authorization", words)
        try:
            claims = claims_of(self.keys, token)
        except jwt.InvalidTokenError as error:
            words = "invalid JWT: unable to parse or verify signature"
            raise RefusedError(403, "bad_jwt", words) from error
        user = store.user_of_id(conn, claims["sub"])
        if user is None:
            words = "User from sub claim in JWT does not exist"
            raise RefusedError(403, "user_not_found", words)
        if store.session_of_id(conn, claims["session_id"]) is None:
            words = "Session from session_id claim in JWT does not exist"
            raise RefusedError(403, "session_not_found", words)
        return user, claims["session_id"]
