"""Kept rows and pages against what is stored, while several connections write at once."""

import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from domo_insights.database import rollups
from domo_insights.database.doors import maintaining, reading
from domo_insights.database.engine import engine_for
from domo_insights.database.queue import drain, fill_some, keep_zones
from domo_insights.database.tables import conversations
from domo_insights.database.tables_changes import change_queue
from domo_insights.period import Period
from domo_insights.queries import conversations as conversations_queries
from domo_insights.queries import conversations_shape, misses
from tests.database.counted import (
    ASKED,
    COUNTED,
    KEPT,
    answers_are_right,
    kept_is_what_is_stored,
    snapshot,
)
from tests.database.writers import Writer, populate, speak
from tests.factories import ANA, BEN, NOON, PIA, conversation, demo, event, message


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kept_rows_are_what_is_stored_after_anything(database, rows, seed):
    die = random.Random(seed)
    populate(rows, die)
    writers = [Writer(database, 100 * seed + n) for n in range(3)]
    stopping = threading.Event()

    def keep_up():
        while not stopping.is_set():
            drain(database.engine)

    keeper = threading.Thread(target=keep_up)
    assert answers_are_right(database, die) > 0
    for thread in (keeper, *writers):
        thread.start()
    try:
        while any(writer.is_alive() for writer in writers):
            answers_are_right(database, die)
    finally:
        for writer in writers:
            writer.join()
        stopping.set()
        keeper.join()
    assert [writer.problem for writer in writers] == [None] * len(writers)
    answers_are_right(database, die)
    drain(database.engine)
    kept_is_what_is_stored(database)
    answers_are_right(database, die)


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
    for kept in KEPT:
        table = next(word for word in kept.split() if word.startswith("insights."))
        rows.execute(text(f"delete from {table}"))
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
        answers_are_right(database, random.Random(steps))
        state = rollups.progress(database.engine)[0]
        assert state.total == total
        assert state.done == min(3 * steps, total)
        if steps == 1:
            message(rows, "of-nobody-yet", at=NOON)
            rows.execute(text("update public.conversation_messages set sentiment = 'negative'"))
            drain(database.engine)
            answers_are_right(database, random.Random(steps))
    assert all(part.complete for part in rollups.progress(database.engine))
    kept_is_what_is_stored(database)


def test_two_that_fill_in_at_once_do_not_wait_for_each_other(database, rows):
    conversation(rows, demo(rows))
    drain(database.engine)
    forget(rows)
    with maintaining(database.engine) as busy:
        assert busy.scalar(text("select insights.fill_rollups(10)")) == 1
        assert fill_some(engine_for(database.login_url)) is None
    assert sum(rollups.refresh(database.engine)) > 0
    assert list(rollups.refresh(database.engine)) == [0]


def test_a_rebuild_puts_right_what_somebody_broke(database, rows):
    talk = conversation(rows, demo(rows))
    message(rows, talk, at=NOON + timedelta(minutes=1))
    drain(database.engine)
    rows.execute(text("update insights.conversation_rollups set n_user = 7"))
    rollups.start_over(database.engine)
    assert sum(rollups.refresh(database.engine)) > 0
    kept_is_what_is_stored(database)


def test_the_product_team_counts_kept_and_queued_rows_of_everybody(database, rows):
    conversation(rows, demo(rows, ANA))
    drain(database.engine)
    conversation(rows, demo(rows, BEN))
    assert rows.execute(select(change_queue.c.id)).all()
    with reading(database.engine, PIA) as conn:
        assert len(conn.execute(select(conversations.c.conversation_id)).all()) == 2


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York", "Pacific/Apia"])
def test_days_of_another_zone_are_kept_when_the_setting_says_so(database, rows, zone):
    die = random.Random(7)
    populate(rows, die)
    drain(database.engine)
    period = Period.parse("2026-02-26..2026-03-08", NOON + timedelta(days=9), zone)
    asked = (conversations_queries.over_time, conversations_shape.starts, misses.over_time)

    def answered():
        with reading(database.engine, ANA) as conn:
            return [query(conn, period).to_dict() for query in asked]

    counted = answered()
    keep_zones(database.engine, [zone])
    while fill_some(database.engine):
        assert same(answered(), counted)
    kept = "select count(*) from insights.conversation_days where zone = :zone"
    assert rows.scalar(text(kept), {"zone": zone}) > 0
    assert same(answered(), counted)
    speak(rows, die, conversation(rows, demo(rows)))
    rows.execute(
        text("update conversation_details set started_at = started_at - interval '9 hours'")
    )
    queued = answered()
    assert not same(queued, counted)
    drain(database.engine)
    assert same(answered(), queued)
    keep_zones(database.engine, [])
    assert rows.scalar(text(kept), {"zone": zone}) == 0
    assert same(answered(), queued)


