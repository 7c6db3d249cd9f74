import os
import pwd
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from domo_insights.errors import EmbeddedError
from domo_insights.local import postmaster
from domo_insights.local.server import SUPERUSER, PostgresServer
from tests.local.processes import eventually, postgres_of, python

HOLD = """
import sys, time
from pathlib import Path
from domo_insights.local.server import PostgresServer
PostgresServer(Path(sys.argv[1])).start()
print("in", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with Postgres in it, started and stopped once."""
    folder = tmp_path_factory.mktemp("server") / "data"
    with PostgresServer(folder):
        pass
    return folder


@pytest.fixture
def folder(made: Path) -> Iterator[Path]:
    yield made
    assert postgres_of(made) == [], "a test left Postgres behind"


def ask(server: PostgresServer, question: str) -> object:
    with psycopg.connect(server.url(SUPERUSER)) as conn:
        row = conn.execute(question.encode()).fetchone()
    return row and row[0]


def test_it_runs_between_start_and_stop(folder: Path) -> None:
    server = PostgresServer(folder)
    server.start()
    assert server.is_running()
    assert ask(server, "select 6 * 7") == 42
    server.stop()
    assert not server.is_running()
    assert postgres_of(folder) == []


def test_it_listens_on_its_private_socket_alone_and_keeps_what_it_acknowledged(
    folder: Path,
) -> None:
    with PostgresServer(folder) as server:
        kept = {
            name: ask(server, f"show {name}")
            for name in ("listen_addresses", "fsync", "synchronous_commit", "wal_level")
        }
        assert kept == {
            "listen_addresses": "",
            "fsync": "on",
            "synchronous_commit": "on",
            "wal_level": "logical",
        }
        assert stat.S_IMODE((folder / "run").stat().st_mode) == 0o700


def test_errors_are_logged_without_the_words_of_the_statement(folder: Path) -> None:
    with PostgresServer(folder) as server, pytest.raises(psycopg.Error):
        ask(server, "select 'what a visitor said'::int")
    assert "what a visitor said" not in (folder / "postgres/server.log").read_text()


def test_it_is_out_of_reach_of_the_terminals_interrupt(folder: Path) -> None:
    with PostgresServer(folder):
        sessions = set()
        for process in postgres_of(folder):
            with suppress(ProcessLookupError):  # a worker of Postgres that has just ended
                sessions.add(os.getsid(process.pid))
        assert sessions
        assert os.getsid(0) not in sessions


def test_the_last_one_out_stops_it(folder: Path) -> None:
    first, second = PostgresServer(folder), PostgresServer(folder)
    first.start()
    second.start()
    first.stop()
    assert ask(second, "select 1") == 1
    second.stop()
    assert not second.is_running()


def test_what_a_killed_process_left_is_taken_over(folder: Path) -> None:
    with python(HOLD, str(folder)) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == "in\n"
        pid = postmaster.pid_of(folder / "postgres")
        owner.kill()
        owner.wait()
    with PostgresServer(folder):
        assert pid == postmaster.pid_of(folder / "postgres")
    assert postmaster.pid_of(folder / "postgres") is None


def test_committed_rows_outlive_a_killed_postgres(folder: Path) -> None:
    with PostgresServer(folder) as server:
        with psycopg.connect(server.url(SUPERUSER)) as conn:
            conn.execute("create table kept as select 7 as n")
        _kill(folder)
        with PostgresServer(folder) as newcomer:
            assert ask(newcomer, "select n from kept") == 7
        assert server.is_running(), "the newcomer stopped what another process uses"


def test_a_watched_one_comes_back_by_itself(folder: Path) -> None:
    with PostgresServer(folder) as server:
        server.watch()
        killed = _kill(folder)
        eventually(
            lambda: postmaster.pid_of(folder / "postgres") not in {None, killed}, "a restart"
        )
        eventually(lambda: _answers(server), "an answer")


def test_a_note_of_a_process_that_is_not_postgres_is_no_postgres(folder: Path) -> None:
    (folder / "postgres/postmaster.pid").write_text(f"{os.getpid()}\n")
    server = PostgresServer(folder)
    assert not server.is_running()
    server.stop()
    (folder / "postgres/postmaster.pid").unlink()


def test_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 20) / 'it\'s a "folder"'
    with PostgresServer(folder) as server:
        assert ask(server, "select 1") == 1
        elsewhere = postmaster.short_socket_dir(folder)
        assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o700
    assert not elsewhere.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_a_closed_parent_folder_stays_closed_to_everybody_else(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with PostgresServer(closed / "data") as server:
        assert ask(server, "select 1") == 1
    assert stat.S_IMODE(closed.stat().st_mode) & 0o007 == 0
    assert _may_enter("embedded_postgres", closed)
    assert not _may_enter("nobody", closed)


def test_why_it_does_not_start_is_said(folder: Path) -> None:
    conf = folder / "postgres/postgresql.conf"
    before = conf.read_text()
    conf.write_text(before + "\nno_such_setting = 1\n")
    with pytest.raises(EmbeddedError, match="no_such_setting"):
        PostgresServer(folder).start()
    conf.write_text(before)


def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="cannot be made"):
        PostgresServer(tmp_path / "file").start()


def _kill(folder: Path) -> int:
    pid = postmaster.pid_of(folder / "postgres")
    assert pid is not None
    os.kill(pid, 9)
    return pid


def _answers(server: PostgresServer) -> bool:
    try:
        return ask(server, "select 1") == 1
    except psycopg.OperationalError:
        return False


def _may_enter(user: str, path: Path) -> bool:
    account = pwd.getpwnam(user)
    done = subprocess.run(
        ["/usr/bin/test", "-x", str(path)],
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
        check=False,
    )
    return done.returncode == 0
