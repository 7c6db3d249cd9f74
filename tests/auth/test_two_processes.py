"""Two processes that share one browser session: one of them refreshes it, once."""

import os
import subprocess
import sys
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import Connection

from domo_insights import settings
from domo_insights.local import auth_store
from tests.auth.conftest import Supabase
from tests.auth.refreshing import THREADS
from tests.auth.session_rows import age_token, row_of
from tests.conftest import Database
from tests.factories import ANA


@pytest.mark.parametrize("ends_in", [3000, 30, -60], ids=["old", "about to end", "ended"])
def test_two_processes_of_ten_threads_refresh_once(
    session_id: str,
    supabase: Supabase,
    database: Database,
    ends_in: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requests: list[str] = []

    def counted(conn: Connection, token: str) -> Any:
        requests.append(token)
        return rotate(conn, token)

    rotate = auth_store.rotate
    monkeypatch.setattr(auth_store, "rotate", counted)
    age_token(database, supabase, ends_in=ends_in)
    environment = _sharing(session_id)
    command = [sys.executable, "-m", "tests.auth.refreshing"]
    with ExitStack() as leaving:
        processes = []
        for _ in range(2):
            pipe = subprocess.PIPE
            process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
            leaving.enter_context(process)
            leaving.callback(process.kill)
            processes.append(process)
        for process in processes:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        told = [_begin(process) for process in processes]
        answers = [process.stdout.readline().strip() for process in told if process.stdout]
        assert [process.wait(60) for process in told] == [0, 0]
    assert answers == [",".join([ANA.email] * THREADS)] * 2
    assert len(requests) == 1
    assert supabase.refreshes == 1
    assert row_of(database).signed_out_at is None


def _sharing(session_id: str) -> dict[str, str]:
    """The environment of a process with the settings in force and the same browser session."""
    found = settings.current()
    return os.environ | {
        "SESSION_ID": session_id,
        "SUPABASE_URL": found.supabase_url,
        "SUPABASE_PUBLISHABLE_KEY": found.supabase_publishable_key,
        "SUPABASE_JWT_ISSUER": found.issuer,
        "DATABASE_URL": found.secret("database_url"),
        "INSIGHTS_SESSION_KEYS": found.secret("insights_session_keys"),
    }


def _begin(process: "subprocess.Popen[str]") -> "subprocess.Popen[str]":
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()
    return process
