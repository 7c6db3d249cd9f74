"""Conversations that are erased or made anonymous: nothing is left of them, nothing comes back."""

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import cast, func, insert, select, text
from sqlalchemy.dialects.postgresql import JSONB

from domo_insights.actions import erasing
from domo_insights.actions.erasing import Erased
from domo_insights.database.doors import editing, ingesting, reading, sessions
from domo_insights.database.tables_kept import saved_views
from domo_insights.errors import NotAllowedError
from domo_insights.ingest.payload import parse
from domo_insights.ingest.store import Received, store
from tests.factories import ANA, BEN, NOON, conversation, demo, event, message
from tests.security.world import make_world

TALK = "ANAMARK-talk-0"


@pytest.fixture
def world(rows):
    return make_world(rows)


def everywhere(rows, trace):
    """Tables of ours in which `trace` shows anywhere, vectors aside, once the queue is worked off,
    which names what is to be counted anew."""
    rows.execute(text("select insights.drain_changes()"))
    tables = rows.execute(
        text("""select c.oid::regclass::text from pg_class c
                where c.relkind = 'r' and c.relnamespace::regnamespace::text
                  in ('public', 'insights', 'insights_private')""")
    ).scalars()
    return {
        table
        for table in tables.all()
        if rows.execute(
            text(f"select exists (select from {table} t where t::text like :trace)"),
            {"trace": f"%{trace}%"},
        ).scalar()
    }


def erase(database, viewer, conversation_id):
    with editing(database.engine, viewer) as conn:
        return erasing.erase(conn, conversation_id)


def utterance(conversation_id, words, at="2026-03-02T12:00:30Z", **more):
    return parse(
        json.dumps(
            {
                "conversation_id": conversation_id,
                "event_type": "conversation.utterance",
                "message_type": "conversation",
                "timestamp": at,
                "properties": {"role": "user", "speech": words},
                **more,
            }
        ).encode()
    )


def test_nothing_of_an_erased_conversation_is_left_in_any_table(database, rows, world):
    noted = cast({"query": "transcript", "conversation": TALK}, JSONB)
    with sessions(database.engine, ANA) as conn:
        conn.execute(select(func.insights.record("export", "queries", None, None, noted)))
    with editing(database.engine, ANA) as conn:
        conn.execute(select(func.insights.mark_test(TALK, True)))
    rows.execute(text("update demos set tavus_conversation_id = :talk where name like 'ANAMARK%'"),
                 {"talk": TALK})  # fmt: skip
    rows.execute(
        insert(saved_views).values(user_id=ANA.user_id, name="that one", page="conversations",
                                   query=f"period=7d&conversation={TALK}&tests=true")
    )  # fmt: skip
    assert everywhere(rows, TALK) >= {"conversation_messages", "audit_logs", "insights.reviews"}

    assert erase(database, ANA, TALK) == Erased(4, 2)

    assert everywhere(rows, TALK) == set()
    assert everywhere(rows, "ANAMARK-talk-1")
    kept = select(saved_views.c.query).where(saved_views.c.name == "that one")
    assert rows.scalar(kept) == "period=7d&tests=true"
    said = rows.execute(text("select action, user_id, demo_id, new_values ->> 'conversations' "
                             "from audit_logs where action = 'erase'")).all()  # fmt: skip
    assert said == [("erase", ANA.user_id, world.ana.demo_id, "1")]


def test_only_the_owner_of_a_conversation_may_have_it_erased(database, rows, world):
    before = everywhere(rows, TALK)
    for talk in (TALK, "made up"):
        with pytest.raises(NotAllowedError):
            erase(database, BEN, talk)
    assert everywhere(rows, TALK) == before


def test_what_changed_is_queued_for_the_derived_tables(database, rows, world):
    rows.execute(text("truncate insights.change_queue"))
    erase(database, ANA, TALK)
    queued = rows.execute(text("select distinct source, bucket from insights.change_queue "
                               "where demo_id = :d and bucket is not null"),
                          {"d": world.ana.demo_id}).all()  # fmt: skip
    assert set(queued) == {("conversation_messages", NOON), ("processed_webhook_events", NOON)}


