"""A backup restored is the same database, to which the same people sign in."""

import io
import json
import stat
import tarfile
from pathlib import Path

import psycopg
import pytest

from domo_insights import settings
from domo_insights.auth import service, web_sessions
from domo_insights.database.engine import engine_for
from domo_insights.errors import SignInError, WrongUseError
from domo_insights.exports.whole_file import written_whole
from domo_insights.local import backup, restore, stack
from domo_insights.local.restore import BackupError
from domo_insights.local.users import add_user
from tests import factories
from tests.local.processes import eventually, postgres_of, python

ADA = "ada@northwind.example"
PASSWORD = "correct horse"
RESTORING = """
import sys
from pathlib import Path
from domo_insights.local import restore
def say(line):
    print(line, flush=True)
    if line == "Comparing":
        sys.stdin.readline()
restore.restore(Path(sys.argv[1]), Path(sys.argv[2]), say)
"""


@pytest.fixture(autouse=True)
def _settings_of_the_environment(monkeypatch):
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A backup of a folder with a user, their session and a demo; the folder; the session's id."""
    folder = tmp_path_factory.mktemp("backup")
    with stack.running(folder / "data", sample=False) as embedded:
        with engine_for(embedded.admin_url).begin() as conn:
            ada = add_user(conn, ADA, PASSWORD)
            demo = factories.demo(conn, user_id=ada, name="Ada's demo")
            factories.message(conn, factories.conversation(conn, demo), content="Hello")
        session = web_sessions.start(service.sign_in(ADA, PASSWORD))
        with written_whole(folder / "a.backup") as file:
            rows = backup.write(embedded.server, file)
    assert rows > 20
    return folder / "a.backup", folder / "data", session


def roles_of(embedded):
    with psycopg.connect(embedded.superuser_url) as conn:
        return conn.execute("""
            select rolname, rolinherit, rolcanlogin, rolsuper, rolbypassrls, rolconfig,
                   array(select m.roleid::regrole::text from pg_auth_members m
                         where m.member = r.oid order by 1)
            from pg_roles r where rolname !~ '^pg_' order by 1""").fetchall()


def test_the_same_people_sign_in_to_the_same_rows(made, tmp_path):
    file, folder, session = made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    restored = tmp_path / "restored"
    rows = restore.restore(file, restored)
    assert restore.check(file) == rows
    with stack.running(folder, sample=False) as before:
        roles = roles_of(before)
    with stack.running(restored, sample=False) as embedded:
        assert roles_of(embedded) == roles
        assert service.sign_in(ADA, PASSWORD).access_token
        with pytest.raises(SignInError):
            service.sign_in(ADA, "another one")
        viewer = web_sessions.viewer_of(session)
        assert viewer is not None, "the session's key came along"
        assert viewer.email == ADA
        with psycopg.connect(embedded.admin_url) as conn:
            said = conn.execute("select content from conversation_messages").fetchall()
            assert said == [("Hello",)]
            assert conn.execute("select count(*) from insights.fences").fetchone()[0] > 20
    for name in ("keys.json", "postgres"):
        assert stat.S_IMODE((restored / name).stat().st_mode) & 0o077 == 0


def test_a_folder_with_something_in_it_is_left_alone(made, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    with pytest.raises(WrongUseError, match="not empty"):
        restore.restore(made[0], tmp_path / "mine")
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def damaged(source: Path, target: Path, name: str, content: bytes) -> Path:
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            file = old.extractfile(member)
            told = content if member.name == name else (file.read() if file else b"")
            member.size = len(told)
            new.addfile(member, io.BytesIO(told))
    return target


def test_a_damaged_one_is_refused_and_leaves_nothing(made, tmp_path):
    file = made[0]
    torn = tmp_path / "torn.backup"
    torn.write_bytes(file.read_bytes()[:5000])
    other = damaged(file, tmp_path / "other.backup", "database.dump", b"something else")
    with tarfile.open(file) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
    manifest["rows"]["public.demos"] += 1
    short = damaged(file, tmp_path / "short.backup", "manifest.json", json.dumps(manifest).encode())
    for bad in (torn, other, short):
        with pytest.raises(BackupError):
            restore.restore(bad, tmp_path / "out")
    outside = tmp_path / "outside.backup"
    with tarfile.open(outside, "w") as tar:
        tar.addfile(tarfile.TarInfo("../keys.json"))
    with pytest.raises(BackupError, match="no backup has"):
        restore.restore(outside, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob("out.restoring/*"))
    assert postgres_of(tmp_path) == []


def test_a_killed_restore_leaves_nothing_that_the_next_one_does_not_take_away(made, tmp_path):
    target = tmp_path / "out"
    with python(RESTORING, str(made[0]), str(target)) as process:
        eventually(lambda: process.stdout.readline() == "Comparing\n", "the restore got far")
        process.kill()
        process.wait(60)
    assert not target.exists()
    assert postgres_of(tmp_path)  # it lives on, as after any kill
    assert restore.restore(made[0], target) > 20
    assert postgres_of(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
