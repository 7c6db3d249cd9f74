"""Where the database can run things by itself. The embedded Postgres has no pg_cron: here it has
the tables and the function that pg_cron has, and what was scheduled is run as pg_cron would."""

import psycopg
import pytest
from sqlalchemy import func, select

from domo_insights.database.migrations import migrate
from domo_insights.database.tables_changes import change_queue
from domo_insights.local.server import SUPERUSER
from domo_insights.local.stack import SUPABASE
from tests.conftest import add_users, create_database, drop_database
from tests.factories import ANA, BEN, conversation, demo, message

STAND_IN = """
create schema cron;
create table cron.job (
  jobid bigint generated always as identity primary key, jobname text, schedule text not null,
  command text not null, username text not null default current_user, unique (jobname, username));
create table cron.job_run_details (
  runid bigint generated always as identity primary key, jobid bigint, end_time timestamptz);
create function cron.schedule(job_name text, schedule text, command text) returns bigint
  language sql as $$
  insert into cron.job (jobname, schedule, command) values ($1, $2, $3)
  on conflict (jobname, username) do update
    set schedule = excluded.schedule, command = excluded.command
  returning jobid
$$;
grant usage on schema cron to postgres;
grant all on all tables in schema cron to postgres;
"""
FORBIDDEN = """
create or replace function cron.schedule(job_name text, schedule text, command text) returns bigint
  language plpgsql as $$
begin
  raise insufficient_privilege using message = 'permission denied for schema cron';
end $$
"""
JOBS = {"insights-drain": "5 seconds", "insights-fill": "5 seconds"}


@pytest.fixture
def scheduling(server):
    database = create_database(server, "scheduling")
    with psycopg.connect(server.url(SUPERUSER, "scheduling")) as conn:
        conn.execute(SUPABASE.read_bytes())
        conn.execute(STAND_IN)
        add_users(conn, (ANA, BEN))
    yield database
    drop_database(database)


def asked(database, statement):
    with psycopg.connect(database.superuser_url) as conn:
        return conn.execute(statement).fetchall()


def run(database, name):
    """As pg_cron does: the command of a job in a session of whoever scheduled it."""
    ((command, user),) = asked(
        database, f"select command, username from cron.job where jobname = '{name}'"
    )
    with psycopg.connect(database.server.url(user, database.name)) as conn:
        conn.execute(command)


def test_what_is_scheduled_is_scheduled_once_and_keeps_the_rollups(scheduling):
    migrate(scheduling.admin_url)
    jobs = asked(scheduling, "select jobid, jobname, schedule, command, username from cron.job")
    assert JOBS.items() <= {name: when for _, name, when, *_ in jobs}.items()

    with psycopg.connect(scheduling.admin_url) as conn:
        conn.execute("delete from supabase_migrations.schema_migrations")
    migrate(scheduling.admin_url)
    again = asked(scheduling, "select jobid, jobname, schedule, command, username from cron.job")
    assert sorted(again) == sorted(jobs)

    with scheduling.admin.connect() as conn:
        rows = conn.execution_options(isolation_level="AUTOCOMMIT")
        mine = demo(rows)
        message(rows, conversation(rows, mine, tavus_conversation_id="talk"))
        waiting = select(func.count()).select_from(change_queue)
        assert rows.scalar(waiting) > 0
        run(scheduling, "insights-fill")
        run(scheduling, "insights-drain")
        assert rows.scalar(waiting) == 0
    kept = "select conversation_id, demo_id, n_user from insights.conversation_rollups"
    assert asked(scheduling, kept) == [("talk", mine, 1)]
    assert asked(scheduling, "select 1 from insights.rollup_state where not complete") == []


def test_the_record_of_old_runs_goes(scheduling):
    migrate(scheduling.admin_url)
    asked(
        scheduling,
        "insert into cron.job_run_details (jobid, end_time) select j.jobid, now() - age.age"
        " from (select jobid from cron.job union all values (0)) j,"
        " (values (interval '1 hour'), ('3 days')) age (age) returning 1",
    )
    run(scheduling, "insights-forget-runs")
    left = "select jobid = 0, now() - end_time > '1 day' from cron.job_run_details"
    assert set(asked(scheduling, left)) == {(False, False), (True, False), (True, True)}


def test_where_it_may_not_be_scheduled_that_is_noted_and_the_rest_goes_on(scheduling):
    with psycopg.connect(scheduling.superuser_url) as conn:
        conn.execute(FORBIDDEN)
    assert migrate(scheduling.admin_url)
    assert asked(scheduling, "select 1 from cron.job") == []
    noted = "select note from insights.left_as_found where object = 'pg_cron'"
    ((note,),) = asked(scheduling, noted)
    assert "permission denied" in note
