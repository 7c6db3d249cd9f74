"""What pages count after conversations were erased, grew old, or everything is counted anew."""

import inspect
from datetime import timedelta

import pytest
from sqlalchemy import text

from domo_insights.database import retention, rollups
from domo_insights.database.doors import reading
from domo_insights.database.queue import drain
from domo_insights.queries import PRODUCT_ONLY, QUERIES, read_next
from tests.factories import ANA, BEN, NOON, PIA, conversation, demo, event, message
from tests.security.inventory import MORE, PERIOD, PERIOD_QUERIES

CUT = NOON.replace(hour=0) + timedelta(days=1)
ROWS = {
    "conversations.listing", "misses_rows.confident", "misses_rows.moments", "read_next.ranked",
    "text_search.messages", "visitor_messages.listing", "visitor_questions.said",
    "webhooks_rows.slowest", "webhooks_rows.without_conversation",
    "webhooks_rows.without_events",
}  # fmt: skip
"""Queries that list what can be read: what was taken out is not in their answers."""
NUMBERS = sorted(PERIOD_QUERIES - ROWS - {"read_next.grown_old"})
"""Queries that count."""


def answers(database, names=NUMBERS, **more):
    """What pages show of the period, by query and viewer: all demos of the owner's, test
    conversations too."""
    found = {}
    for viewer in (ANA, PIA):
        with reading(database.engine, viewer) as conn:
            for name in names:
                if (name in PRODUCT_ONLY) == (viewer is PIA):
                    asked = {"period": PERIOD, "include_test": True, **MORE.get(name, {}), **more}
                    known = inspect.signature(QUERIES[name]).parameters
                    frame = QUERIES[name](conn, **{k: v for k, v in asked.items() if k in known})
                    found[name] = frame.to_csv(index=False)
    return found


def counted(rows):
    """Everything that is kept by day or hour, in tables of whoever made them."""
    tables = rows.scalars(
        text("""select c.oid::regclass::text from pg_class c join pg_attribute a
                  on a.attrelid = c.oid and a.attname = 'demo_id' and not a.attisdropped
                where c.relkind = 'r' and c.relnamespace = 'insights'::regnamespace and exists (
                  select from pg_attribute t where t.attrelid = c.oid and not t.attisdropped
                    and t.attname in ('hour', 'day', 'since'))""")
    ).all()
    assert len(tables) >= 5
    return {
        table: sorted(rows.scalars(text(f"select t::text from {table} t")).all())
        for table in tables
    }


@pytest.fixture
def places(rows):
    return demo(rows, name="One"), demo(rows, name="Two")


@pytest.fixture
def old(database, rows, places):
    """Three old conversations, all that one demo has among them, and a younger one."""
    found = [talk(rows, places[n % 2], NOON + timedelta(minutes=7 * n)) for n in range(3)]
    talk(rows, places[0], NOON + timedelta(days=3))
    drain(database.engine)
    return found


def talk(rows, where, at):
    found = conversation(rows, where, started_at=at, completed_at=at + timedelta(minutes=4))
    event(rows, found, "system.replica_joined", at, processed_at=at + timedelta(seconds=1))
    for turn in range(5):
        label = {} if turn % 2 else {"sentiment": "negative", "intent": "price", "confidence": 0.9}
        when = at + timedelta(seconds=10 * turn)
        message(rows, found, "assistant" if turn % 2 else "user", when, **label)
        event(rows, found, at=when, processed_at=when + timedelta(seconds=2))
    event(rows, found, "system.shutdown", at + timedelta(minutes=4))
    return found


def grow_old(database):
    held = retention.older_than(database.admin, CUT)
    retention.take_out(database.admin, database.engine, held, CUT)
    return held


def test_an_erased_conversation_leaves_the_numbers_of_a_world_without_it(database, rows, places):
    talk(rows, places[0], NOON)
    drain(database.engine)
    before, kept = answers(database), counted(rows)
    second = [talk(rows, place, NOON + timedelta(minutes=3)) for place in places]
    other_day = talk(rows, places[0], NOON + timedelta(days=2))
    drain(database.engine)
    assert answers(database) != before
    assert counted(rows) != kept
    retention.erase(database.admin, [*second, other_day])
    assert answers(database) == before
    drain(database.engine)
    assert answers(database) == before
    assert counted(rows) == kept


