import threading
import time
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select, text

from domo_insights.database.doors import maintaining
from domo_insights.database.listening import Versions, listen_address, listening, version_of
from domo_insights.database.queue import Worker, drain, is_working, working
from domo_insights.database.tables_changes import change_queue, demo_versions
from tests.factories import ANA, BEN, NOON, PIA, chunk, conversation, demo, event, message


@pytest.fixture
def queued(rows):
    """What the queue holds, which is then emptied."""

    def taken():
        found = rows.execute(
            select(change_queue.c.source, change_queue.c.demo_id, change_queue.c.bucket)
        ).all()
        rows.exec_driver_sql("delete from insights.change_queue")
        return {tuple(row) for row in found}

    taken()
    return taken


def hour(ago=0):
    return NOON - timedelta(hours=ago)


def until(condition, seconds=10):
    """Wait for `condition`; fails when it never comes true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def test_each_write_queues_its_demo_and_hour_once(rows, queued):
    where = demo(rows)
    talk = conversation(rows, where)
    assert ("demos", where, None) in queued()
    rows.execute(
        text("""insert into public.processed_webhook_events
          (conversation_id, event_type, event_data, processed_at, event_hash)
          select :c, 'x', '{}', :at, md5(n::text) from generate_series(1, 50) n"""),
        {"c": talk, "at": NOON + timedelta(minutes=59)},
    )
    message(rows, talk, at=NOON - timedelta(hours=5, minutes=1))
    assert queued() == {
        ("processed_webhook_events", where, hour()),
        ("conversation_messages", where, hour(6)),
    }


def test_rows_that_leave_a_demo_or_go_are_queued_too(rows, queued):
    first, second = demo(rows), demo(rows, BEN)
    talk = conversation(rows, first)
    event(rows, talk)
    queued()
    rows.execute(
        text("update insights.conversation_map set demo_id = :d where conversation_id = :c"),
        {"d": second, "c": talk},
    )
    moved = queued()
    assert {demo_id for source, demo_id, _ in moved if "events" in source} == {first, second}
    rows.execute(text("delete from public.processed_webhook_events"))
    assert queued() == {("processed_webhook_events", second, hour())}


def test_knowledge_and_nobodys_rows_are_queued(rows, queued):
    where = demo(rows)
    queued()
    chunk(rows, where)
    event(rows, "of-nobody")
    assert queued() == {
        ("knowledge_chunks", where, None),
        ("processed_webhook_events", None, hour()),
    }


def test_a_row_that_commits_late_is_not_lost(rows, database, queued):
    where = demo(rows)
    talk = conversation(rows, where)
    queued()
    with database.admin.connect() as slow, slow.begin():
        event(slow, talk)
        event(rows, talk)
        assert drain(database.engine) == 1
    assert drain(database.engine) > 0


def test_draining_moves_the_versions_of_the_touched_demos_alone(rows, database):
    mine, other = demo(rows), demo(rows, BEN)
    drain(database.engine)
    versions = Versions(database.engine, "")
    versions.look()
    before = [versions.of(viewer) for viewer in (ANA, BEN, PIA)]
    talk = conversation(rows, mine)
    event(rows, talk)
    assert drain(database.engine) >= 2
    assert drain(database.engine) == 0
    versions.look()
    after = [versions.of(viewer) for viewer in (ANA, BEN, PIA)]
    assert [a > b for a, b in zip(after, before, strict=True)] == [True, False, True]
    event(rows, "of-nobody")
    drain(database.engine)
    versions.look()
    assert [versions.of(v) for v in (ANA, BEN)] == after[:2]
    assert versions.of(PIA) > after[2]
    assert other


def test_a_demo_that_goes_moves_its_owners_version(rows, database):
    gone = demo(rows)
    drain(database.engine)
    versions = Versions(database.engine, "")
    versions.look()
    before = versions.of(ANA)
    rows.execute(text("delete from public.demos where id = :d"), {"d": gone})
    drain(database.engine)
    versions.look()
    assert versions.of(ANA) > before


def test_one_process_drains_at_a_time_and_small_batches_drain_all(rows, database, queued):
    talk = conversation(rows, demo(rows))
    for _ in range(5):
        event(rows, talk)
    with maintaining(database.engine) as busy:
        assert busy.scalar(text("select insights.drain_changes(2)")) == 2
        assert drain(database.engine) == 0
    assert drain(database.engine) > 0
    with maintaining(database.engine) as conn:
        assert conn.execute(select(change_queue.c.id)).all() == []
        assert len(conn.execute(select(demo_versions.c.demo_id)).all()) == 1


def test_listeners_are_told_ids_and_nothing_else(rows, database):
    where = demo(rows)
    talk = conversation(rows, where)
    drain(database.engine)
    event(rows, talk, event_data={"words": "secret"})
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("listen insights_changes")
        drain(database.engine)
        told = {note.payload for note in conn.notifies(timeout=5, stop_after=2)}
    assert {UUID(payload) if payload else None for payload in told} == {where, None}


@pytest.mark.parametrize("listens", [True, False], ids=["listen", "poll"])
def test_the_threads_carry_a_change_to_those_it_is_for(rows, database, listens):
    talk = conversation(rows, demo(rows))
    with (
        listening(database.engine, database.login_url if listens else ""),
        working(database.engine),
    ):
        until(lambda: is_working() and version_of(ANA))
        until(lambda: not rows.execute(select(change_queue.c.id)).all())
        time.sleep(1.2)
        ana, ben = version_of(ANA), version_of(BEN)
        event(rows, talk)
        until(lambda: version_of(ANA) > ana)
        assert version_of(BEN) == ben
    assert version_of(ANA) is None
    assert not is_working()
    assert {"versions", "queue worker"}.isdisjoint(t.name for t in threading.enumerate())


def test_the_database_away_and_back(rows, database):
    talk = conversation(rows, demo(rows))
    with listening(database.engine, database.login_url), working(database.engine):
        until(lambda: version_of(ANA))
        with psycopg.connect(database.superuser_url, autocommit=True) as conn:
            conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where usename = 'domo_insights' and datname = current_database()"
            )
        before = version_of(ANA) or 0
        event(rows, talk)
        until(lambda: (version_of(ANA) or 0) > before, 20)


def test_a_made_up_sign_shows_nothing(rows, database):
    demo(rows)
    with listening(database.engine, database.login_url), working(database.engine):
        until(lambda: version_of(ANA))
        time.sleep(1)
        held = version_of(ANA)
        rows.exec_driver_sql("select pg_notify('insights_changes', 'anything')")
        time.sleep(0.3)
        assert version_of(ANA) == held


def test_where_it_listens():
    direct, pooled = "postgresql://u:p@h:5432/d", "postgresql://u:p@h:6543/d"
    assert listen_address(direct) == direct
    assert listen_address(pooled) == ""
    assert listen_address(pooled, direct) == direct


def test_a_worker_without_a_database_says_so_and_stops(database):
    from domo_insights.database.engine import engine_for

    worker = Worker(engine_for("postgresql://nobody@127.0.0.1:9/none"))
    worker.start()
    time.sleep(0.8)
    assert not worker.working
    worker.stop()


def test_a_batch_that_takes_too_long_is_worked_off_in_parts(rows, database, queued, monkeypatch):
    """Ten milliseconds a row, of which the time allowed has room for 200."""
    monkeypatch.setattr("domo_insights.database.doors.WRITE_TIMEOUT_MS", 2_000)
    monkeypatch.setattr("domo_insights.database.queue.BATCH", 1_000)
    rows.exec_driver_sql(
        "create or replace function insights.refresh_rollups(taken insights.change_queue[])"
        " returns void language sql as 'select pg_sleep(0.01 * cardinality(taken))'"
    )
    rows.exec_driver_sql(
        "insert into insights.change_queue (source) select 'x' from generate_series(1, 400)"
    )
    assert drain(database.engine) == 400
    assert queued() == set()
