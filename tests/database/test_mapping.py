"""Whose conversation it is: who may say so, in which order, and what a wrong claim does."""

import threading
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, update

from domo_insights.database.doors import ingesting
from domo_insights.database.tables import (
    conversation_details,
    conversation_map,
    conversation_messages,
    delivery_counts,
    demos,
    processed_webhook_events,
)
from tests.factories import ANA, BEN, NOON, conversation, demo, event, message

PERSONA = {"properties": {"persona_id": "p"}, "timestamp": NOON.isoformat()}


def claim(database, talk, demo_id, source):
    with ingesting(database.engine) as conn:
        return conn.scalar(select(func.insights.claim(talk, demo_id, source)))


def owner_of(rows, talk):
    return rows.scalar(
        select(conversation_map.c.demo_id).where(conversation_map.c.conversation_id == talk)
    )


def conflicts(rows):
    return rows.scalar(select(func.coalesce(func.sum(delivery_counts.c.conflicts), 0)))


def test_rows_without_a_mapping_wait_and_a_late_one_fills_them(database, rows):
    mine = demo(rows)
    message(rows, "talk")
    event(rows, "talk")
    assert rows.scalar(select(conversation_messages.c.demo_id)) is None
    assert claim(database, "talk", mine, "address") == mine
    assert rows.scalars(select(conversation_messages.c.demo_id)).all() == [mine]
    assert rows.scalars(select(processed_webhook_events.c.demo_id)).all() == [mine]
    message(rows, "talk")
    assert rows.scalars(select(conversation_messages.c.demo_id)).all() == [mine, mine]


def test_a_persona_that_one_demo_has_maps_and_a_shared_one_does_not(rows):
    mine = demo(rows, tavus_persona_id="p")
    event(rows, "one", event_data=PERSONA)
    demo(rows, BEN, tavus_persona_id="p")
    event(rows, "two", event_data=PERSONA)
    assert owner_of(rows, "one") == mine
    assert owner_of(rows, "two") is None


def test_a_demo_that_gets_the_persona_later_takes_what_nobody_has(rows):
    mine = demo(rows)
    for talk in ("one", "two"):
        message(rows, talk)
        event(rows, talk, event_data=PERSONA)
    rows.execute(update(demos).values(tavus_persona_id="p"))
    assert set(rows.scalars(select(conversation_messages.c.demo_id))) == {mine}
    assert owner_of(rows, "two") == mine


def test_the_demos_current_conversation_maps(rows):
    mine = demo(rows, tavus_conversation_id="now")
    event(rows, "now")
    message(rows, "later")
    rows.execute(update(demos).values(tavus_conversation_id="later"))
    assert owner_of(rows, "now") == mine
    assert owner_of(rows, "later") == mine


def test_details_map_and_put_untimed_rows_at_the_start(rows):
    mine = demo(rows)
    message(rows, "talk", timestamp=None, occurred_at=None)
    event(rows, "talk", event_data={}, occurred_at=None)
    conversation(rows, mine, tavus_conversation_id="talk", started_at=NOON)
    assert rows.execute(
        select(conversation_messages.c.demo_id, conversation_messages.c.occurred_at)
    ).one() == (mine, NOON)
    assert rows.scalar(select(processed_webhook_events.c.occurred_at)) == NOON


def test_a_word_test_at_the_beginning_of_a_name_makes_a_test(rows):
    mine = demo(rows)
    names = {"Test call": True, " TEST": True, "Testing it": False, "Latest": False, None: False}
    for name in names:
        conversation(rows, mine, conversation_name=name)
    marked = rows.execute(
        select(conversation_details.c.conversation_name, conversation_details.c.is_test)
    )
    assert dict(map(tuple, marked)) == names


@pytest.mark.parametrize("weak", ["details", "demo", "persona"])
def test_the_operator_replaces_a_weaker_mapping_and_no_equal_one(database, rows, weak):
    mine, theirs = demo(rows, ANA), demo(rows, BEN)
    message(rows, "talk")
    assert claim(database, "talk", mine, weak) == mine
    assert claim(database, "talk", theirs, "operator") == theirs
    assert rows.scalars(select(conversation_messages.c.demo_id)).all() == [theirs]
    assert claim(database, "talk", mine, "operator") == theirs
    assert claim(database, "talk", mine, "address") == theirs
    assert conflicts(rows) == 2


