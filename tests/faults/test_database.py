"""What becomes of requests while the database is away, busy, closed to writers or elsewhere."""

import os
import signal
import socket
import threading
import time
from contextlib import contextmanager, suppress

import psycopg
import pytest
from sqlalchemy import create_engine, func, insert, select, text

from domo_insights.auth import web_sessions
from domo_insights.database import doors
from domo_insights.database.doors import editing, reading
from domo_insights.database.engine import address
from domo_insights.database.listening import is_deaf, listening, version_of
from domo_insights.database.queue import Worker, drain, working
from domo_insights.database.tables import knowledge_chunks
from domo_insights.database.tables import processed_webhook_events as events
from domo_insights.errors import (
    BusyError,
    DatabaseError,
    DatabaseUnreachableError,
    QueryTimeoutError,
    ReadOnlyError,
)
from domo_insights.local import postmaster
from domo_insights.local.server import SUPERUSER
from domo_insights.queries import demos
from tests.local.processes import eventually

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def stored(database, demo_id):
    with database.admin.connect() as conn:
        query = select(events.c.event_data["inference_id"].astext).where(
            events.c.demo_id == demo_id
        )
        return sorted(conn.scalars(query))


def answers(database, viewer):
    with suppress(DatabaseError), reading(database.engine, viewer) as conn:
        return len(demos.mine(conn)) == 1
    return False


@contextmanager
def kept_alive(server):
    server.watch()
    try:
        yield
    finally:
        server._closing.set()
        server._watcher.join()
        server._watcher = None
        server._closing.clear()


def sent_until_acknowledged(post, n):
    while (answer := post(n)).status_code != 200:
        assert answer.status_code == 503
        assert answer.json()["error"] == "The callback cannot be stored now."
        time.sleep(0.02)
    return answer.json()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT, signal.SIGINT])
def test_killed_or_stopped_it_comes_back_and_no_callback_is_lost_or_doubled(mine, owner, post, how):
    """Every callback is sent until it is acknowledged, as Tavus does; some are sent once more."""
    worker = Worker(mine.engine)
    worker.start()
    acknowledged = 0
    try:
        with kept_alive(mine.server):
            for n in range(12):
                if n in (4, 8):
                    pid = postmaster.pid_of(mine.server.pgdata)
                    os.kill(pid, how)
                answer = sent_until_acknowledged(post, n)
                acknowledged += answer["stored"] or answer["duplicate"]
                assert sent_until_acknowledged(post, n)["duplicate"]
            assert acknowledged == 12
            assert stored(mine, post.demo_id) == sorted(f"i{n}" for n in range(12))
            eventually(lambda: answers(mine, owner), "pages answer, nothing was restarted")
            eventually(lambda: drain(mine.engine) == 0, "the queue is worked off")
            eventually(lambda: worker.working, "the worker is at it again")
    finally:
        worker.stop()


def test_while_it_is_away_a_page_says_so(mine, owner, post):
    mine.server._stop_postgres()
    try:
        with (
            pytest.raises(DatabaseUnreachableError, match="cannot be reached") as told,
            reading(mine.engine, owner),
        ):
            pass  # fmt: skip
        assert "doctor" in told.value.hint
        assert post(1).status_code == 503
        assert post(1).headers["retry-after"]
    finally:
        mine.server._ensure_running()
    eventually(lambda: answers(mine, owner), "pages answer")
    assert post(1).json() == {"stored": 1, "duplicate": False}


def test_open_pages_learn_that_nothing_is_heard_and_hear_again(mine, owner, post):
    with listening(mine.engine, mine.login_url), working(mine.engine):
        eventually(lambda: not is_deaf(), "it listens")
        mine.server._stop_postgres()
        try:
            eventually(is_deaf, "it says that it hears nothing")
            assert version_of(owner) is None
        finally:
            mine.server._ensure_running()
        eventually(lambda: not is_deaf(), "it listens again")
        before = version_of(owner)
        assert post(1).status_code == 200
        eventually(lambda: version_of(owner) > before, "it hears of what came since")


def test_out_of_connections_is_told_as_such(mine, owner, post):
    with psycopg.connect(mine.superuser_url, autocommit=True) as conn:
        conn.execute("alter role domo_insights connection limit 0")
        mine.engine.dispose()
        try:
            with pytest.raises(BusyError, match="in use"), reading(mine.engine, owner):
                pass
            assert post(1).status_code == 503
        finally:
            conn.execute("alter role domo_insights connection limit -1")
    assert answers(mine, owner)
    assert post(1).status_code == 200


