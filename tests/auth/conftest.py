"""The real sign-in service of the embedded default, over this test's database."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import bcrypt
import httpx
import jwt
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, insert, select, update
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from domo_insights import settings
from domo_insights.auth import service, ways, web_sessions
from domo_insights.auth.gate import Gate
from domo_insights.auth.routes import routes
from domo_insights.database.engine import address
from domo_insights.local import auth_api
from domo_insights.local.auth_answers import factors
from domo_insights.local.auth_mail import Mailbox
from domo_insights.local.auth_tables import refresh_tokens, sessions, users
from domo_insights.local.auth_ways import Ways
from domo_insights.local.keys import Keys, keys_of
from domo_insights.settings import Settings
from tests.auth.mails import Mail, mail_of
from tests.conftest import Database
from tests.factories import ANA, USERS

PASSWORD = "correct horse battery"
SITE = "http://127.0.0.1:8501"


@dataclass(frozen=True)
class Issuer:
    """Who signs access tokens, and where the public keys are."""

    url: str
    keys: Keys

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        kid = {"kid": self.keys.kid}
        return jwt.encode(claims, self.keys.private_pem, "ES256", headers=kid | header)


@dataclass(frozen=True)
class Supabase(Issuer):
    """The sign-in service of one test and, as superuser, the tables behind it."""

    admin: Engine
    mail_folder: Path

    def mails(self) -> list[Mail]:
        """What was sent, the newest last."""
        return [mail_of(path) for path in sorted(self.mail_folder.glob("*.eml"))]

    def change_user(self, user_id: Any = ANA.user_id, **values: Any) -> None:
        with self.admin.begin() as conn:
            conn.execute(update(users).where(users.c.id == user_id).values(values))

    def rows(self, table: Any) -> list[Any]:
        with self.admin.connect() as conn:
            return list(conn.execute(select(table)).all())

    @property
    def refreshes(self) -> int:
        """How many refresh tokens came after a first one."""
        return sum(row.parent is not None for row in self.rows(refresh_tokens))

    @property
    def open_sessions(self) -> int:
        return len(self.rows(sessions))

    def add_factor(self, status: str = "verified") -> None:
        row = {"id": uuid4(), "user_id": ANA.user_id, "factor_type": "totp", "status": status}
        with self.admin.begin() as conn:
            now = conn.execute(select(users.c.email_confirmed_at)).scalars().first()
            conn.execute(insert(factors).values(**row, created_at=now, updated_at=now))


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return keys_of(Path(tmp_path_factory.mktemp("keys")))


@pytest.fixture(scope="session")
def key_service(keys: Keys) -> Iterator[str]:
    """The sign-in service for what needs no database."""
    with auth_api.running("postgresql://nobody@127.0.0.1:9/nothing", keys) as url:
        yield url


@pytest.fixture
def issuer(key_service: str, keys: Keys) -> Iterator[Issuer]:
    """Settings in force without a database behind them."""
    settings.activate(
        Settings(
            supabase_url=key_service,
            supabase_publishable_key=keys.publishable_key,
            supabase_jwt_issuer=keys.issuer,
            insights_session_keys=SecretStr(Fernet.generate_key().decode()),
        )
    )
    try:
        yield Issuer(key_service, keys)
    finally:
        settings.activate(None)


@pytest.fixture
def visitor(issuer: Issuer) -> Iterator[TestClient]:
    """A browser that never signs in."""
    with open_browser() as client:
        yield client


@pytest.fixture
def supabase(
    request: pytest.FixtureRequest, database: Database, keys: Keys, tmp_path: Path
) -> Iterator[Supabase]:
    """Parametrised indirectly: what the deployment allows, as Ways."""
    allowed, folder = getattr(request, "param", Ways()), tmp_path / "mail"
    mailbox = Mailbox(folder, lambda _line: None)
    ways.forget()
    admin = create_engine(address(database.superuser_url))
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    try:
        api = auth_api.running(database.superuser_url, keys, mailbox=mailbox, ways=allowed)
        with api as url:
            service = Supabase(url, keys, admin, folder)
            for user in USERS:
                service.change_user(user.user_id, encrypted_password=hashed)
            activate(
                supabase_url=url,
                supabase_publishable_key=keys.publishable_key,
                supabase_jwt_issuer=keys.issuer,
                insights_session_keys=SecretStr(Fernet.generate_key().decode()),
                insights_public_url="",
            )
            yield service
    finally:
        admin.dispose()


def activate(**changes: Any) -> None:
    """The settings in force, with `changes`."""
    changed = settings.current().model_copy(update=changes)
    changed.__dict__.pop("session_cipher", None)  # a copy takes what was computed along
    settings.activate(changed)


async def _echo(request: Request) -> Response:
    viewer = getattr(request.state, "viewer", None)
    return PlainTextResponse(f"app {request.url.path} {viewer.email if viewer else '-'}")


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(socket.state.viewer.email)
    await socket.close()


def site() -> Gate:
    """A stand-in for the dashboard: our routes, and an app that answers every address."""
    every = Route("/{path:path}", _echo, methods=["GET", "POST", "PUT"])
    stream = WebSocketRoute("/_stcore/stream", _socket)
    return Gate(Starlette(routes=[*routes, stream, every]))


@pytest.fixture
def session_id(supabase: Supabase) -> str:
    """The id of a session that Ana began."""
    return web_sessions.start(service.sign_in(ANA.email, PASSWORD))


@pytest.fixture
def browser(supabase: Supabase) -> Iterator[TestClient]:
    with open_browser() as client:
        yield client


def open_browser(base_url: str = SITE) -> TestClient:
    return TestClient(
        site(),
        base_url=base_url,
        follow_redirects=False,
        headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"},
    )


def csrf_of(page: httpx.Response) -> str:
    return page.text.split('name="csrf" value="')[1].split('"')[0]


def sign_in(
    client: TestClient,
    email: str = ANA.email,
    password: str = PASSWORD,
    leads_to: str = "/",
    **headers: str,
) -> httpx.Response:
    page = client.get("/sign-in", params={"next": leads_to})
    form = {"csrf": csrf_of(page), "email": email, "password": password, "next": leads_to}
    return client.post("/sign-in", data=form, headers={"Origin": str(client.base_url), **headers})
