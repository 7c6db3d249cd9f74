"""The whole embedded default, as its user meets it: started, signalled, killed, started again."""

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

from domo_insights.local import postmaster
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


def run(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *arguments], input=stdin, text=True, capture_output=True, check=False
    )


@contextmanager
def up(folder: Path, *arguments: str) -> Iterator[Up]:
    command = [*COMMAND, "up", "--data-dir", str(folder), "--port", "0", *arguments]
    with (folder.parent / "up.err").open("w") as talk:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=talk, text=True)
    assert process.stdout
    said = []
    try:
        for line in process.stdout:
            said.append(line.rstrip())
            if len(said) == (2 if "--empty" in arguments else 4):
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


def test_it_serves_and_leaves_nothing_behind_after_a_signal(folder: Path) -> None:
    with up(folder) as first:
        assert httpx.get(f"{first.url}/healthz").json() == {"status": "ok"}
        assert httpx.get(first.url).status_code == 303
        assert [line.split()[0] for line in first.said[1:]] == [
            "ana@northwind.example",
            "ben@brightside.example",
            "pia@domo.example",
        ]
        again = run("up", "--data-dir", str(folder))
        assert again.returncode == 1
        assert first.url in again.stderr
        assert str(first.process.pid) in again.stderr
        assert first.end(signal.SIGTERM) == 0
    assert postgres_of(folder) == []


def test_it_takes_over_after_a_kill_and_loads_nothing_twice(folder: Path) -> None:
    with up(folder) as first:
        before = demos(folder)
        assert first.end(signal.SIGKILL) == -signal.SIGKILL
    assert postgres_of(folder), "nothing was left to take over"
    with up(folder) as second:
        assert second.said[1:] == first.said[1:]
        assert demos(folder) == before
        with socket.create_connection(("127.0.0.1", int(second.url.rpartition(":")[2]))):
            assert second.end(signal.SIGINT) == 0
    assert postgres_of(folder) == []


def test_a_killed_postgres_comes_back_under_it(folder: Path) -> None:
    with up(folder) as served:
        before = demos(folder)
        pid = postmaster.pid_of(folder / "postgres")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: _demos_or_none(folder) == before, "an answer")
        assert httpx.get(f"{served.url}/sign-in").status_code == 200
        assert served.end(signal.SIGTERM) == 0
    assert postgres_of(folder) == []


def test_secrets_are_for_their_owner_alone(folder: Path) -> None:
    for name in ("keys.json", "logins.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    passwords = [login["password"] for login in json.loads((folder / "logins.json").read_text())]
    told = (folder.parent / "up.err").read_text() + (folder / "postgres/server.log").read_text()
    assert not any(password in told for password in passwords)


def test_addresses_of_requests_are_logged_without_their_query(folder: Path) -> None:
    with up(folder) as served:
        httpx.post(f"{served.url}/webhooks/tavus?token=not-for-the-log", content=b"{}")
        assert served.end(signal.SIGTERM) == 0
    told = (folder.parent / "up.err").read_text()
    assert re.search(r'"path": "/webhooks/tavus", "status": 401', told)
    assert "not-for-the-log" not in told


def test_sample_users_are_never_open_to_other_machines(folder: Path, tmp_path: Path) -> None:
    there = run("up", "--data-dir", str(folder), "--address", "0.0.0.0", "--empty")
    assert (there.returncode, "has sample users" in there.stderr) == (2, True)
    new = run("up", "--data-dir", str(tmp_path / "new"), "--address", "0.0.0.0")
    assert (new.returncode, "--empty" in new.stderr) == (2, True)


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("up", "--data-dir", str(tmp_path / "new"), "--port", str(port))
    assert done.returncode == 1
    assert f"port {port}" in done.stderr


def test_an_empty_one_has_the_users_that_are_added(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    named = ("--data-dir", str(folder))
    added = run("users", "add", "cleo@shop.example", "--password-stdin", *named, stdin="pw\n")
    assert added.returncode == 0, added.stderr
    taken = run("users", "add", "CLEO@shop.example", "--password-stdin", *named, stdin="pw\n")
    assert (taken.returncode, "taken" in taken.stderr) == (1, True)
    with up(folder, "--empty") as served:
        assert "users add" in served.said[1]
        assert demos(folder) == []
        form = httpx.get(f"{served.url}/sign-in")
        assert form.status_code == 200
        assert served.end(signal.SIGTERM) == 0
    assert not (folder / "logins.json").exists()


@pytest.mark.parametrize(
    ("email", "stdin", "arguments"),
    [
        ("cleo", "pw\n", ["--password-stdin"]),
        ("cleo@shop.example", "\n", ["--password-stdin"]),
        ("cleo@shop.example", "pw\n", []),
    ],
)
def test_users_that_cannot_be_added(
    folder: Path, email: str, stdin: str, arguments: list[str]
) -> None:
    done = run("users", "add", email, *arguments, "--data-dir", str(folder), stdin=stdin)
    assert done.returncode == 2
    assert done.stderr
    assert not done.stdout


def _demos_or_none(folder: Path) -> list[tuple[object, ...]] | None:
    try:
        return demos(folder)
    except psycopg.OperationalError:
        return None
