import json
import threading
from datetime import timedelta
from itertools import permutations
from time import perf_counter
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from domo_insights.database.doors import ingesting
from domo_insights.database.tables import (
    conversation_details,
    conversation_map,
    conversation_messages,
    delivery_counts,
    processed_webhook_events,
)
from domo_insights.ingest.payload import parse
from domo_insights.ingest.store import (
    ForeignConversationError,
    Received,
    Stored,
    UnknownDemoError,
    store,
)
from tests.factories import BEN, conversation, demo, message
from tests.ingest.conversations import START, joined, said, shutdown, transcript

TALK = (
    joined(),
    said(10, "What does it cost?"),
    said(15, "Ten euros a month.", "replica"),
    said(20, "Yes", sentiment="positive", intent="pricing", confidence=0.7),
    said(25, "Great, shall I book it?", "replica"),
    said(30, "Yes"),
    shutdown(40),
    transcript(
        ("system", "Be kind."),
        ("user", "What does it cost?"),
        ("assistant", "Ten euros"),
        ("user", "Yes"),
        ("assistant", "Great, shall I book it?"),
        ("user", "Yes"),
        ("assistant", "Goodbye."),
        seconds=60,
    ),
)


def received(*bodies, **more):
    return [Received(parse(json.dumps(one).encode()), **more) for one in bodies]


def put(database, *bodies, **more):
    with ingesting(database.engine) as conn:
        return store(conn, received(*bodies, **more))


def stored(rows, table, *without):
    """The rows of `table` without what chance and the clock decide."""
    columns = [c for c in table.c if c.name not in {"created_at", "updated_at", *without}]
    found = rows.execute(select(*columns)).all()
    return sorted((dict(row._mapping) for row in found), key=repr)


def counted(rows, kind):
    return {
        demo_id: n
        for demo_id, n in rows.execute(
            select(delivery_counts.c.demo_id, func.sum(delivery_counts.c[kind])).group_by(
                delivery_counts.c.demo_id
            )
        )
        if n
    }


def said_in_order(rows):
    m = conversation_messages
    order = select(m.c.role, m.c.content).order_by(m.c.occurred_at, m.c.seq, m.c.id)
    return [tuple(row) for row in rows.execute(order)]


def test_a_conversation_lands_in_every_table(database, rows):
    mine = demo(rows, tavus_persona_id="p-x")

    assert put(database, *TALK, via="file") == Stored(8, 0, 1, 7)

    assert said_in_order(rows) == [
        ("system", "Be kind."),
        ("user", "What does it cost?"),
        ("assistant", "Ten euros a month."),
        ("user", "Yes"),
        ("assistant", "Great, shall I book it?"),
        ("user", "Yes"),
        ("assistant", "Goodbye."),
    ]
    messages = stored(rows, conversation_messages)
    assert {m["demo_id"] for m in messages} == {mine}
    assert {m["content_length"] for m in messages} >= {len("Be kind.")}
    labelled = [m for m in messages if m["label_source"]]
    assert [(m["sentiment"], m["intent"], float(m["confidence"])) for m in labelled] == [
        ("positive", "pricing", 0.7)
    ]
    (details,) = stored(rows, conversation_details)
    assert (details["demo_id"], details["started_at"]) == (mine, START)
    assert (details["duration_seconds"], details["status"]) == (40, "ended")
    assert len(details["transcript"]) == 7
    assert details["perception_analysis"] is None
    events = stored(rows, processed_webhook_events)
    assert {(e["demo_id"], e["received_via"], e["processing_duration_ms"]) for e in events} == {
        (mine, "file", None)
    }
    nulls = func.count().filter(conversation_details.c.perception_analysis.is_not(None))
    assert rows.scalar(select(nulls)) == 0


def test_the_same_again_stores_nothing_and_is_counted(database, rows):
    mine = demo(rows, tavus_persona_id="p-x")
    put(database, *TALK)
    before = stored(rows, conversation_messages)

    assert put(database, *TALK, *TALK) == Stored(0, 16, 0, 0)
    assert put(database, said(90, "New"), said(90, "New")) == Stored(1, 1, 0, 1)

    assert [m for m in stored(rows, conversation_messages) if m["content"] != "New"] == before
    assert counted(rows, "duplicates") == {mine: 17}


