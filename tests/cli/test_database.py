import os
import pkgutil
import subprocess
import sys
from importlib import import_module

import psycopg
import pytest

from domo_insights import database as ours
from domo_insights.cli.checkup import checkup
from domo_insights.database import fences, migrations, tables
from domo_insights.database.findings import Level
from domo_insights.local.server import SUPERUSER
from domo_insights.local.stack import SUPABASE
from domo_insights.settings import Settings
from tests.conftest import create_database, drop_database


def run(*words, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "SUPABASE_"))}
    return subprocess.run(
        [sys.executable, "-c", "from domo_insights.cli import main; main()", *words],
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def hosted(server):
    """A database as hosted Supabase hands it out."""
    made = create_database(server, "hosted_bare")
    with psycopg.connect(server.url(SUPERUSER, made.name)) as conn:
        conn.execute(SUPABASE.read_bytes())
    yield made
    drop_database(made)


def test_a_dry_run_lists_what_would_be_done_and_does_none_of_it(hosted):
    with psycopg.connect(hosted.admin_url) as conn:
        conn.execute("create table public.demos (id uuid primary key, public_note text)")
        conn.execute("create policy everybody on public.demos for select using (true)")
    done = run("migrate", "--dry-run", DATABASE_ADMIN_URL=hosted.admin_url)
    assert done.returncode == 0
    assert done.stdout.count("would apply") == len(migrations.migrations())
    assert "left as found: public.demos: Policy 'everybody'" in done.stderr
    with psycopg.connect(hosted.admin_url) as conn:
        assert conn.execute("select to_regclass('public.demo_videos')").fetchone() == (None,)


def test_migrate_needs_no_other_setting_shows_progress_and_is_done_once(hosted):
    first = run("migrate", DATABASE_ADMIN_URL=hosted.admin_url)
    assert first.returncode == 0
    assert all(m.name in first.stderr for m in migrations.migrations())
    again = run("migrate", DATABASE_ADMIN_URL=hosted.admin_url)
    assert again.returncode == 0
    assert "Nothing to do" in again.stderr


def test_the_login_role_is_printed_where_there_is_none(hosted, monkeypatch):
    from domo_insights.cli import database as commands
    from domo_insights.database.login_role import create_login_role_sql

    monkeypatch.setattr(commands, "LOGIN_ROLE", "nobody_of_that_name")
    printed = []
    monkeypatch.setattr(commands.typer, "echo", lambda text, **_: printed.append(text))
    with hosted.admin.connect() as conn:
        commands._login_role(conn, embedded=False)
    (sql,) = printed
    assert sql.startswith(create_login_role_sql("x").split("password")[0])
    assert "password '" in sql


def test_doctor_is_content_with_a_whole_database(database):
    whole = run("doctor", **settings_of(database))
    assert whole.returncode == 1  # nothing listens where the tests' SUPABASE_URL points
    wrong = [line for line in whole.stdout.splitlines() if line.startswith("wrong")]
    assert [line.split(maxsplit=1)[1].split(":")[0] for line in wrong] == ["sign-in service"]
    assert "a webhook secret" not in whole.stdout + whole.stderr


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("alter table public.demos disable row level security", "Row level security is off"),
        (
            "drop policy insights_reader_fence on public.demos",
            "Policy insights_reader_fence is missing",
        ),
        ("delete from insights.fences where relation = 'insights.reviews'", "No fence was put up"),
        ("drop table insights.saved_views", "insights.saved_views: The table does not exist"),
        (
            "delete from supabase_migrations.schema_migrations where name = 'fence_rows'",
            "fence_rows",
        ),
        (
            "alter table public.conversation_messages add column needed text not null default 'x';"
            "alter table public.conversation_messages alter column needed drop default",
            "conversation_messages.needed",
        ),
        (
            "alter policy insights_reader_fence on public.conversation_messages using (true)",
            "insights_reader_fence is not as it was put up: another condition",
        ),
        ("alter policy insights_reader_rows on public.demos with check (true)", "another check"),
        ("alter policy insights_editor_fence on public.demos to insights_worker", "another role"),
        ("drop policy insights_ingest_rows on public.conversation_messages", "is missing"),
        (
            "grant select on public.conversation_messages to insights_product",
            "The product team may read content",
        ),
        (
            "revoke select on public.conversation_messages from insights_reader",
            "Its owner may not read it",
        ),
        (
            "alter view insights.conversations set (security_invoker = false)",
            "It reads with its owner's rights",
        ),
        (
            "alter table public.conversation_messages disable trigger message_arrives",
            "Trigger message_arrives is switched off",
        ),
        ("grant select on public.demos to domo_insights", "It holds SELECT on public.demos"),
    ],
)
def test_doctor_finds_what_is_damaged_and_says_what_to_do(database, rows, damage, says):
    rows.exec_driver_sql(damage)
    wrong = [f for f in checkup(database.settings, embedded=True) if f.level is Level.WRONG]
    assert [f for f in wrong if says in f"{f.subject}: {f.says}" and f.hint], wrong


