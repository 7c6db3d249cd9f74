"""The scratch data are what ingest would have left, only more of it."""

import pytest
from sqlalchemy import func, select, text

from domo_insights.bench import fill as filling
from domo_insights.bench.people import people
from domo_insights.database import tables
from domo_insights.database.engine import engine_for
from domo_insights.database.tables_changes import change_queue
from domo_insights.errors import WrongUseError

SCALE = 0.002


@pytest.fixture
def filled(database):
    told = []
    filling.fill(database.superuser_url, database.engine, SCALE, 1, lambda *say: told.append(say))
    for part in ("conversations", "rollups", "statistics"):
        assert [share for what, share in told if what == part][-1] == 1.0
    return database


def test_it_is_as_large_and_as_skewed_as_it_says(filled):
    with filled.admin.connect() as conn:
        messages = conn.scalar(select(func.count()).select_from(tables.conversation_messages))
        events = conn.scalar(select(func.count()).select_from(tables.processed_webhook_events))
    assert messages == pytest.approx(10_000, rel=0.1)
    assert events == pytest.approx(6_000, rel=0.1)
    superuser = engine_for(filled.superuser_url)
    heaviest, tenth, median, product = people(superuser)
    superuser.dispose()
    assert heaviest.conversations / product.conversations == pytest.approx(0.34, abs=0.05)
    assert heaviest.conversations > tenth.conversations > median.conversations > 0
    assert product.viewer.product_team
    assert not heaviest.viewer.product_team


def test_rows_are_as_triggers_would_have_left_them(filled):
    """What fill writes past the triggers is what they would have written."""
    left = text(
        "select count(*) from public.conversation_messages m"
        " left join insights.conversation_map c using (conversation_id)"
        " where m.demo_id is distinct from c.demo_id or m.occurred_at is null"
    )
    events = text(
        "select count(*) from public.processed_webhook_events e"
        " left join insights.conversation_map c using (conversation_id)"
        " where e.demo_id is distinct from c.demo_id"
        " or (e.event_type = 'system.shutdown') <> (e.shutdown_reason is not null)"
    )
    late = text("select count(*) from public.conversation_messages where occurred_at > now()")
    with filled.admin.connect() as conn:
        assert [conn.scalar(found) for found in (left, events, late)] == [0, 0, 0]
        nobody = select(func.count()).where(tables.conversation_messages.c.demo_id.is_(None))
        assert conn.scalar(nobody) > 0
        assert conn.scalar(select(func.count()).select_from(change_queue)) == 0


def test_indexes_are_back_and_a_second_run_changes_nothing(filled, database):
    indexes = text("select count(*) from pg_indexes where schemaname in ('public', 'insights')")
    rows = text("select md5(string_agg(m::text, '' order by id)) from conversation_messages m")
    with filled.admin.connect() as conn:
        before = conn.scalar(indexes), conn.scalar(rows)
        filling.fill(database.superuser_url, database.engine, SCALE, 1, lambda *_: None)
        assert (conn.scalar(indexes), conn.scalar(rows)) == before
        template = text("select count(*) from bench.set_aside")
    superuser = engine_for(filled.superuser_url)
    with superuser.connect() as conn:
        assert conn.scalar(template) == 0
    superuser.dispose()


def test_a_run_that_was_interrupted_goes_on(database):
    class StoppedError(Exception): ...

    def stop(what, share):
        if what == "indexes":
            raise StoppedError

    with pytest.raises(StoppedError):
        filling.fill(database.superuser_url, database.engine, SCALE, 1, stop)
    with pytest.raises(WrongUseError, match="831 conversations"):
        filling.fill(database.superuser_url, database.engine, SCALE * 2, 1, lambda *_: None)
    filling.fill(database.superuser_url, database.engine, SCALE, 1, lambda *_: None)
    with database.admin.connect() as conn:
        view = conn.scalar(text("select count(*) from insights.conversations"))
        mapped = conn.scalar(select(func.count()).select_from(tables.conversation_map))
    assert view == mapped


def test_what_is_counted_can_be_answered_from_indexes_alone(filled):
    seen_by_all = text(
        "select relname from pg_class where relallvisible > relpages * 0.9 and relname in"
        " ('conversation_messages', 'processed_webhook_events', 'conversation_rollups')"
    )
    with filled.admin.connect() as conn:
        assert len(conn.scalars(seen_by_all).all()) == 3