def test_the_pool_that_is_empty_is_told_as_such(mine, owner):
    narrow = create_engine(address(mine.login_url), pool_size=1, max_overflow=0, pool_timeout=0.1)
    with reading(narrow, owner), pytest.raises(BusyError, match="in use"), reading(narrow, owner):
        pass
    narrow.dispose()


def test_slow_is_cut_off_in_words_and_the_next_one_is_served(mine, owner, monkeypatch):
    monkeypatch.setattr(doors, "READ_TIMEOUT_MS", 200)
    with psycopg.connect(mine.admin_url) as conn:
        conn.execute("lock table public.demos in access exclusive mode")
        with pytest.raises(QueryTimeoutError), reading(mine.engine, owner) as asked:
            demos.mine(asked)
    monkeypatch.setattr(doors, "READ_TIMEOUT_MS", 8000)
    with reading(mine.engine, owner) as asked:
        demos.mine(asked)


def test_closed_to_writers_it_is_read_and_every_write_says_why(mine, owner, post):
    with psycopg.connect(mine.superuser_url, autocommit=True) as conn:
        conn.execute("alter system set default_transaction_read_only = on")
        conn.execute("select pg_reload_conf()")
        mine.engine.dispose()
        mine.admin.dispose()
        try:
            eventually(lambda: _read_only(mine), "it takes no changes")
            assert answers(mine, owner)
            web_sessions._touch(b"somebody")
            change = insert(knowledge_chunks).values(demo_id=post.demo_id, content="x")
            writes = editing(mine.engine, owner)
            with pytest.raises(ReadOnlyError, match="no changes"), writes as asked:
                asked.execute(change)
            assert post(1).status_code == 503
        finally:
            conn.execute("set default_transaction_read_only = off")
            conn.execute("alter system reset default_transaction_read_only")
            conn.execute("select pg_reload_conf()")
    eventually(lambda: not _read_only(mine), "it takes changes again")
    mine.engine.dispose()
    assert post(1).json() == {"stored": 1, "duplicate": False}


def _read_only(database):
    with psycopg.connect(database.login_url) as conn:
        return conn.execute("show default_transaction_read_only").fetchone()[0] == "on"


class Door:
    """A TCP address with Postgres' socket behind it, until it is led elsewhere."""

    def __init__(self, path):
        self.path = path
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open, self.every, self.threads = [], [], []
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def _accept(self):
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.socket(socket.AF_UNIX)
                try:
                    far.connect(self.path)
                except OSError:
                    near.close()
                    far.close()
                    continue
                self.open += [near, far]
                self.every += [near, far]
                for pair in ((near, far), (far, near)):
                    thread = threading.Thread(target=self._pass, args=pair, daemon=True)
                    thread.start()
                    self.threads.append(thread)

    def _pass(self, one, other):
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def lead_to(self, path):
        self.path = path
        for end in self.open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.open.clear()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.accepting.join(10)
        self.listener.close()
        self.lead_to(self.path)
        for thread in self.threads:
            thread.join(10)
        for end in self.every:
            end.close()


def test_moved_behind_the_same_name_it_is_found_without_a_restart(mine, owner):
    """What a failover looks like: connections break, the name leads elsewhere."""
    here = str(mine.server._sockets / ".s.PGSQL.5432")
    door = Door(here)
    moving = create_engine(
        address(f"postgresql://domo_insights@127.0.0.1:{door.port}/postgres?sslmode=disable"),
        pool_pre_ping=True, connect_args={"prepare_threshold": None},
    )  # fmt: skip
    try:
        with reading(moving, owner) as conn:
            assert len(demos.mine(conn)) == 0
        door.lead_to("/nowhere")
        with pytest.raises(DatabaseUnreachableError), reading(moving, owner):
            pass
        door.lead_to(here)
        with reading(moving, owner) as conn:
            assert conn.scalar(select(func.count()).select_from(text("demos"))) == 0
    finally:
        moving.dispose()
        door.close()


def test_a_broken_connection_in_the_middle_of_a_write_keeps_nothing_of_it(mine, owner, post):
    def cut():
        with editing(mine.engine, owner) as conn:
            half = insert(knowledge_chunks).values(demo_id=post.demo_id, content="half")
            conn.execute(half)
            pid = conn.scalar(text("select pg_backend_pid()"))
            with psycopg.connect(mine.server.url(SUPERUSER)) as other:
                other.execute("select pg_terminate_backend(%s)", [pid])

    with pytest.raises(DatabaseUnreachableError):
        cut()
    with mine.admin.connect() as conn:
        left = text("select count(*) from knowledge_chunks where content = 'half'")
        assert conn.scalar(left) == 0
    assert answers(mine, owner)
