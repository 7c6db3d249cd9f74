"""A real primary and a real streaming replica of it, made by pg_basebackup."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from domo_insights import settings
from domo_insights.database.engine import engine_for
from domo_insights.database.replica import Replica, following
from domo_insights.local import cluster, postmaster
from domo_insights.local.server import SUPERUSER, PostgresServer
from domo_insights.local.stack import prepare_database
from tests.conftest import Database, _roomy_memory, add_users
from tests.local.processes import eventually


@dataclass(frozen=True)
class Pair:
    """`primary` and `copy` are the one database of each."""

    primary: Database
    copy: Database

    @property
    def engine(self) -> Engine:
        return self.primary.engine

    @property
    def replica(self) -> Engine:
        return self.copy.engine

    def replay(self, *, go_on: bool) -> None:
        """Let the replica take over what the primary does, or stand still where it is."""
        act = "select pg_wal_replay_resume()" if go_on else "select pg_wal_replay_pause()"
        state = "not paused" if go_on else "paused"
        with psycopg.connect(self.copy.superuser_url, autocommit=True) as conn:
            conn.execute(act)
            asked = "select pg_get_wal_replay_pause_state()"
            eventually(lambda: conn.execute(asked).fetchone() == (state,), f"replay is {state}")

    def catch_up(self) -> None:
        """Wait until the replica has all that was committed before."""
        with psycopg.connect(self.primary.superuser_url) as conn:
            now = conn.execute("select pg_current_wal_lsn()").fetchone()[0]
        with psycopg.connect(self.copy.superuser_url, autocommit=True) as conn:
            asked = "select pg_last_wal_replay_lsn() >= %s::pg_lsn"
            eventually(lambda: conn.execute(asked, [now]).fetchone()[0], "the replica caught up")


def base_backup(primary: PostgresServer, folder: Path) -> None:
    """Put a replica's files into `folder`."""
    account = postmaster.account_for(primary.pgdata)
    files = folder / "postgres"
    files.mkdir(mode=0o700, parents=True)
    if account is not None:
        os.chown(files, account.pw_uid, account.pw_gid)
        cluster.open_paths(files, account)
    sockets = unquote(str(make_url(primary.url(SUPERUSER)).query["host"]))
    command = ["-h", sockets, "-U", SUPERUSER, "-D", ".", "-R", "-X", "stream", "-c", "fast"]
    done = postmaster.run("pg_basebackup", command, account, files)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def running_pair() -> Iterator[Pair]:
    with tempfile.TemporaryDirectory(prefix="domo-pair-", dir=_roomy_memory()) as name:
        folder = Path(name)
        with PostgresServer(folder / "primary") as primary:
            prepare_database(primary)
            with psycopg.connect(primary.url(SUPERUSER)) as conn:
                add_users(conn)
            base_backup(primary, folder / "replica")
            with PostgresServer(folder / "replica") as replica:
                yield Pair(Database(primary, "postgres"), Database(replica, "postgres"))
            for server in (primary, replica):
                for user in ("postgres", "domo_insights"):
                    engine_for(server.url(user)).dispose()


@pytest.fixture
def pair(running_pair: Pair) -> Iterator[Pair]:
    """Both, running and the same, with the settings in force that name them."""
    running_pair.catch_up()
    reads = running_pair.copy.login_url
    found = running_pair.primary.settings.model_copy(update={"database_read_url": reads})
    settings.activate(type(found)(**{**found.model_dump(), "database_read_url": reads}))
    yield running_pair
    settings.activate(None)
    if running_pair.copy.server.is_running():
        running_pair.replay(go_on=True)


@pytest.fixture
def watched(pair: Pair) -> Iterator[Replica]:
    """The thread of a web process that compares the two."""
    with following(pair.engine, pair.replica, 3600) as replica:
        eventually(lambda: replica.state().used, "the replica is read from")
        yield replica
