import threading
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine

from domo_insights.database import migrations
from domo_insights.database.engine import address
from domo_insights.database.findings import Level
from domo_insights.database.inspection import inspect
from domo_insights.database.migrations import Migration, migrate, pending
from domo_insights.errors import DatabaseUnreachableError, MigrationError
from domo_insights.local.server import SUPERUSER
from domo_insights.local.stack import SUPABASE
from tests.conftest import add_users, create_database, drop_database
from tests.factories import ANA, BEN

OLDER = Path(__file__).with_name("older_shape.sql").read_text()
SCHEMA = """
select 'column', table_schema || '.' || table_name || '.' || column_name, data_type || is_nullable
from information_schema.columns where table_schema in ('public', 'insights', 'insights_private')
union all
select 'constraint', conrelid::regclass::text || conname, pg_get_constraintdef(oid)
from pg_constraint where connamespace::regnamespace::text in ('public', 'insights')
union all
select 'index', indexname, indexdef from pg_indexes where schemaname in ('public', 'insights')
union all
select 'policy', tablename || policyname, permissive || roles::text || coalesce(qual, '')
from pg_policies
union all
select 'function', oid::regprocedure::text, md5(pg_get_functiondef(oid))
from pg_proc where pronamespace::regnamespace::text in ('public', 'insights') and prokind = 'f'
union all
select 'trigger', tgrelid::regclass::text || tgname, pg_get_triggerdef(oid) from pg_trigger
where not tgisinternal
order by 1, 2, 3
"""


@pytest.fixture
def bare(server):
    """A database as hosted Supabase hands it out, with two users and no table of the platform."""
    database = create_database(server, "bare")
    with psycopg.connect(server.url(SUPERUSER, "bare")) as conn:
        conn.execute(SUPABASE.read_bytes())
        add_users(conn, (ANA, BEN))
    yield database
    drop_database(database)


def query(database, statement, parameters=None):
    with psycopg.connect(database.admin_url) as conn:
        return conn.execute(statement, parameters).fetchall()


def findings(database, level):
    engine = create_engine(address(database.admin_url))
    try:
        with engine.connect() as conn:
            return [f"{f.subject}: {f.says}" for f in inspect(conn) if f.level is level]
    finally:
        engine.dispose()


def test_a_second_run_changes_nothing(bare):
    assert len(migrate(bare.admin_url)) == len(migrations.migrations())
    before = query(bare, SCHEMA)
    assert migrate(bare.admin_url) == []
    assert query(bare, SCHEMA) == before


def test_every_migration_can_be_run_again_over_itself(bare):
    migrate(bare.admin_url)
    before = query(bare, SCHEMA)
    with psycopg.connect(bare.admin_url) as conn:
        conn.execute("delete from supabase_migrations.schema_migrations")
    migrate(bare.admin_url)
    assert query(bare, SCHEMA) == before


def test_the_ledger_is_the_one_of_the_supabase_command_line(bare):
    migrate(bare.admin_url)
    rows = query(
        bare, "select version, name, statements from supabase_migrations.schema_migrations"
    )
    assert {(v, n) for v, n, _ in rows} == {(m.version, m.name) for m in migrations.migrations()}
    assert all(len(statements) == 1 for _, _, statements in rows)


def test_a_failing_migration_leaves_nothing_and_can_be_mended(bare, monkeypatch):
    ours = migrations.migrations()
    broken = Migration("20261231000000", "break", "-- x\ncreate table public.half ();\nselect 1/0;")
    monkeypatch.setattr(migrations, "migrations", lambda: [*ours, broken])
    with pytest.raises(MigrationError, match="20261231000000_break failed: division by zero"):
        migrate(bare.admin_url)
    assert query(bare, "select to_regclass('public.half')") == [(None,)]
    assert [m.name for m in pending(bare.admin_url)] == ["break"]

    mended = Migration("20261231000000", "break", "-- x\ncreate table public.half ();")
    monkeypatch.setattr(migrations, "migrations", lambda: [*ours, mended])
    assert migrate(bare.admin_url) == ["break"]


def test_the_same_version_under_another_name_is_an_error(bare):
    migrate(bare.admin_url)
    with psycopg.connect(bare.admin_url) as conn:
        conn.execute(
            "update supabase_migrations.schema_migrations set name = 'other'"
            " where name = 'create_demos'"
        )
        conn.execute("insert into supabase_migrations.schema_migrations values ('20250101', '{}')")
    with pytest.raises(MigrationError, match="recorded as 'other'"):
        migrate(bare.admin_url)


