"""The sample data in a real database: complete, once, and the same as ingest would store."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from psycopg.errors import NotNullViolation
from sqlalchemy import Connection, func, select

from domo_insights import sample
from domo_insights.database import tables
from domo_insights.database.doors import reading
from domo_insights.ingest.messages import messages_of
from domo_insights.ingest.payload import callback_of
from domo_insights.local.server import PostgresServer
from domo_insights.sample import rows as made
from tests.conftest import Database, create_database, drop_database
from tests.factories import ANA, BEN, PIA

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
OWNERS = (ANA.user_id, BEN.user_id)


@pytest.fixture(scope="module")
def loaded(server: PostgresServer, template: str) -> Iterator[Database]:
    """One for all tests here: each of them only looks, or takes back what it did."""
    database = create_database(server, "sample_loaded", template)
    assert sample.load(database.admin_url, OWNERS, NOW) is True
    yield database
    drop_database(database)


def _count(conn: Connection, table: Any) -> int:
    return conn.execute(select(func.count()).select_from(table)).scalar_one()


def test_every_row_arrives_and_a_second_load_changes_nothing(loaded: Database) -> None:
    expected = {name: len(own) for name, own in made.generate(OWNERS, NOW).items()}

    def stored() -> dict[str, int]:
        with loaded.admin.connect() as conn:
            return {name: _count(conn, getattr(tables, name)) for name in expected}

    assert stored() == expected
    assert sample.load(loaded.admin_url, OWNERS, NOW) is False
    assert stored() == expected


def test_a_load_that_fails_leaves_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = made.generate(OWNERS, NOW)
    whole["audit_logs"][-1]["action"] = None
    monkeypatch.setattr(import_module("domo_insights.sample.load"), "generate", lambda *_: whole)
    with pytest.raises(NotNullViolation):
        sample.load(database.admin_url, OWNERS, NOW)
    with database.admin.connect() as conn:
        assert {_count(conn, getattr(tables, name)) for name in whole} == {0}


def test_stored_messages_are_what_ingest_derives_from_the_stored_events(loaded: Database) -> None:
    events, messages = tables.processed_webhook_events, tables.conversation_messages
    with loaded.admin.connect() as conn:
        raw = conn.execute(
            select(events.c.conversation_id, events.c.event_data, events.c.event_hash)
        )
        callbacks = defaultdict(list)
        for conversation_id, body, event_hash in raw:
            callback = callback_of(body)
            assert callback.event_hash == event_hash
            callbacks[conversation_id].append(callback)
        columns = [
            c for c in messages.c if c.name not in {"content_length", "created_at", "demo_id"}
        ]
        stored = {row["id"]: dict(row) for row in conn.execute(select(*columns)).mappings()}
    derived = {
        row.id: {c.name: getattr(row, c.name) for c in columns}
        for conversation_id, own in callbacks.items()
        for row in messages_of(conversation_id, own)
    }
    assert stored == derived


def test_rows_are_placed_with_their_demos_and_owners_see_only_theirs(loaded: Database) -> None:
    conversations, events = tables.conversations, tables.processed_webhook_events
    with reading(loaded.engine, ANA) as conn:
        ana = _count(conn, conversations)
        assert _count(conn, tables.demos) == 5
    with reading(loaded.engine, BEN) as conn:
        ben = _count(conn, conversations)
        assert _count(conn, tables.demos) == 3
    with reading(loaded.engine, PIA) as conn:
        assert _count(conn, conversations) == ana + ben
    assert ana > 3 * ben > 300
    with loaded.admin.connect() as conn:
        unmapped = select(func.count(events.c.conversation_id.distinct())).where(
            events.c.demo_id.is_(None)
        )
        assert conn.execute(unmapped).scalar_one() == 6
        sides = select(tables.conversation_map.c.conversation_id, tables.conversation_map.c.demo_id)
        held = dict(conn.execute(sides).all())
        for demo_id, conversation_id in conn.execute(
            select(events.c.demo_id, events.c.conversation_id).distinct()
        ):
            assert held.get(conversation_id) == demo_id


def test_tests_by_name_are_tests_and_the_start_is_when_the_replica_joined(loaded: Database) -> None:
    details = tables.conversation_details
    with loaded.admin.connect() as conn:
        names = conn.execute(select(details.c.conversation_name).where(details.c.is_test))
        found = names.scalars().all()
    assert len(found) > 10
    assert all(name.lower().startswith("test") for name in found)


def test_audit_rows_look_like_the_trigger_s_and_lie_in_the_past(loaded: Database) -> None:
    audit, chunks = tables.audit_logs, tables.knowledge_chunks
    with loaded.admin.connect() as conn:
        ours = conn.execute(
            select(audit.c.new_values, audit.c.created_at).where(
                audit.c.table_name == "knowledge_chunks", audit.c.action == "update"
            )
        ).all()
        chunk = conn.execute(select(chunks.c.id).limit(1)).scalar_one()
        conn.execute(chunks.update().where(chunks.c.id == chunk).values(answer="Another one."))
        real = conn.execute(
            select(audit.c.new_values)
            .where(audit.c.record_id == chunk)
            .order_by(audit.c.created_at.desc())
            .limit(1)
        ).scalar_one()
    assert len(ours) > 10
    assert all(set(values) == set(real) for values, _ in ours)
    assert all(NOW - timedelta(days=180) < at < NOW for _, at in ours)
