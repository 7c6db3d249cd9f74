"""A Postgres of these tests' own, to be killed, filled and moved; its durability is left on."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from starlette.applications import Starlette
from starlette.testclient import TestClient

from domo_insights import settings
from domo_insights.database.engine import engine_for
from domo_insights.ingest.routes import routes
from domo_insights.ingest.webhook import token_of
from domo_insights.local.server import PostgresServer
from domo_insights.local.stack import prepare_database
from domo_insights.local.users import add_user
from domo_insights.settings import Settings
from domo_insights.viewer import Viewer
from tests.conftest import Database
from tests.factories import NOON, demo

SECRET = "a webhook secret of the tests"


def prepared(server: PostgresServer) -> Database:
    """The database of a server that just started, migrated."""
    prepare_database(server)
    return Database(server, "postgres")


def in_force(database: Database) -> Settings:
    made = database.settings.model_copy(
        update={"insights_session_keys": settings.SecretStr(Fernet.generate_key().decode())}
    )
    settings.activate(made)
    return made


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    folder = Path(tempfile.mkdtemp(prefix="domo-faults-"))
    try:
        with PostgresServer(folder / "data") as server:
            prepared(server)
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def mine(own_server: PostgresServer) -> Iterator[Database]:
    database = Database(own_server, "postgres")
    in_force(database)
    yield database
    settings.activate(None)
    database.engine.dispose()
    database.admin.dispose()


@pytest.fixture
def owner(mine: Database) -> Viewer:
    from uuid import uuid4

    email = f"{uuid4().hex}@northwind.example"
    with engine_for(mine.admin_url).begin() as conn:
        return Viewer(add_user(conn, email, "correct horse"), email)


@pytest.fixture
def post(mine: Database, owner: Viewer):
    """Post the n-th utterance of a conversation of the owner's to its demo's own address."""
    with engine_for(mine.admin_url).begin() as conn:
        where = demo(conn, user_id=owner.user_id)
    client = TestClient(Starlette(routes=routes))
    address = f"/webhooks/tavus/{where}?token={token_of(where)}"

    def posted(n: int, conversation: str = "c"):
        return client.post(address, content=json.dumps(utterance(n, f"{where}-{conversation}")))

    posted.demo_id = where
    return posted


def utterance(n: int, conversation: str):
    return {
        "conversation_id": conversation,
        "event_type": "conversation.utterance",
        "message_type": "conversation",
        "inference_id": f"i{n}",
        "timestamp": (NOON + timedelta(seconds=n)).isoformat(),
        "properties": {"role": "user", "speech": f"This is number {n}."},
    }