def test_an_address_replaces_a_weaker_mapping_only_while_nothing_is_stored(database, rows):
    mine, theirs = demo(rows, ANA), demo(rows, BEN)
    assert claim(database, "empty", mine, "details") == mine
    assert claim(database, "empty", theirs, "address") == theirs

    assert claim(database, "talk", mine, "details") == mine
    event(rows, "talk")
    assert claim(database, "talk", theirs, "address") == mine
    assert conflicts(rows) == 1


@pytest.mark.parametrize("source", ["details", "demo", "persona"])
def test_what_owners_can_write_pulls_no_conversation_over(database, rows, source):
    mine, theirs = demo(rows, ANA), demo(rows, BEN)
    message(rows, "talk")
    claim(database, "talk", mine, "persona")
    assert claim(database, "talk", theirs, source) == mine
    assert rows.scalars(select(conversation_messages.c.demo_id)).all() == [mine]
    assert conflicts(rows) == 1


def test_an_owner_who_names_anothers_conversation_in_details_or_demos_gets_nothing(rows):
    mine = demo(rows, ANA, tavus_persona_id="p")
    event(rows, "talk", event_data=PERSONA)
    message(rows, "talk")
    theirs = demo(rows, BEN, tavus_conversation_id="talk")
    conversation(rows, theirs, tavus_conversation_id="talk", started_at=NOON.replace(year=2020))
    assert owner_of(rows, "talk") == mine
    assert set(rows.scalars(select(conversation_messages.c.demo_id))) == {mine}
    assert rows.scalar(select(conversation_messages.c.occurred_at)) == NOON
    assert conflicts(rows) >= 1


def test_the_platforms_own_writer_is_trusted_with_a_demo_id_in_the_payload(rows):
    mine = demo(rows)
    event(rows, "talk", event_data={"demo_id": str(mine)})
    event(rows, "other", event_data={"demo_id": "not an id"})
    event(rows, "third", event_data={"demo_id": str(uuid4())})
    assert owner_of(rows, "talk") == mine
    assert owner_of(rows, "other") is None
    assert owner_of(rows, "third") is None


def test_a_demo_id_in_a_payload_that_ingest_stores_is_not_believed(database, rows):
    mine = demo(rows)
    with ingesting(database.engine) as conn:
        conn.execute(
            insert(processed_webhook_events).values(
                conversation_id="talk",
                event_type="x",
                event_data={"demo_id": str(mine)},
                event_hash="h",
                received_via="http",
            )
        )
    assert owner_of(rows, "talk") is None


def test_ingest_cannot_choose_the_demo_of_a_row(database, rows):
    mine, theirs = demo(rows, ANA), demo(rows, BEN)
    claim(database, "talk", mine, "address")
    with ingesting(database.engine) as conn:
        conn.execute(
            insert(processed_webhook_events).values(
                conversation_id="talk",
                event_type="x",
                event_data={},
                event_hash="h",
                received_via="http",
                demo_id=theirs,
            )
        )
    assert rows.scalar(select(processed_webhook_events.c.demo_id)) == mine


def test_a_mapping_and_an_unmapped_row_at_once_do_not_miss_each_other(database, rows):
    mine = demo(rows)
    talks = [f"talk{n}" for n in range(25)]

    def write():
        for talk in talks:
            with ingesting(database.engine) as conn:
                conn.execute(
                    insert(processed_webhook_events).values(
                        conversation_id=talk,
                        event_type="x",
                        event_data={},
                        event_hash=talk,
                        received_via="http",
                    )
                )

    def map_them():
        for talk in talks:
            claim(database, talk, mine, "address")

    threads = [threading.Thread(target=run) for run in (write, map_them)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(rows.scalars(select(processed_webhook_events.c.demo_id))) == {mine}


def test_deleting_a_demo_takes_its_conversations_along(rows):
    mine = demo(rows)
    talk = conversation(rows, mine)
    message(rows, talk)
    event(rows, talk)
    rows.execute(demos.delete())
    for table in (conversation_messages, processed_webhook_events, conversation_map):
        assert rows.scalar(select(func.count()).select_from(table)) == 0


def test_a_claim_for_a_demo_that_is_not_there_says_nobody(database, rows):
    assert claim(database, "talk", uuid4(), "address") is None
    assert owner_of(rows, "talk") is None