def same(one, other):
    """Equal, missing values too."""
    return str(one) == str(other)


def test_many_values_on_one_day_are_kept_as_a_vector_and_counted_the_same(database, rows):
    where = demo(rows)
    for n in range(40):
        talk = conversation(rows, where)
        for turn in range(n % 17 + 1):
            at = NOON + timedelta(seconds=turn * (3 + n))
            message(
                rows, talk, "assistant" if turn % 2 else "user", at, seq=turn, confidence=n / 40
            )
        event(rows, talk, processing_duration_ms=n * 31)
        event(rows, talk, "system.shutdown", NOON + timedelta(seconds=19 * n * n))
    drain(database.engine)
    dense = "select count(*) from insights.conversation_spreads where dense is not null"
    assert rows.scalar(text(dense)) >= 4
    assert rows.scalar(
        text("select count(*) from insights.event_days where handler_dense is not null")
    )
    with snapshot(database) as conn:
        given = {"since": NOON - timedelta(hours=12), "until": NOON + timedelta(hours=12),
                 "demo": None, "tests": False}  # fmt: skip
        given["starts"] = [given["since"]]
        for asked, counted in ASKED.items():
            if "'duration'" not in asked:
                answer = conn.execute(text(asked), given).all()
                assert answer == conn.execute(text(counted), given).all(), asked
        found = conn.execute(text(next(asked for asked in ASKED if "'duration'" in asked)), given)
        values = sorted(row.code for row in found for _ in range(row.n))
    exact = sorted(
        rows.scalars(text("select duration_seconds from insights.conversations_counted"))
    )
    assert len(values) == len(exact)
    assert all(abs(a - b) <= 0.025 * b for a, b in zip(values, exact, strict=True))


def test_what_is_taken_off_a_day_kept_as_a_vector_stands_where_it_was_put(database, rows):
    where, midnight = demo(rows), NOON - timedelta(hours=12)
    for n in range(40):
        at = midnight + n * timedelta(minutes=30)
        talk = conversation(rows, where, started_at=at)
        message(rows, talk, at=at)
        event(rows, talk, "system.shutdown", at + timedelta(seconds=50 + 7 * n))
    drain(database.engine)
    assert rows.scalar(
        text("select count(*) from insights.conversation_spreads where dense is not null")
    )
    # Both are queued from here on.
    event(rows, talk, "system.shutdown", at + timedelta(seconds=9))
    talk = conversation(rows, where, started_at=midnight + timedelta(hours=3))
    event(rows, talk, "system.shutdown", midnight + timedelta(hours=3, seconds=77))
    since = midnight - timedelta(days=1)
    late = {"since": since, "until": midnight + timedelta(hours=15), "demo": None,
            "tests": False, "starts": [since]}  # fmt: skip
    with snapshot(database) as conn:
        asked = next(asked for asked in ASKED if "'duration'" in asked)
        found = conn.execute(text(asked), late).all()
        exact = conn.execute(text(ASKED[asked]), late).all()
    assert all(row.n > 0 for row in found)
    values, wanted = (
        sorted(row.code for row in answer for _ in range(row[-1])) for answer in (found, exact)
    )
    assert len(values) == len(wanted) > 0
    pairs = list(zip(values, wanted, strict=True))
    assert [(a, b) for a, b in pairs if abs(a - b) > 0.025 * b] == []
