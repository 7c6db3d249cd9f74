import signal
from pathlib import Path

import httpx
import psycopg
import pytest

from domo_insights import settings
from domo_insights.cli.context import database
from domo_insights.database.migrations import migrations
from domo_insights.local import stack
from domo_insights.local.keys import keys_of
from tests.local.processes import postgres_of, python

COMMAND = """
import sys, time
from pathlib import Path
from domo_insights.cli.context import database
with database(Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack") / "data"


@pytest.fixture(autouse=True)
def _settings_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_web_process_gets_a_sign_in_service_and_no_owner(folder: Path) -> None:
    before = settings.current()
    with stack.running(folder, sample=False) as embedded:
        found = settings.current()
        assert found == embedded.settings
        assert found.database_admin_url is None
        assert found.secret("database_url") == embedded.login_url
        assert found.issuer == keys_of(folder).issuer
        assert httpx.get(f"{found.supabase_url}/auth/v1/.well-known/jwks.json").json()["keys"]
        assert found.session_cipher.decrypt(found.session_cipher.encrypt(b"x")) == b"x"
        assert not embedded.has_users()
        offered = f"{found.supabase_url}/auth/v1/settings"
        key = {"apikey": found.supabase_publishable_key}
        assert httpx.get(offered, headers=key).json()["disable_signup"] is True
        with psycopg.connect(embedded.superuser_url) as conn:
            conn.execute("insert into auth.users (id, email) values (gen_random_uuid(), 'x@x.x')")
        assert embedded.has_users()
    assert settings.current() == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(found.supabase_url)


def test_commands_get_the_owner_and_no_sign_in_service(folder: Path) -> None:
    with database(folder) as found:
        assert found.supabase_url == ""
        with psycopg.connect(found.secret("database_admin_url")) as conn:
            applied = conn.execute(
                "select version from supabase_migrations.schema_migrations order by version"
            ).fetchall()
    assert [version for (version,) in applied] == [m.version for m in migrations()]


def test_a_named_folder_wins_over_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_ADMIN_URL", "postgresql://elsewhere.example/postgres")
    monkeypatch.setenv("SUPABASE_JWT_SECRET", "of another project")
    settings.activate(None)
    with database(None) as found:
        assert "elsewhere.example" in found.secret("database_admin_url")
    with database(folder) as found:
        assert "elsewhere.example" not in found.secret("database_admin_url")
        assert found.supabase_jwt_secret is None
    settings.activate(None)


def test_the_environments_own_secrets_stay_in_force(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAVUS_WEBHOOK_SECRET", "mine")
    with database(folder) as found:
        assert found.secret("tavus_webhook_secret") == "mine"
    monkeypatch.delenv("TAVUS_WEBHOOK_SECRET")
    with database(folder) as found:
        assert found.secret("tavus_webhook_secret") == keys_of(folder).webhook_secret


def test_a_dry_run_finds_the_database_as_it_was(tmp_path: Path) -> None:
    with (
        database(tmp_path / "data", migrated=False) as found,
        psycopg.connect(found.secret("database_admin_url")) as conn,
    ):
        assert conn.execute("select to_regclass('public.demos')").fetchone() == (None,)


def test_the_socket_goes_with_the_last_one(folder: Path) -> None:
    with stack.running(folder, sample=False, auth=False) as embedded:
        address = embedded.admin_url
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address)


def test_a_terminated_command_leaves_no_process(folder: Path) -> None:
    with python(COMMAND, str(folder)) as command:
        assert command.stdout
        assert command.stdout.readline() == "in\n"
        command.terminate()
        assert command.wait(timeout=60) == 128 + signal.SIGTERM
    assert postgres_of(folder) == []
