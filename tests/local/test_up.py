"""The whole embedded default, as its user meets it: started, signalled, killed, started again."""

import io
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from domo_insights.cli.serving import listen
from domo_insights.cli.up import up as serve_again
from domo_insights.cli.users import add
from domo_insights.errors import (
    ConflictingDataError,
    DomoInsightsError,
    EmbeddedError,
    WrongUseError,
)
from domo_insights.local import postmaster, stack
from domo_insights.local.cluster import socket_dir
from tests.local.processes import eventually, postgres_of

COMMAND = [sys.executable, "-c", "from domo_insights.cli import main; main()"]


@dataclass
class Up:
    """A running `up`: its process, what it printed before it answered, and its address."""

    process: "subprocess.Popen[str]"
    said: list[str]
    url: str

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


@contextmanager
def up(folder: Path, *arguments: str, hosted: dict[str, str] | None = None) -> Iterator[Up]:
    where = [] if hosted else ["--data-dir", str(folder)]
    command = [*COMMAND, "up", *where, "--port", "0", *arguments]
    environment = os.environ | (hosted or {})
    lines = 1 if hosted else 4
    if "--empty" in arguments:
        lines = 2 if "--sign-up" in arguments else 1
    with (folder.parent / "up.err").open("w") as talk:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=talk, text=True, env=environment
        )
    assert process.stdout
    said = []
    try:
        for line in process.stdout:
            said.append(line.rstrip())
            if len(said) == lines:
                break
        assert said, (folder.parent / "up.err").read_text()
        yield Up(process, said, said[0].rpartition(" ")[2])
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def demos(folder: Path) -> list[tuple[object, ...]]:
    address = f"host={socket_dir(folder)} user=postgres dbname=postgres"
    with psycopg.connect(address) as conn:
        return conn.execute("select id, name, created_at from demos order by id").fetchall()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up") / "data"


def test_killed_while_it_loads_the_sample_data(folder: Path) -> None:
    talk = folder.parent / "first.err"
    command = [*COMMAND, "up", "--data-dir", str(folder), "--port", "0"]
    with talk.open("w") as errors, subprocess.Popen(command, stderr=errors) as process:
        eventually(lambda: "Loading sample data" in talk.read_text(), "loading")
        process.kill()
    with up(folder) as again:
        names = [name for _, name, _ in demos(folder)]
        assert len(names) == len(set(names)) == 8
        assert again.end(signal.SIGTERM) == 0
    assert postgres_of(folder) == []


def test_it_serves_and_survives_a_killed_postgres_and_its_own_kill(folder: Path) -> None:
    with up(folder) as first:
        assert httpx.get(f"{first.url}/healthz").json() == {"status": "ok"}
        assert httpx.get(first.url).status_code == 303
        assert [line.split()[0] for line in first.said[1:]] == [
            "ana@northwind.example",
            "ben@brightside.example",
            "pia@domo.example",
        ]
        before = demos(folder)
        assert before
        pid = postmaster.pid_of(folder / "postgres")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: _demos_or_none(folder) == before, "an answer")
        assert httpx.get(f"{first.url}/sign-in").status_code == 200
        assert first.end(signal.SIGKILL) == -signal.SIGKILL
    assert postgres_of(folder), "nothing was left to take over"
    with up(folder) as second:
        assert second.said[1:] == first.said[1:]
        assert demos(folder) == before, "the sample data was loaded twice"
        with socket.create_connection(("127.0.0.1", int(second.url.rpartition(":")[2]))):
            assert second.end(signal.SIGINT) == 0
    assert postgres_of(folder) == []


def test_secrets_are_for_their_owner_alone(folder: Path) -> None:
    for name in ("keys.json", "logins.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    passwords = [login["password"] for login in json.loads((folder / "logins.json").read_text())]
    told = (folder.parent / "up.err").read_text() + (folder / "postgres/server.log").read_text()
    assert not any(password in told for password in passwords)


def test_an_empty_one_has_no_users_but_those_that_are_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    monkeypatch.setattr("sys.stdin", io.StringIO("pw\n" * 2))
    add("cleo@shop.example", password_stdin=True, data_dir=folder)
    with pytest.raises(ConflictingDataError, match="taken"):
        add("CLEO@shop.example", password_stdin=True, data_dir=folder)
    assert postgres_of(folder) == []
    with up(folder, "--empty", "--sign-up") as served:
        assert f"{served.url}/sign-in/new" in served.said[1]
        assert "Make the account" in httpx.get(f"{served.url}/sign-in/new").text
        assert demos(folder) == []
        with pytest.raises(EmbeddedError, match=f"{served.url} by process {served.process.pid}"):
            serve_again(folder)
        httpx.post(f"{served.url}/webhooks/tavus?token=not-for-the-log", content=b"{}")
        assert served.end(signal.SIGTERM) == 0
    assert postgres_of(folder) == []
    assert not (folder / "logins.json").exists()
    told = (tmp_path / "up.err").read_text()
    assert re.search(r'"path": "/webhooks/tavus", "status": 401', told)
    assert "not-for-the-log" not in told


def test_settings_alone_make_it_serve_a_hosted_project(folder: Path, tmp_path: Path) -> None:
    with stack.running(folder, sample=False) as project:
        found = project.settings
        hosted = {
            "SUPABASE_URL": found.supabase_url,
            "SUPABASE_PUBLISHABLE_KEY": found.supabase_publishable_key,
            "SUPABASE_JWT_ISSUER": found.issuer,
            "DATABASE_URL": project.login_url,
            "INSIGHTS_SESSION_KEYS": found.secret("insights_session_keys"),
            "INSIGHTS_DATA_DIR": str(tmp_path / "unused"),
        }
        with up(tmp_path / "unused", hosted=hosted) as served:
            assert httpx.get(f"{served.url}/sign-in").status_code == 200
            assert httpx.get(f"{served.url}/conversations").status_code == 303
            unset = httpx.post(f"{served.url}/webhooks/tavus", content=b"{}")
            assert unset.status_code in {401, 503}, "no secret is set: nothing is accepted"
            assert served.end(signal.SIGTERM) == 0
    assert not (tmp_path / "unused").exists()


def test_sample_users_are_never_open_to_other_machines(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongUseError, match="has sample users"):
        serve_again(folder, address="0.0.0.0", empty=True)
    with pytest.raises(WrongUseError, match="would be made"):
        serve_again(tmp_path / "new", address="0.0.0.0")
    assert not (tmp_path / "new").exists()


def test_who_may_make_accounts_in_a_hosted_project_is_for_the_project_to_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("domo_insights.settings._active", None)
    monkeypatch.setenv("SUPABASE_URL", "https://x.example")
    with pytest.raises(WrongUseError, match="says itself"):
        serve_again(sign_up=True)


def test_a_taken_port_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DomoInsightsError, match=f"port {port}"), listen("127.0.0.1", port):
            pass


@pytest.mark.parametrize(
    ("email", "password", "asked"),
    [
        ("cleo", "pw\n", True),
        ("cleo@shop.example", "\n", True),
        ("cleo@shop.example", "pw\n", False),
    ],
)
def test_users_that_cannot_be_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, email: str, password: str, asked: bool
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(password))
    with pytest.raises(WrongUseError):
        add(email, password_stdin=asked, data_dir=tmp_path / "data")
    assert not (tmp_path / "data").exists()


def _demos_or_none(folder: Path) -> list[tuple[object, ...]] | None:
    try:
        return demos(folder)
    except psycopg.OperationalError:
        return None
