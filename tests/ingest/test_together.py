import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import perf_counter

import pytest
from sqlalchemy import event, func, select

from domo_insights.database.tables import conversation_messages, processed_webhook_events
from domo_insights.errors import DatabaseUnreachableError
from domo_insights.ingest import together
from domo_insights.ingest.payload import parse
from domo_insights.ingest.store import Fate, ForeignConversationError, Received
from domo_insights.ingest.together import AT_ONCE, store_together
from tests.factories import BEN, demo
from tests.ingest.conversations import said


def received(body, demo_id):
    return Received(parse(json.dumps(body).encode()), demo_id=demo_id, since=perf_counter())


def in_conversation(name, second, text="Hi"):
    return said(second, text) | {"conversation_id": name}


def eventually(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def every_turn_taken(database, demo_id, pool):
    """All turns wait for conversations that somebody else holds; they go on when the block ends."""
    held = [f"held {n}" for n in range(AT_ONCE)]
    with database.admin.connect() as conn:
        for name in held:
            conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
        for name in held:
            pool.submit(
                store_together, database.engine, received(in_conversation(name, 1), demo_id)
            )
            eventually(lambda: not together.queue.waiting)
        yield


def outcome(future):
    problem = future.exception()
    return type(problem) if problem else future.result()


@pytest.fixture
def commits(database):
    counted = []

    def count(connection):
        counted.append(connection)

    event.listen(database.engine, "commit", count)
    yield counted
    event.remove(database.engine, "commit", count)


def test_what_waits_is_stored_together_and_each_learns_its_own_fate(database, rows, commits):
    mine, bens = demo(rows), demo(rows, BEN)
    store_together(database.engine, received(in_conversation("bens", 1), bens))
    store_together(database.engine, received(in_conversation("known", 1), mine))
    bodies = [in_conversation(f"new {n}", 1) for n in range(8)]
    commits.clear()
    with ThreadPoolExecutor(20) as pool, every_turn_taken(database, mine, pool):
        asked = [
            pool.submit(store_together, database.engine, received(body, mine))
            for body in [*bodies, in_conversation("known", 1), bodies[0]]
        ]
        eventually(lambda: len(together.queue.waiting) == len(asked))
    fates = [outcome(one) for one in asked]
    assert fates[1:8] == [Fate.NEW] * 7
    assert fates[8] == Fate.REPEATED
    assert {fates[0], fates[9]} == {Fate.NEW, Fate.REPEATED}
    assert len(commits) == AT_ONCE + 1
    count = select(func.count()).select_from(processed_webhook_events)
    assert rows.scalar(count) == 2 + 8 + AT_ONCE


def test_one_that_is_refused_keeps_no_other_from_it(database, rows):
    mine, bens = demo(rows), demo(rows, BEN)
    store_together(database.engine, received(in_conversation("bens", 1), bens))
    with ThreadPoolExecutor(20) as pool, every_turn_taken(database, mine, pool):
        asked = [
            pool.submit(store_together, database.engine, received(body, mine))
            for body in (
                in_conversation("a", 1),
                in_conversation("bens", 2, "Mine now"),
                in_conversation("b", 1),
            )
        ]
        eventually(lambda: len(together.queue.waiting) == len(asked))
    assert [outcome(one) for one in asked] == [Fate.NEW, ForeignConversationError, Fate.NEW]
    said_to_ben = select(conversation_messages.c.content).where(
        conversation_messages.c.conversation_id == "bens"
    )
    assert rows.scalars(said_to_ben).all() == ["Hi"]


def test_a_lost_connection_is_told_to_each_of_them(database, rows, monkeypatch):
    mine = demo(rows)
    with ThreadPoolExecutor(20) as pool, every_turn_taken(database, mine, pool):
        asked = [
            pool.submit(
                store_together, database.engine, received(in_conversation(f"n {n}", 1), mine)
            )
            for n in range(3)
        ]
        eventually(lambda: len(together.queue.waiting) == len(asked))

        def away(engine, items):
            raise DatabaseUnreachableError

        monkeypatch.setattr(together, "settle_patiently", away)
    assert {outcome(one) for one in asked} == {DatabaseUnreachableError}
    monkeypatch.undo()
    assert store_together(database.engine, received(in_conversation("n 0", 1), mine)) is Fate.NEW
