"""Kept rows and pages against what is stored, while several connections write at once."""

import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from domo_insights.database import rollups
from domo_insights.database.doors import maintaining, reading
from domo_insights.database.engine import engine_for
from domo_insights.database.queue import drain, fill_some
from domo_insights.database.tables import conversations
from domo_insights.database.tables_changes import change_queue
from tests.database.writers import Writer, populate
from tests.factories import ANA, BEN, NOON, PIA, conversation, demo, event, message

KEPT = "select * from insights.conversation_rollups order by conversation_id"
COUNTED = "select * from insights.conversations_counted order by conversation_id"
ANSWERED = "select * from insights.conversations order by conversation_id"


def both(database):
    """What is kept and what is counted, in one snapshot."""
    with database.admin.connect() as conn, conn.begin():
        conn.execute(text("set transaction isolation level repeatable read"))
        return [conn.execute(text(q)).all() for q in (KEPT, COUNTED)]


def answers_are_right(database):
    """What a viewer is answered is what is counted, whatever is queued at that moment."""
    with database.admin.connect() as conn, conn.begin():
        conn.execute(text("set transaction isolation level repeatable read"))
        counted = conn.execute(text(COUNTED)).all()
        answered = conn.execute(text(ANSWERED)).all()
        waiting = conn.scalar(text("select count(*) from insights.change_queue"))
    assert answered == counted
    return waiting


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kept_rows_are_what_is_stored_after_anything(database, rows, seed):
    populate(rows, random.Random(seed))
    writers = [Writer(database, 100 * seed + n) for n in range(3)]
    stopping = threading.Event()

    def keep_up():
        while not stopping.is_set():
            drain(database.engine)

    keeper = threading.Thread(target=keep_up)
    for thread in (keeper, *writers):
        thread.start()
    waited = 0
    try:
        while any(writer.is_alive() for writer in writers):
            waited += answers_are_right(database) > 0
    finally:
        for writer in writers:
            writer.join()
        stopping.set()
        keeper.join()
    assert [writer.problem for writer in writers] == [None] * len(writers)
    answers_are_right(database)
    drain(database.engine)
    kept, counted = both(database)
    assert kept == counted
    assert waited > 0


def test_nothing_waits_for_a_refresh(database, rows):
    where = demo(rows)
    drain(database.engine)
    talk = conversation(rows, where)
    message(rows, talk)
    with reading(database.engine, ANA) as conn:
        assert conn.execute(select(conversations.c.n_user)).scalars().all() == [1]
    drain(database.engine)
    rows.execute(text("delete from public.conversation_messages"))
    with reading(database.engine, ANA) as conn:
        assert conn.execute(select(conversations.c.n_user)).scalars().all() == [0]


def test_a_conversation_that_changes_demo_is_its_new_owners_at_once(database, rows):
    mine, yours = demo(rows, ANA), demo(rows, BEN)
    talk = conversation(rows, mine)
    event(rows, talk)
    drain(database.engine)
    for drained in (False, True):
        rows.execute(
            text("update insights.conversation_map set demo_id = :d"),
            {"d": mine if drained else yours},
        )
        owner, other = (ANA, BEN) if drained else (BEN, ANA)
        for _ in range(2):
            with reading(database.engine, owner) as conn:
                assert conn.scalar(select(conversations.c.conversation_id)) == talk
            with reading(database.engine, other) as conn:
                assert conn.execute(select(conversations.c.conversation_id)).all() == []
            drain(database.engine)


def test_a_demo_that_changes_owner_takes_its_conversations_along(database, rows):
    where = demo(rows, ANA)
    conversation(rows, where)
    drain(database.engine)
    rows.execute(text("update public.demos set user_id = :u"), {"u": BEN.user_id})
    with reading(database.engine, BEN) as conn:
        assert len(conn.execute(select(conversations.c.conversation_id)).all()) == 1
    with reading(database.engine, ANA) as conn:
        assert conn.execute(select(conversations.c.conversation_id)).all() == []


def forget(rows):
    rows.execute(text("delete from insights.conversation_rollups"))
    rows.execute(text("update insights.rollup_state set complete = false, position = '', done = 0"))


def test_what_was_stored_before_is_filled_in_step_by_step_and_right_all_the_while(database, rows):
    populate(rows, random.Random(4))
    drain(database.engine)
    forget(rows)
    total = len(rows.execute(text(COUNTED)).all())
    assert total > 5
    steps = 0
    while fill_some(database.engine, 3):
        steps += 1
        answers_are_right(database)
        state = rollups.progress(database.engine)
        assert (state.done, state.total) == (min(3 * steps, total), total)
        if steps == 1:
            message(rows, "of-nobody-yet", at=NOON)
            rows.execute(text("update public.conversation_messages set sentiment = 'negative'"))
            drain(database.engine)
            answers_are_right(database)
    assert rollups.progress(database.engine).complete
    kept, counted = both(database)
    assert kept == counted


def test_two_that_fill_in_at_once_do_not_wait_for_each_other(database, rows):
    conversation(rows, demo(rows))
    drain(database.engine)
    forget(rows)
    with maintaining(database.engine) as busy:
        assert busy.scalar(text("select insights.fill_rollups(10)")) == 1
        assert fill_some(engine_for(database.login_url)) is None
    assert list(rollups.refresh(database.engine)) == [0]


def test_a_rebuild_puts_right_what_somebody_broke(database, rows):
    talk = conversation(rows, demo(rows))
    message(rows, talk, at=NOON + timedelta(minutes=1))
    drain(database.engine)
    rows.execute(text("update insights.conversation_rollups set n_user = 7"))
    rollups.start_over(database.engine)
    assert sum(rollups.refresh(database.engine)) == 1
    kept, counted = both(database)
    assert kept == counted


def test_the_product_team_counts_kept_and_queued_rows_of_everybody(database, rows):
    conversation(rows, demo(rows, ANA))
    drain(database.engine)
    conversation(rows, demo(rows, BEN))
    assert rows.execute(select(change_queue.c.id)).all()
    with reading(database.engine, PIA) as conn:
        assert len(conn.execute(select(conversations.c.conversation_id)).all()) == 2
