"""452 real dialogues. Their numbers are known: 7,068 callbacks, 2,856 things visitors said."""

import gzip
import json
import random
from pathlib import Path

import pytest
from sqlalchemy import func, select

from domo_insights.database.doors import reading
from domo_insights.database.tables import conversation_details as details
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.database.tables import demos, processed_webhook_events
from domo_insights.ingest.files import ingest_files
from domo_insights.ingest.labels import label_files
from domo_insights.ingest.owners import adopt, owner_of
from tests.conftest import create_database, drop_database
from tests.factories import ANA, BEN

DATA = Path(__file__).parents[3] / "shared/data"
EVENTS, INTENTS = DATA / "sgd.events.jsonl.gz", DATA / "sgd.intents.jsonl.gz"
pytestmark = pytest.mark.skipif(not EVENTS.exists(), reason="the dialogues are not here")


def of_the_file(path):
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file]


def ingest(database, path):
    owner = owner_of(database.admin, ANA.email)
    return ingest_files(
        database.engine, [str(path)], meet=lambda found: adopt(database.admin, owner, found)
    ).counts()


def everything(database):
    """All messages without what chance and the clock decide; demos by their persona."""
    columns = [c for c in messages.c if c.name not in {"created_at", "demo_id"}]
    statement = (
        select(*columns, demos.c.tavus_persona_id)
        .join(demos, demos.c.id == messages.c.demo_id)
        .order_by(messages.c.id)
    )
    with database.admin.connect() as conn:
        return conn.execute(statement).all()


def test_the_dialogues_land_once_in_any_order_with_their_labels(
    database, server, template, tmp_path
):
    total = {"read": 7068, "rejected": 0}
    assert ingest(database, EVENTS) == total | {
        "stored": 7068,
        "duplicates": 0,
        "conversations": 452,
        "messages": 5712,
    }
    sent = of_the_file(EVENTS)
    with database.admin.connect() as conn:
        rows = conn.execute(
            select(messages.c.conversation_id, messages.c.message_id, messages.c.content)
        ).all()
        roles = dict(
            conn.execute(select(messages.c.role, func.count()).group_by(messages.c.role)).all()
        )
        named = dict(conn.execute(select(demos.c.tavus_persona_id, demos.c.name)).all())
        statuses = set(conn.scalars(select(demos.c.status)))
        lengths = conn.execute(select(func.count(), func.count(details.c.duration_seconds))).one()
    assert sorted(tuple(row) for row in rows) == sorted(
        (one["conversation_id"], one["inference_id"], one["properties"]["speech"])
        for one in sent
        if one["event_type"] == "conversation.utterance"
    )
    assert roles == {"user": 2856, "assistant": 2856}
    assert len(named) == 12
    assert named["p-flights"] == "Flights"
    assert statuses == {"draft"}
    assert tuple(lengths) == (452, 452)

    first = everything(database)
    assert ingest(database, EVENTS) == total | {
        "stored": 0,
        "duplicates": 7068,
        "conversations": 0,
        "messages": 0,
    }
    assert everything(database) == first

    shuffled = EVENTS.name.removesuffix(".gz")
    random.Random(7).shuffle(sent)
    (tmp_path / shuffled).write_text("".join(json.dumps(one) + "\n" for one in sent))
    other = create_database(server, f"{database.name}_shuffled", template)
    try:
        assert ingest(other, tmp_path / shuffled)["messages"] == 5712
        assert everything(other) == first
    finally:
        drop_database(other)

    labelled = of_the_file(INTENTS)
    outcome = label_files(database.engine, [str(INTENTS)])
    given = sum(one["intent"] is not None for one in labelled)
    assert outcome.counts() == {
        "read": 2856,
        "labelled": given,
        "unlabelled": 2856 - given,
        "unknown": 0,
        "rejected": 0,
    }
    with database.admin.connect() as conn:
        found = conn.execute(
            select(messages.c.conversation_id, messages.c.message_id, messages.c.intent).where(
                messages.c.role == "user"
            )
        ).all()
    assert {tuple(row) for row in found} == {
        (one["conversation_id"], one["message_id"], one["intent"]) for one in labelled
    }
    with reading(database.engine, BEN) as conn:
        for table in (messages, processed_webhook_events, details, demos):
            assert conn.scalar(select(func.count()).select_from(table)) == 0
    with reading(database.engine, ANA) as conn:
        assert conn.scalar(select(func.count()).select_from(messages)) == 5712
