"""Two processes of the real thing on one hosted project, behind a pooler, TLS and a path."""

import ssl
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import bcrypt
import httpx
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, update
from sqlalchemy.engine import make_url

from domo_insights.auth.ways import forget
from domo_insights.database.engine import address
from domo_insights.local import auth_api
from domo_insights.local.auth_mail import Mailbox
from domo_insights.local.auth_tables import users
from domo_insights.local.keys import keys_of
from domo_insights.local.server import PostgresServer
from tests.conftest import create_database, drop_database
from tests.factories import conversation, demo, message
from tests.hosting.servers import free_port, nginx, pgbouncer, running

PASSWORD = "correct horse battery"
COMMAND = [sys.executable, "-c", "from domo_insights.cli import main; main()"]


@dataclass(frozen=True)
class Behind:
    """`url` is what people open; `apps` are the ports of the processes behind it."""

    url: str
    apps: tuple[int, int]
    certificate: Path
    mails: Path
    log: Path

    def client(self, **headers: str) -> httpx.Client:
        """A browser of its own."""
        wanted = {"Accept": "text/html,*/*;q=0.8", "Origin": self.origin} | headers
        tls = ssl.create_default_context(cafile=str(self.certificate))
        return httpx.Client(verify=tls, headers=wanted, timeout=30, trust_env=False)

    @property
    def origin(self) -> str:
        return self.url.rpartition("/")[0]


@pytest.fixture(scope="module")
def behind(
    server: PostgresServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Behind]:
    folder = tmp_path_factory.mktemp("hosting")
    database = create_database(server, "hosting", template)
    keys, ports = keys_of(folder), (free_port(), free_port())
    port = free_port()
    with ExitStack() as leaving:
        leaving.callback(drop_database, database)
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        superuser = create_engine(address(database.superuser_url))
        leaving.callback(superuser.dispose)
        with superuser.begin() as conn:
            conn.execute(update(users).values(encrypted_password=hashed))
        with database.admin.begin() as conn:
            message(conn, conversation(conn, demo(conn)))
        mailbox = Mailbox(folder / "mail", lambda _line: None)
        leaving.callback(forget)
        base = leaving.enter_context(
            auth_api.running(database.superuser_url, keys, mailbox=mailbox)
        )
        sockets = unquote(str(make_url(database.login_url).query["host"]))
        pooled = leaving.enter_context(pgbouncer(folder, sockets, database.name))
        url = f"https://localhost:{port}/dash"
        settings = {
            "SUPABASE_URL": base,
            "SUPABASE_PUBLISHABLE_KEY": keys.publishable_key,
            "SUPABASE_JWT_ISSUER": keys.issuer,
            "DATABASE_URL": pooled,
            "INSIGHTS_SESSION_KEYS": Fernet.generate_key().decode(),
            "INSIGHTS_PUBLIC_URL": url,
            "TAVUS_WEBHOOK_SECRET": "a webhook secret of the tests",
        }
        for app in ports:
            command = [*COMMAND, "up", "--port", str(app)]
            log = folder / f"app-{app}.log"
            leaving.enter_context(running(command, app, log, **settings))
        leaving.enter_context(nginx(folder, port, ports))
        yield Behind(url, ports, folder / "site.pem", folder / "mail", folder / "access.log")