def test_doctor_looks_at_every_table_that_any_module_declares():
    for module in pkgutil.iter_modules(ours.__path__):
        import_module(f"{ours.__name__}.{module.name}")
    assert tables.metadata.tables.keys() - fences.TABLES == {"insights.conversations"}  # a view


def test_doctor_refuses_a_web_process_that_signs_in_as_the_owner(database):
    owner = Settings(**database.settings.model_dump() | {"database_url": database.admin_url})
    found = checkup(owner, embedded=True)
    assert "It signs in as postgres, not domo_insights." in [f.says for f in found]


def test_an_unreachable_database_is_told_on_stderr():
    failed = run("migrate", DATABASE_ADMIN_URL="postgresql://postgres:hunter2@127.0.0.1:1/postgres")
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "cannot be reached" in failed.stderr
    assert "hunter2" not in failed.stderr


def settings_of(database):
    held = database.settings
    return {
        "SUPABASE_URL": held.supabase_url,
        "SUPABASE_PUBLISHABLE_KEY": held.supabase_publishable_key,
        "DATABASE_URL": database.login_url,
        "DATABASE_ADMIN_URL": database.admin_url,
        "TAVUS_WEBHOOK_SECRET": held.secret("tavus_webhook_secret"),
        "INSIGHTS_SESSION_KEYS": held.secret("insights_session_keys"),
        "INSIGHTS_PUBLIC_URL": held.insights_public_url,
    }


@pytest.mark.parametrize(
    ("damage", "repair", "says"),
    [
        (
            "alter role insights_reader bypassrls",
            "alter role insights_reader nobypassrls",
            "It is allowed to bypassrls",
        ),
        (
            "grant service_role to insights_reader",
            "revoke service_role from insights_reader",
            "It is a member of service_role",
        ),
        (
            "alter table public.custom_objectives owner to insights_reader",
            "select 1",
            "It owns public.custom_objectives",
        ),
    ],
)
def test_doctor_finds_a_door_role_that_may_too_much(database, damage, repair, says):
    with psycopg.connect(database.superuser_url, autocommit=True) as conn:
        conn.execute(damage)
        try:
            found = checkup(database.settings, embedded=True)
        finally:
            conn.execute(repair)
    assert [f for f in found if f.level is Level.WRONG and says in f.says]


def test_an_address_with_a_space_in_it_is_understood(database):
    spaced = f"{database.admin_url}&options=-c%20application_name%3Dspaced"
    assert run("migrate", DATABASE_ADMIN_URL=spaced).returncode == 0


def test_a_dry_run_does_not_call_left_what_migrate_makes_anew(hosted):
    with psycopg.connect(hosted.admin_url) as conn:
        conn.execute("create table public.demos (id uuid primary key, user_id uuid)")
        conn.execute('create policy "Users can view their own demos" on public.demos using (true)')
    told = run("migrate", "--dry-run", DATABASE_ADMIN_URL=hosted.admin_url).stderr
    assert "Policy" not in told