def test_a_callback_that_is_delivered_again_brings_nothing_back(database, rows):
    ours = demo(rows)
    said = Received(utterance("c-again", "My name is Ada."), demo_id=ours)
    with ingesting(database.engine) as conn:
        assert store(conn, [said]).stored == 1
    assert erase(database, ANA, "c-again") == Erased(1, 1)
    with ingesting(database.engine) as conn:
        again = store(conn, [said, Received(utterance("c-other", "Hello."), demo_id=ours)])
    assert (again.stored, again.duplicates, again.erased) == (1, 0, 1)
    assert everywhere(rows, "Ada") == set()
    # The platform itself, with rights that no fence limits.
    assert event(rows, "c-again", event_data={"demo_id": str(ours), "timestamp": None})
    message(rows, "c-again", content="Ada")
    conversation(rows, ours, tavus_conversation_id="c-again", conversation_name="Ada")
    assert everywhere(rows, "c-again") == everywhere(rows, "Ada") == set()


def test_a_row_that_is_on_its_way_while_its_conversation_is_erased_goes_too(database, rows):
    """The platform's writer has put its row in and commits only while the erasure waits."""
    ours = demo(rows)
    talk = conversation(rows, ours)
    with database.admin.connect() as writer:
        message(writer, talk, content="Ada")
        waits = threading.Thread(target=erase, args=(database, ANA, talk))
        waits.start()
        waiting = text("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
        while not rows.scalar(waiting):
            pass
        writer.commit()
        waits.join(30)
    assert everywhere(rows, "Ada") == everywhere(rows, talk) == set()


def old_talks(rows):
    return rows.execute(
        text("select conversation_id from insights.old_conversations(:b)"),
        {"b": NOON + timedelta(days=1, hours=1)},
    ).scalars().all()  # fmt: skip


def test_age_is_that_of_the_youngest_row_and_nobodys_rows_age_too(rows, world):
    old = [f"{mark}-talk-{n}" for mark in ("ANAMARK", "BENMARK") for n in (0, 1)]
    assert old_talks(rows) == [*old, "nobodys-talk"]
    message(rows, "BENMARK-talk-1", at=NOON + timedelta(days=2))
    assert old_talks(rows) == [*old[:3], "nobodys-talk"]
    # One that got a row after it was found is left alone.
    taken = rows.execute(
        text("select * from insights.erase_conversations(:c, 'retention', :b)"),
        {"c": [old[3]], "b": NOON + timedelta(days=1, hours=1)},
    ).one()
    assert tuple(taken) == (0, 0, 0)
    assert "conversation_messages" in everywhere(rows, old[3])


def test_an_anonymous_conversation_counts_as_before_and_says_nothing(database, rows, world):
    counted = text("""select demo_id, started_at, duration_seconds, n_user, n_assistant, n_negative,
                             n_intent, is_test from insights.conversations order by 1, 2""")
    before = rows.execute(counted).all()
    done = rows.execute(text("select * from insights.anonymise_conversations(:c)"),
                        {"c": [TALK]}).one()  # fmt: skip
    assert tuple(done) == (1, 4, 2)
    assert rows.execute(counted).all() == before
    assert everywhere(rows, TALK) == set()
    named = rows.execute(text("""select m.conversation_id, m.content, d.conversation_name
        from conversation_messages m join conversation_details d
          on d.tavus_conversation_id = m.conversation_id
        where m.conversation_id like 'anonymous-%'""")).all()  # fmt: skip
    assert len(named) == 4
    assert {row[1:] for row in named} == {(None, None)}
    with reading(database.engine, ANA) as conn:
        assert conn.scalar(text("select note from insights.reviews")) == ""
    assert old_talks(rows) != []
    again = text("select conversation_id from insights.old_conversations(:b, null, true)")
    left = rows.execute(again, {"b": NOON + timedelta(days=900)}).scalars().all()
    assert not [talk for talk in left if talk.startswith("anonymous-")]


def test_dates_only_move_on(rows, world):
    keep = text("select insights.keep_detail_since(:d, :b, :a)")
    since = text("select insights.detail_since(:d)")
    ours = {"d": world.ben.demo_id}
    for days, anonymise, wanted in ((-30, False, -30), (-60, False, -30), (-5, True, -5)):
        rows.execute(keep, {**ours, "b": NOON + timedelta(days=days), "a": anonymise})
        assert rows.scalar(since, ours) == NOON + timedelta(days=wanted)
