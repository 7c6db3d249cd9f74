"""Databases that Supabase's own init scripts leave behind, beside the one the stand-in makes."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from domo_insights.database.engine import engine_for
from domo_insights.database.findings import Level
from domo_insights.database.migrations import migrate
from domo_insights.database.platform import platform
from domo_insights.local.server import PostgresServer
from domo_insights.local.stack import SUPABASE, prepare_database
from tests.conftest import Database, create_database, drop_database

INIT_SCRIPTS_ONLY = """
drop table storage.objects, storage.buckets;
alter publication supabase_realtime owner to supabase_admin;
alter schema extensions owner to supabase_admin;
grant all on schema extensions to postgres;
drop extension pg_stat_statements, pg_trgm, btree_gin;
create or replace function auth.uid() returns uuid language sql stable as
  $$ select nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
"""
VECTOR_IN_PUBLIC = "drop extension vector; create extension vector with schema public;"
NO_POLICIES_ON_STORAGE = "revoke supabase_storage_admin from postgres;"
NO_STORAGE_AT_ALL = "drop schema storage cascade;"
NO_WRITES_TO_AUTH = """
revoke all on all tables in schema auth from postgres;
grant select, references on all tables in schema auth to postgres;
"""


@pytest.fixture
def project(server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A project without a migration of ours, changed as the test says, and migrated."""
    database = create_database(server, "hosted_shape")
    try:
        with psycopg.connect(database.superuser_url, autocommit=True) as conn:
            conn.execute(SUPABASE.read_bytes())
            conn.execute("select set_config('session_replication_role', 'replica', false)")
            conn.execute(request.param.encode())
        yield database
    finally:
        drop_database(database)
        prepare_database(server, "postgres", migrated=False)  # roles belong to the whole server


@pytest.mark.parametrize(
    ("project", "left"),
    [
        pytest.param(
            INIT_SCRIPTS_ONLY,
            {"extension pg_stat_statements", "storage", "supabase_realtime"},
            id="init scripts",
        ),
        pytest.param(VECTOR_IN_PUBLIC, set(), id="vector in public"),
        pytest.param(NO_POLICIES_ON_STORAGE, {"bucket demo-videos"}, id="storage of another"),
        pytest.param(NO_STORAGE_AT_ALL, {"storage"}, id="no storage"),
        pytest.param(NO_WRITES_TO_AUTH, set(), id="auth is read only"),
    ],
    indirect=["project"],
)
def test_migrations_apply_and_what_is_left_is_told_with_its_repair(
    project: Database, left: set[str]
) -> None:
    assert migrate(project.admin_url)
    assert migrate(project.admin_url) == []
    with engine_for(project.admin_url).connect() as conn:
        findings = platform(conn)
    assert {f.subject for f in findings if f.level is not Level.FINE} == left
    assert all(f.hint for f in findings if f.level is not Level.FINE)
    assert not [f for f in findings if f.level is Level.WRONG]


def test_bucket_that_everybody_may_read_is_wrong(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("update storage.buckets set public = true")
    with engine_for(database.admin_url).connect() as conn:
        wrong = [f for f in platform(conn) if f.level is Level.WRONG]
    assert [f.subject for f in wrong] == ["bucket demo-videos"]
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute(sql.SQL(wrong[0].hint))
    with engine_for(database.admin_url).connect() as conn:
        assert {f.level for f in platform(conn)} == {Level.FINE}


def test_what_migrations_leave_to_the_platforms_roles(database: Database) -> None:
    """Default privileges give these roles everything; what we make is theirs only where meant."""
    question = """
        select n.nspname || '.' || c.relname, r.rolname
        from pg_class c join pg_namespace n on n.oid = c.relnamespace,
             unnest(array['anon', 'authenticated']) r (rolname)
        where n.nspname in ('insights', 'insights_private') and c.relkind in ('r', 'v', 'm', 'p')
          and has_table_privilege(r.rolname, c.oid, 'select, insert, update, delete, truncate')
        union all
        select n.nspname || '.' || c.relname, 'anon'
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind = 'r'
          and has_table_privilege('anon', c.oid, 'select, insert, update, delete, truncate')
    """
    with psycopg.connect(database.admin_url) as conn:
        # The names of the models, which the search of the platform's own clients reads.
        meant = [("insights.embedding_models", "authenticated")]
        assert conn.execute(question).fetchall() == meant
        definers = conn.execute(
            "select p.oid::regprocedure::text from pg_proc p"
            " where p.pronamespace = 'public'::regnamespace and p.prosecdef"
        ).fetchall()
        assert definers == []
        listed = conn.execute(
            "select pg_get_userbyid(defaclrole), defaclobjtype::text from pg_default_acl"
            " where defaclnamespace = 'public'::regnamespace order by 1, 2"
        ).fetchall()
    kinds = ["S", "f", "r"]
    assert listed == [
        *(("postgres", kind) for kind in kinds),
        *(("supabase_admin", kind) for kind in kinds),
    ]
