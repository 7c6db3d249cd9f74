"""Functions that run with their owner's rights, called by who may make temporary objects."""

import json

import pytest
from psycopg import sql
from sqlalchemy import text

from domo_insights.database.login_role import LOGIN_ROLE
from tests.factories import ANA

PATHS = text("""
    select p.oid::regprocedure::text as name, s.setting from pg_proc p
    left join lateral (select c.setting from unnest(p.proconfig) c (setting)
      where c.setting like 'search\\_path=%') s on true
    where p.pronamespace::regnamespace::text in ('insights', 'insights_private')
      and (p.prosecdef or s.setting is not null)
    """)
CALLS = {
    "insights_reader": ("uuid", "select * from insights.chunk_counts()"),
    "insights_product": ("text", "select * from insights.owner_labels()"),
    "insights_editor": ("text", "select insights.mark_test('x', true)"),
    "insights_ingest": ("text", "select insights.is_erased('x')"),
    "insights_sessions": ("text", "select insights.record('x', 'y', null, null, '{}')"),
    "insights_worker": ("uuid", "select * from insights.asked_demos()"),
}
"""By role: a type that the function behind the call uses, by a name that can be made again."""


def test_every_function_that_has_a_path_looks_for_temporary_objects_last(rows):
    found = dict(map(tuple, rows.execute(PATHS)))
    assert len(found) > 40
    wrong = sorted(name for name, path in found.items() if not (path or "").endswith("pg_temp"))
    assert not wrong, "these need `set search_path = ..., pg_temp`"


@pytest.mark.parametrize("role", sorted(CALLS))
def test_a_temporary_type_runs_nothing_in_the_owners_name(database, role):
    kind, call = CALLS[role]
    with database.engine.connect() as conn, conn.begin() as unfinished:
        wire = conn.connection.driver_connection
        ran = []
        wire.add_notice_handler(lambda said: ran.append(said.message_primary))
        wire.execute("""
            create function pg_temp.strange() returns boolean language plpgsql as $f$ begin
              raise warning 'ran as %', current_user; return true; end $f$""")
        made = sql.SQL("create domain pg_temp.{0} as pg_catalog.{0} check (pg_temp.strange())")
        wire.execute(made.format(sql.Identifier(kind)))
        wire.execute(sql.SQL("select null::{}").format(sql.Identifier(kind)))
        assert ran == [f"ran as {LOGIN_ROLE}"]
        wire.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
        claims = json.dumps(ANA.claims)
        wire.execute("select set_config('request.jwt.claims', %s, true)", [claims])
        ran.clear()
        wire.execute(call)
        assert set(ran) <= {f"ran as {role}"}
        unfinished.rollback()