def test_what_grew_old_stays_counted_and_is_listed_no_more(database, rows, old):
    before = answers(database)
    assert {held.conversation_id for held in grow_old(database)} == set(old)
    assert answers(database) == before
    drain(database.engine)
    assert answers(database) == before
    for name, listed in answers(database, ROWS - {"conversations.listing"}).items():
        assert not [gone for gone in (*old, "gone-") if gone in listed], name


def test_lists_that_leave_out_what_grew_old_know_how_many(database, rows, old):
    asked = {"period": PERIOD, "limit": None}
    with reading(database.engine, ANA) as conn:
        ranked = set(read_next.ranked(conn, **asked)["conversation_id"])
        assert len(ranked & set(old)) == 3
        assert read_next.grown_old(conn, PERIOD).iloc[0, 0] == 0
    grow_old(database)
    with reading(database.engine, ANA) as conn:
        left = set(read_next.ranked(conn, **asked)["conversation_id"])
        assert read_next.grown_old(conn, PERIOD).iloc[0, 0] == len(ranked - left) == 3
    with reading(database.engine, BEN) as conn:
        assert read_next.grown_old(conn, PERIOD).iloc[0, 0] == 0


def test_what_grew_old_is_not_counted_anew(database, rows, old):
    grow_old(database)
    drain(database.engine)
    before, kept = answers(database), counted(rows)
    rollups.start_over(database.engine)
    assert sum(rollups.refresh(database.engine)) > 0
    assert (answers(database), counted(rows)) == (before, kept)


def test_a_row_that_comes_late_changes_no_day_whose_detail_is_gone(database, rows, old, places):
    grow_old(database)
    drain(database.engine)
    before, kept = answers(database, ["messages.kpis", "webhooks.kpis"]), counted(rows)
    late = conversation(rows, places[0], started_at=CUT + timedelta(hours=1))
    message(rows, late, at=NOON)
    event(rows, late, at=NOON)
    drain(database.engine)
    assert answers(database, ["messages.kpis", "webhooks.kpis"]) == before
    hourly = {name for name in kept if name.rpartition(".")[2].startswith(("message", "event"))}
    assert {name: counted(rows)[name] for name in hourly} == {name: kept[name] for name in hourly}


@pytest.mark.parametrize("emptied", ["conversation_messages", "processed_webhook_events"])
def test_a_table_that_is_emptied_and_filled_again_counts_as_before(database, rows, old, emptied):
    """As when the platform's own tables are put back from a backup: what is gone stays counted."""
    grow_old(database)
    drain(database.engine)
    before = answers(database)
    rows.execute(text(f"create temp table put_back as select * from public.{emptied}"))
    rows.execute(text(f"truncate public.{emptied}"))
    for _ in rollups.refresh(database.engine):
        pass
    assert answers(database) != before
    names = ", ".join(
        rows.scalars(
            text("""select quote_ident(attname) from pg_attribute where attnum > 0
                    and not attisdropped and attgenerated = '' and attrelid = to_regclass(:t)"""),
            {"t": f"public.{emptied}"},
        )
    )
    rows.execute(text(f"insert into public.{emptied} ({names}) select {names} from put_back"))
    assert answers(database) == before
    for _ in rollups.refresh(database.engine):
        pass
    assert answers(database) == before


def test_a_deleted_demo_leaves_no_counts(database, rows, old, places):
    grow_old(database)
    rows.execute(text("delete from demos"))
    drain(database.engine)
    assert set(map(len, counted(rows).values())) <= {0}
    assert rows.scalar(text("select count(*) from insights.conversation_rollups")) == 0
    assert answers(database, ["platform.kpis"])["platform.kpis"].endswith("\n0,0,0\n")


def test_the_audit_log_tells_what_grew_old_from_what_was_erased(database, rows, old):
    grow_old(database)
    left = rows.scalar(text("select conversation_id from insights.conversation_map"))
    retention.erase(database.admin, [left])
    told = text("select action, (new_values ->> 'conversations')::int from audit_logs "
                "where table_name = 'conversations' order by 1, 2")  # fmt: skip
    assert rows.execute(told).all() == [("erase", 1), ("retention", 1), ("retention", 2)]