def test_two_runners_at_once_share_the_work(bare):
    done, failed = [], []

    def run():
        try:
            done.extend(migrate(bare.admin_url))
        except MigrationError as error:
            failed.append(error)

    runners = [threading.Thread(target=run) for _ in range(3)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    assert not failed
    assert sorted(done) == sorted(m.name for m in migrations.migrations())


def test_an_unreachable_database_is_told():
    with pytest.raises(DatabaseUnreachableError):
        migrate("postgresql://postgres@127.0.0.1:1/postgres")


def test_a_fresh_database_has_nothing_wrong_and_nothing_left(database):
    assert findings(database, Level.WRONG) == []
    assert findings(database, Level.LEFT) == []


def _fill_older(conn):
    conn.execute(OLDER)
    conn.execute(
        "insert into demos (id, name, user_id, video_storage_path, tavus_persona_id) values"
        " (%s, 'Old', %s, 'x', 'p-old')",
        [ANA.user_id, ANA.user_id],
    )
    conn.execute(
        "insert into knowledge_chunks (demo_id, content) values (%s, 'Known')", [ANA.user_id]
    )
    conn.execute(
        "insert into demo_videos (demo_id, title, storage_url, order_index) values"
        " (%s, 'a', 'a', 0), (%s, 'b', 'b', 0)",
        [ANA.user_id, ANA.user_id],
    )
    conn.execute(
        "insert into processed_webhook_events (event_id) select 'evt-' || n"
        " from generate_series(1, 5) n"
    )
    conn.execute(
        "insert into conversation_details (demo_id, tavus_conversation_id,"
        " conversation_name, started_at)"
        " values (%s, 'c-old', 'Test call', '2026-01-01T00:00Z')",
        [ANA.user_id],
    )
    conn.execute(
        "insert into conversation_messages (conversation_id, message_id, role, content,"
        " timestamp) values ('c-old', 'm', 'user', 'hi', '2026-01-01T00:01Z'),"
        " ('c-old', 'm', 'user', 'hi again', null), ('c-lone', 'm', 'robot', 'x', null)"
    )
    conn.execute(
        "insert into audit_logs (user_id, action, table_name) values (%s, 'x', 'demos')",
        [ANA.user_id],
    )


def test_an_older_shape_keeps_every_row_and_gains_what_is_missing(bare):
    with psycopg.connect(bare.admin_url) as conn:
        _fill_older(conn)
    migrate(bare.admin_url)

    counts = query(
        bare,
        """
      select (select count(*) from demos), (select count(*) from knowledge_chunks),
             (select count(*) from demo_videos), (select count(*) from processed_webhook_events),
             (select count(*) from conversation_messages), (select count(*) from audit_logs
              where action = 'x')""",
    )
    assert counts == [(1, 1, 2, 5, 3, 1)]
    events = query(
        bare,
        "select count(distinct id), count(distinct event_hash), min(event_type),"
        " bool_and(occurred_at = processed_at), count(conversation_id)"
        " from processed_webhook_events",
    )
    assert events == [(5, 5, "unknown", True, 0)]
    messages = query(
        bare, "select content, demo_id, content_length from conversation_messages order by content"
    )
    assert messages == [("hi", ANA.user_id, 2), ("hi again", ANA.user_id, 8), ("x", None, 1)]
    assert query(bare, "select is_test from conversation_details") == [(True,)]
    assert query(bare, "select status from demos") == [("draft",)]


def test_old_rows_of_an_older_shape_can_still_be_updated_and_new_ones_written(bare):
    with psycopg.connect(bare.admin_url) as conn:
        _fill_older(conn)
    migrate(bare.admin_url)
    with psycopg.connect(bare.admin_url) as conn:
        for relation in (
            "demos",
            "knowledge_chunks",
            "demo_videos",
            "processed_webhook_events",
            "conversation_messages",
            "conversation_details",
            "audit_logs",
        ):
            conn.execute(
                psycopg.sql.SQL("update {} set created_at = created_at").format(
                    psycopg.sql.Identifier(relation)
                )
                if relation != "processed_webhook_events"
                else "update processed_webhook_events set processed_at = processed_at"
            )
        # The platform goes on writing its own shape; ours goes on writing the new one.
        conn.execute("insert into processed_webhook_events (event_id) values ('evt-6')")
        conn.execute(
            "insert into processed_webhook_events (conversation_id, event_type,"
            " event_data) values ('c-new', 'system.replica_joined',"
            ' \'{"properties": {"persona_id": "p-old"}}\')'
        )
        conn.execute("insert into demos (name, user_id) values ('New', %s)", [BEN.user_id])
    assert query(
        bare, "select demo_id from processed_webhook_events where conversation_id = 'c-new'"
    ) == [(ANA.user_id,)]


def test_what_an_older_shape_keeps_is_listed(bare, template):
    with psycopg.connect(bare.admin_url) as conn:
        _fill_older(conn)
        conn.execute("grant select on public.demos to anon")
    migrate(bare.admin_url)
    left = "\n".join(findings(bare, Level.LEFT))
    assert "Anyone can view embeddable demos" in left
    assert "demos_user_id_again" in left
    assert "idx_demos_user_id" in left
    assert "conversation_messages, constraint conversation_messages_role_check" in left
    assert "unique (conversation_id, role, message_id)" in left
    assert "unique (demo_id, order_index)" in left
    assert "anon holds" in left
    wrong = findings(bare, Level.WRONG)
    assert wrong == []


def test_our_policies_come_back_in_the_repaired_form_over_an_older_shape(bare):
    with psycopg.connect(bare.admin_url) as conn:
        _fill_older(conn)
    migrate(bare.admin_url)
    rows = query(
        bare,
        "select roles::text, qual from pg_policies where tablename = 'demos'"
        " and policyname = 'Users can view their own demos'",
    )
    assert rows == [("{authenticated}", "(user_id = ( SELECT auth.uid() AS uid))")]
    kept = query(bare, "select count(*) from pg_policies where policyname ~ 'embeddable'")
    assert kept == [(1,)]
    on = query(bare, "select relrowsecurity from pg_class where oid = 'knowledge_chunks'::regclass")
    assert on == [(True,)]