@pytest.mark.parametrize("via", ["file", "http"])
def test_one_by_one_or_at_once_the_rows_are_the_same(database, rows, via):
    mine = demo(rows, tavus_persona_id="p-x")
    put(database, *TALK, via="file")
    tables = (conversation_messages, conversation_details)
    at_once = [
        stored(rows, table, "id" if table is conversation_details else "") for table in tables
    ]
    for orders in ([*TALK], [*reversed(TALK)], [*TALK[3:], *TALK[:3]]):
        for table in (conversation_messages, conversation_details, processed_webhook_events):
            rows.execute(delete(table))
        rows.execute(delete(conversation_map))
        gained = sum(
            (
                put(database, one, via=via, since=perf_counter() if via == "http" else None)
                for one in orders
            ),
            Stored(),
        )
        assert gained == Stored(8, 0, 1, 7)
        assert [
            stored(rows, table, "id" if table is conversation_details else "") for table in tables
        ] == at_once
    assert mine


SHORT = (
    joined(),
    said(10, "Yes", inference_id="a"),
    said(20, "Yes", inference_id="b"),
    said(None, "Hm", "replica", inference_id=None),
    transcript(("user", "Yes"), ("assistant", "Hm"), ("user", "Yes"), ("user", "Bye")),
)


@pytest.fixture
def every_order(database, rows):
    demo(rows, tavus_persona_id="p-x")

    def of(conversation, bodies, batches):
        """The messages after `bodies` came in `batches`, with the name of the conversation cut."""
        renamed = [one | {"conversation_id": conversation} for one in bodies]
        for size in batches:
            batch, renamed = renamed[:size], renamed[size:]
            if batch:
                put(database, *batch)
        if renamed:
            put(database, *renamed)
        m = conversation_messages
        columns = [c for c in m.c if c.name not in {"id", "created_at", "conversation_id"}]
        found = rows.execute(select(*columns).where(m.c.conversation_id == conversation))
        return sorted(repr(tuple(row)) for row in found)

    return of


def test_every_order_of_arrival_gives_the_same_rows(every_order):
    expected = every_order("all-at-once", SHORT, [])
    assert len(expected) == 4
    for index, order in enumerate(permutations(SHORT)):
        if index % 7 == 0:
            assert every_order(f"order-{index}", order, [1] * 5) == expected


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.permutations([*TALK, *TALK[2:4]]), st.lists(st.integers(1, 4), max_size=6))
def test_any_order_in_any_batches_with_repeats_gives_the_same_rows(every_order, order, batches):
    assert every_order(str(uuid4()), order, batches) == every_order(str(uuid4()), TALK, [])


