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


def of_everything(statement, database):
    with database.admin.connect() as conn:
        return [tuple(row) for row in conn.execute(statement)]


READ = {"read": 7068, "rejected": 0}
NEW = {"stored": 7068, "duplicates": 0, "conversations": 452, "messages": 5712}
KNOWN = {"stored": 0, "duplicates": 7068, "conversations": 0, "messages": 0}


def test_the_dialogues_land_once_in_any_order_with_their_labels(
    database, server, template, tmp_path
):
    assert ingest(database, EVENTS) == READ | NEW
    sent = of_the_file(EVENTS)
    holds_what_was_sent(database, sent)

    first = everything(database)
    assert ingest(database, EVENTS) == READ | KNOWN
    assert everything(database) == first

    shuffled = tmp_path / EVENTS.name.removesuffix(".gz")
    random.Random(7).shuffle(sent)
    shuffled.write_text("".join(json.dumps(one) + "\n" for one in sent))
    other = create_database(server, f"{database.name}_shuffled", template)
    try:
        assert ingest(other, shuffled)["messages"] == 5712
        assert everything(other) == first
    finally:
        drop_database(other)

    takes_labels(database)
    is_its_owners_alone(database)


def holds_what_was_sent(database, sent):
    """An utterance is a message, a persona a draft demo, and each conversation has its length."""
    said = select(messages.c.conversation_id, messages.c.message_id, messages.c.content)
    assert sorted(of_everything(said, database)) == sorted(
        (one["conversation_id"], one["inference_id"], one["properties"]["speech"])
        for one in sent
        if one["event_type"] == "conversation.utterance"
    )
    roles = select(messages.c.role, func.count()).group_by(messages.c.role)
    assert dict(of_everything(roles, database)) == {"user": 2856, "assistant": 2856}
    named = dict(of_everything(select(demos.c.tavus_persona_id, demos.c.name), database))
    assert len(named) == 12
    assert named["p-flights"] == "Flights"
    assert set(of_everything(select(demos.c.status), database)) == {("draft",)}
    lengths = select(func.count(), func.count(details.c.duration_seconds))
    assert of_everything(lengths, database) == [(452, 452)]


def takes_labels(database):
    """The intent of each line is on its message, none where the line says none."""
    labelled = of_the_file(INTENTS)
    given = sum(one["intent"] is not None for one in labelled)
    assert label_files(database.engine, [str(INTENTS)]).counts() == {
        "read": 2856,
        "labelled": given,
        "unlabelled": 2856 - given,
        "unknown": 0,
        "rejected": 0,
    }
    intents = select(messages.c.conversation_id, messages.c.message_id, messages.c.intent)
    assert set(of_everything(intents.where(messages.c.role == "user"), database)) == {
        (one["conversation_id"], one["message_id"], one["intent"]) for one in labelled
    }


def is_its_owners_alone(database):
    with reading(database.engine, BEN) as conn:
        for table in (messages, processed_webhook_events, details, demos):
            assert conn.scalar(select(func.count()).select_from(table)) == 0
    with reading(database.engine, ANA) as conn:
        assert conn.scalar(select(func.count()).select_from(messages)) == 5712
