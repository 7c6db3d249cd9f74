"""Real Postgres for every test: one server, a template by the migrations, a clone per test."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from playwright.sync_api import Browser, sync_playwright
from psycopg import sql
from sqlalchemy import Connection, Engine

from domo_insights import settings
from domo_insights.database.engine import close_engine, engine_for
from domo_insights.local.server import SUPERUSER, PostgresServer
from domo_insights.local.stack import OWNER, prepare_database
from domo_insights.settings import Settings
from domo_insights.viewer import Viewer
from tests.factories import USERS

_CHROMIUM_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
_TEMPLATE = "insights_template"
_names = count(1)


@dataclass(frozen=True)
class Database:
    """A database of one test. `admin` is its owner, `engine` the web process's login role."""

    server: PostgresServer
    name: str

    @property
    def admin_url(self) -> str:
        return self.server.url(OWNER, self.name)

    @property
    def login_url(self) -> str:
        return self.server.url("domo_insights", self.name)

    @property
    def superuser_url(self) -> str:
        return self.server.url(SUPERUSER, self.name)

    @property
    def admin(self) -> Engine:
        return engine_for(self.admin_url)

    @property
    def engine(self) -> Engine:
        return engine_for(self.login_url)

    @property
    def settings(self) -> Settings:
        return Settings(
            supabase_url="http://127.0.0.1:9",
            supabase_publishable_key="sb_publishable_test",
            database_url=self.login_url,
            database_admin_url=self.admin_url,
            tavus_webhook_secret="a webhook secret of the tests",
            insights_session_keys=Fernet.generate_key().decode(),
            insights_public_url="http://127.0.0.1:8501",
        )


def _roomy_memory() -> str | None:
    """Where a clone per test costs a fifth; None, the usual place, where there is no room."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 4 * 1024**3
    return str(memory) if roomy and os.access(memory, os.W_OK) else None


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with (
        tempfile.TemporaryDirectory(prefix="domo-", dir=_roomy_memory()) as folder,
        PostgresServer(Path(folder) / "data") as running,
    ):
        with psycopg.connect(running.url(SUPERUSER), autocommit=True) as conn:
            # Nothing here outlives the tests; those of crashes start a server of their own.
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                conn.execute(sql.SQL("alter system set {} = off").format(sql.Identifier(name)))
            conn.execute("select pg_reload_conf()")
        yield running


def create_database(server: PostgresServer, name: str, template: str = "template0") -> Database:
    with psycopg.connect(server.url(SUPERUSER), autocommit=True) as conn:
        conn.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return Database(server, name)


def drop_database(database: Database) -> None:
    for url in (database.admin_url, database.login_url, database.superuser_url):
        close_engine(url)
    with psycopg.connect(database.server.url(SUPERUSER), autocommit=True) as conn:
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(database.name)))


def add_users(conn: psycopg.Connection, users: Iterable[Viewer] = USERS) -> None:
    """`users` as the sign-in service keeps them. `conn` is the superuser's."""
    for viewer in users:
        role = '{"role": "product_team"}' if viewer.product_team else "{}"
        conn.execute(
            "insert into auth.users (id, aud, role, email, email_confirmed_at, "
            "raw_app_meta_data) values (%s, 'authenticated', 'authenticated', %s, now(), %s)",
            [viewer.user_id, viewer.email, role],
        )


@pytest.fixture(scope="session")
def template(server: PostgresServer) -> str:
    database = create_database(server, _TEMPLATE)
    prepare_database(server, _TEMPLATE)
    with psycopg.connect(database.superuser_url) as conn:
        add_users(conn)
    return _TEMPLATE


@pytest.fixture
def database(server: PostgresServer, template: str) -> Iterator[Database]:
    """A migrated database of this test's own, with the settings in force that point at it."""
    database = create_database(server, f"test_{next(_names)}", template)
    settings.activate(database.settings)
    try:
        yield database
    finally:
        settings.activate(None)
        drop_database(database)


@pytest.fixture
def rows(database: Database) -> Iterator[Connection]:
    """A connection of the owner to put rows in, each statement committed."""
    with database.admin.connect() as conn:
        yield conn.execution_options(isolation_level="AUTOCOMMIT")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one Chromium of a test run: Playwright allows one loop per thread."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=_CHROMIUM_FLAGS
        )
        yield chromium
        chromium.close()