def test_the_same_conversation_from_many_threads(database, rows):
    demo(rows, tavus_persona_id="p-x")
    problems = []

    def deliver(bodies):
        try:
            for one in bodies:
                put(database, one, since=perf_counter())
        except Exception as problem:
            problems.append(problem)

    hands = [threading.Thread(target=deliver, args=(TALK[n::3] + TALK[:2],)) for n in range(3)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()

    assert problems == []
    assert rows.scalar(select(func.count()).select_from(processed_webhook_events)) == 8
    assert said_in_order(rows)[0][1] == "Be kind."
    assert len(said_in_order(rows)) == 7


def test_batches_over_the_same_conversations_wait_and_do_not_deadlock(database, rows):
    demo(rows, tavus_persona_id="p-x")
    names = [f"c{n}" for n in range(20)]
    problems = []

    def deliver(order, second):
        try:
            put(database, *(said(second, "Hi", conversation=name) for name in order))
        except Exception as problem:
            problems.append(problem)

    hands = [threading.Thread(target=deliver, args=(names[:: (-1) ** n], n)) for n in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert problems == []
    assert rows.scalar(select(func.count()).select_from(conversation_messages)) == 80


def test_a_demos_own_address_maps_its_conversations(database, rows):
    mine, _ = demo(rows), demo(rows, BEN, tavus_persona_id="p-x")
    put(database, joined(), said(1, "Hi"), demo_id=mine)
    assert {m["demo_id"] for m in stored(rows, conversation_messages)} == {mine}


def test_another_demos_conversation_is_refused_whole(database, rows):
    mine, other = demo(rows), demo(rows, BEN)
    put(database, joined(), said(1, "Hi"), demo_id=mine)
    before = [stored(rows, t) for t in (conversation_messages, processed_webhook_events)]

    for body in (said(2, "Mine now"), joined(), said(1, "Hi")):
        with pytest.raises(ForeignConversationError):
            put(database, body, said(3, "Free", conversation="c2"), demo_id=other)

    assert [stored(rows, t) for t in (conversation_messages, processed_webhook_events)] == before
    assert rows.scalar(select(func.count()).select_from(conversation_map)) == 1


@pytest.mark.parametrize("first", [TALK, TALK[:3]], ids=["whole", "so far"])
def test_the_operator_may_name_the_demo_and_correct_a_persona(database, rows, first):
    mine, other = demo(rows, tavus_persona_id="p-x"), demo(rows, BEN)
    put(database, *first)
    named = said(50, "Over here", demo_id=str(other))

    put(database, named)
    assert {m["demo_id"] for m in stored(rows, conversation_messages)} == {mine}

    put(database, said(51, "Over here", demo_id=str(other)), trusted=True)
    assert {m["demo_id"] for m in stored(rows, conversation_messages)} == {other}
    assert {d["demo_id"] for d in stored(rows, conversation_details)} == {other}


def test_a_demo_that_does_not_exist_is_refused(database, rows):
    with pytest.raises(UnknownDemoError):
        put(database, said(1, "Hi"), demo_id=uuid4())
    with pytest.raises(UnknownDemoError):
        put(database, said(1, "Hi", demo_id=str(uuid4())), trusted=True)
    assert stored(rows, processed_webhook_events) == []


def test_without_a_mapping_rows_belong_to_nobody_until_it_comes(database, rows):
    put(database, *TALK)
    assert {m["demo_id"] for m in stored(rows, conversation_messages)} == {None}
    assert stored(rows, conversation_details) == []

    mine = demo(rows, tavus_persona_id="p-x")
    assert {m["demo_id"] for m in stored(rows, conversation_messages)} == {mine}


def test_rows_of_the_platform_are_left_alone(database, rows):
    mine = demo(rows, tavus_persona_id="p-x")
    conversation(rows, mine, tavus_conversation_id="c1", started_at=START - timedelta(seconds=3))
    theirs = message(rows, "c1", message_id="user-10", content="What does it cost?")

    put(database, *TALK)

    kept = rows.execute(
        select(conversation_messages).where(conversation_messages.c.id == theirs)
    ).one()
    assert (kept.content, kept.message_id) == ("What does it cost?", "user-10")
    assert len(said_in_order(rows)) == 7
    (details,) = stored(rows, conversation_details)
    assert details["started_at"] == START - timedelta(seconds=3)


def test_anothers_row_of_details_gets_no_words(database, rows):
    mine, other = demo(rows), demo(rows, BEN)
    put(database, joined(), demo_id=mine)
    rows.execute(delete(conversation_details))
    conversation(rows, other, tavus_conversation_id="c1", started_at=None)
    put(database, *TALK[1:], demo_id=mine)
    (details,) = stored(rows, conversation_details)
    assert (details["demo_id"], details["transcript"], details["started_at"]) == (other, None, None)
    assert {m["demo_id"] for m in stored(rows, conversation_messages)} == {mine}


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_start_and_end_are_the_first_join_and_the_last_shutdown(database, rows, order):
    demo(rows, tavus_persona_id="p-x")
    bodies = (joined(0), joined(30), shutdown(40), shutdown(75.6))
    for index in order:
        put(database, bodies[index])
    (details,) = stored(rows, conversation_details)
    assert details["started_at"] == START
    assert details["completed_at"] == START + timedelta(seconds=75.6)
    assert details["duration_seconds"] == 76


def test_labels_given_later_stay(database, rows):
    demo(rows, tavus_persona_id="p-x")
    put(database, *TALK[:-1])
    m = conversation_messages
    rows.execute(update(m).where(m.c.content == "Yes").values(intent="agree", label_source="file"))
    put(database, TALK[-1])
    assert {x["intent"] for x in stored(rows, m) if x["content"] == "Yes"} == {"agree"}


def test_a_test_conversation_is_known_by_its_name_and_the_owner_decides(database, rows):
    demo(rows, tavus_persona_id="p-x")
    put(database, joined(conversation_name="TEST of the demo"))
    d = conversation_details
    assert rows.scalar(select(d.c.is_test))
    rows.execute(update(d).values(is_test=False))
    put(database, said(5, "Hi"), shutdown(9, conversation_name="TEST of the demo"))
    assert not rows.scalar(select(d.c.is_test))


def test_handler_time_is_measured_for_what_a_handler_handled(database, rows):
    put(database, said(1, "Hi"), since=perf_counter() - 2)
    (event,) = stored(rows, processed_webhook_events)
    assert 2000 <= event["processing_duration_ms"] < 20_000
