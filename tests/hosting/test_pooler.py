"""Behind a pooler in transaction mode: one server connection for everybody, and no row astray."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, func, literal, select, text
from sqlalchemy.engine import make_url

from domo_insights import auth, settings
from domo_insights.database import tables
from domo_insights.database.doors import ingesting, reading, sessions
from domo_insights.database.engine import engine_for
from domo_insights.errors import DatabaseError, DatabaseUnreachableError, ReadOnlyError
from domo_insights.viewer import Viewer
from tests.conftest import Database
from tests.factories import ANA, BEN, conversation, demo, message
from tests.hosting.servers import certify, pgbouncer

READS = 3000
THREADS = 6


@pytest.fixture
def pooled(database: Database, tmp_path: Path) -> Iterator[Engine]:
    """The login role's pool, by way of PgBouncer."""
    sockets = unquote(str(make_url(database.login_url).query["host"]))
    with pgbouncer(tmp_path, sockets, database.name) as url:
        engine = engine_for(url)
        yield engine
        engine.dispose()


def test_thousands_of_interleaved_reads_show_no_foreign_row(
    pooled: Engine, database: Database
) -> None:
    with database.admin.begin() as conn:
        mine = {}
        for owner in (ANA, BEN):
            mine[owner] = demo(conn, owner)
            message(conn, conversation(conn, mine[owner]))

    def read(n: int) -> tuple[set[UUID], int]:
        owner = (ANA, BEN)[n % 2]
        table = random.choice((tables.demos.c.id, tables.conversation_messages.c.demo_id))
        try:
            with reading(pooled, owner) as conn:
                found = set(conn.scalars(select(table)).all())
                pid = conn.scalar(select(func.pg_backend_pid()))
                if n % 10 == 0:
                    conn.execute(select(literal(1) / literal(0)))
        except DatabaseError:
            assert n % 10 == 0
        return found ^ {mine[owner]}, int(pid or 0)

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(read, range(READS)))
    assert sum(len(wrong) for wrong, _ in answers) == 0
    assert len({pid for _, pid in answers}) == 1, "more than one server connection"


def test_nothing_of_a_transaction_stays_on_the_connection(pooled: Engine) -> None:
    names = ("role", "request.jwt.claims", "statement_timeout", "search_path", "TimeZone")
    held = select(*(func.current_setting(name, True) for name in names))
    with pooled.connect() as conn:
        before = tuple(conn.execute(held).one())
    for door in (reading(pooled, ANA), sessions(pooled, ANA), ingesting(pooled)):
        with door:
            pass
        with pooled.connect() as conn:
            assert tuple(conn.execute(held).one()) in {before, (before[0], "", *before[2:])}
            assert conn.scalar(text("select count(*) from pg_prepared_statements")) == 0


def test_outside_a_door_there_is_nothing(pooled: Engine) -> None:
    for viewer in (ANA, BEN):
        with reading(pooled, viewer):
            pass
        with pytest.raises(Exception, match="permission denied"), pooled.connect() as conn:
            conn.execute(select(tables.demos))


def test_a_reader_does_not_write_through_the_pooler(pooled: Engine) -> None:
    with pytest.raises(ReadOnlyError), reading(pooled, ANA) as conn:
        conn.execute(tables.demos.update().values(name="x"))


def test_browser_sessions_work_through_the_pooler(pooled: Engine) -> None:
    nobody = Viewer(UUID(int=0xFF))
    url = pooled.url.render_as_string(hide_password=False).replace("+psycopg", "")
    settings.activate(settings.current().model_copy(update={"database_url": SecretStr(url)}))
    assert auth.browser_sessions(nobody) == []
    assert auth.viewer_of("A" * 43) is None


def test_tls_settings_of_the_address_are_followed(database: Database, tmp_path: Path) -> None:
    sockets = unquote(str(make_url(database.login_url).query["host"]))
    other = tmp_path / "other"
    other.mkdir()
    strange, _ = certify(other)
    with pgbouncer(tmp_path, sockets, database.name, tls=True) as url:
        named = url.replace("127.0.0.1", "localhost")
        own = tmp_path / "site.pem"
        for query in ("sslmode=require", f"sslmode=verify-full&sslrootcert={own}"):
            with reading(engine_for(f"{named}?{query}"), ANA) as conn:
                assert conn.scalar(select(literal(1))) == 1
            engine_for(f"{named}?{query}").dispose()
        for query in ("sslmode=disable", f"sslmode=verify-full&sslrootcert={strange}"):
            refused = pytest.raises(DatabaseUnreachableError)
            with refused as told, reading(engine_for(f"{named}?{query}"), ANA):
                pass
            assert "sslrootcert" not in str(told.value)
