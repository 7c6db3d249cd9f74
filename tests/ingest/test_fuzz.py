"""Whatever is sent is stored whole or refused whole, with a reason and never with a 500."""

import gzip
import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.testclient import TestClient

from domo_insights.database.doors import ingesting
from domo_insights.database.engine import engine_for
from domo_insights.ingest import rows as stored_rows
from domo_insights.ingest.files import ingest_files
from domo_insights.ingest.messages import messages_of, start_of
from domo_insights.ingest.routes import routes
from domo_insights.ingest.webhook import signature_of, token_of
from tests.factories import ANA, BEN, demo
from tests.ingest.conversations import said
from tests.ingest.mutants import mutants
from tests.soaking import times

pytestmark = pytest.mark.soak
at_random = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
STATE = text("""
select (select count(*) from processed_webhook_events) as events,
       (select count(*) from insights.conversation_map) as mapped,
       (select count(*) from conversation_details) as details,
       (select count(*) from conversation_messages) as messages,
       (select sum(hashtext(id::text || role || content)::bigint)
        from conversation_messages) as said,
       (select coalesce(sum(refused), 0) from insights.delivery_counts) as refused,
       (select coalesce(sum(duplicates), 0) from insights.delivery_counts) as duplicates,
       (select coalesce(sum(conflicts), 0) from insights.delivery_counts) as conflicts
""")
COUNTED = ("refused", "duplicates", "conflicts")


@pytest.fixture
def web(database):
    with TestClient(Starlette(routes=routes)) as client:
        yield client


@pytest.fixture
def state(rows):
    """What the database holds; anything that a callback can write changes it."""

    def asked():
        return rows.execute(STATE).one()._asdict()

    return asked


@pytest.fixture
def mine(rows, web):
    """Ana's demo, while one conversation is Ben's already."""
    theirs = demo(rows, BEN)
    path = f"/webhooks/tavus/{theirs}?token={token_of(theirs)}"
    assert web.post(path, json=said(1, "Mine", conversation="theirs")).status_code == 200
    return demo(rows, ANA)


def kept(held):
    return {name: value for name, value in held.items() if name not in COUNTED}


def test_no_callback_breaks_anything(web, mine, state):
    seen = {200: 0, 422: 0}
    path = f"/webhooks/tavus/{mine}?token={token_of(mine)}"

    @settings(at_random, max_examples=times(220, 10_000))
    @given(mutants(), st.integers(0, 4))
    def every(raw, way):
        before = state()
        if way:
            answer = web.post(path, content=raw)
        else:
            signed = {"X-Webhook-Signature": signature_of(raw)}
            answer = web.post("/webhooks/tavus", content=raw, headers=signed)
        after, told = state(), answer.json()
        assert answer.status_code in {200, 422}, (raw[:500], answer.status_code, told)
        seen[answer.status_code] += 1
        if answer.status_code == 422:
            assert told["error"]
            assert kept(after) == kept(before), raw[:500]
            assert sum(after[n] for n in COUNTED) <= sum(before[n] for n in COUNTED) + 1
        elif told["duplicate"]:
            assert kept(after) == kept(before), raw[:500]
        else:
            assert after["events"] == before["events"] + 1, raw[:500]
            assert json.loads(raw)

    every()
    assert min(seen.values()) > sum(seen.values()) / 20  # both kinds were tried
    whole(("c1", "c2", "c3", "theirs", "ü"))


def whole(conversations):
    """Each conversation's messages are what its stored events say, none less and none more."""
    from domo_insights.settings import current

    with ingesting(engine_for(current().secret("database_url"))) as conn:
        for name in conversations:
            events = stored_rows.events_of(conn, [name]).get(name, [])
            held = stored_rows.details_held(conn, [name]).get(name)
            start = (held.values.get("started_at") if held else None) or start_of(events)
            expected = {row.id for row in messages_of(name, events, start)}
            there = conn.execute(
                text("select id from conversation_messages where conversation_id = :c"), {"c": name}
            )
            assert set(there.scalars()) == expected, name


def test_no_file_breaks_anything(database, mine, state, tmp_path):
    @settings(at_random, max_examples=times(12, 200))
    @given(st.lists(mutants(), min_size=1, max_size=30), st.booleans(), st.randoms())
    def every(lines, compressed, chance):
        written = b"\n".join(line.replace(b"\n", b" ") for line in lines)
        path = tmp_path / ("a.jsonl.gz" if compressed else "a.jsonl")
        path.write_bytes(gzip.compress(written) if compressed else written)
        before = state()
        first = ingest_files(database.engine, [str(path)])
        counts = first.counts()
        assert counts["read"] == counts["stored"] + counts["duplicates"] + counts["rejected"]
        assert state()["events"] == before["events"] + counts["stored"]
        assert all(rejection.reason for rejection in first.rejections)
        again, held = ingest_files(database.engine, [str(path)]), state()
        assert again.counts()["stored"] == 0
        assert kept(held) == kept(state())
        if compressed:
            _torn(path, chance)
            ingest_files(database.engine, [str(path)])

    every()
    whole(("c1", "c2", "c3", "theirs", "ü"))


def _torn(path, chance: random.Random):
    """The same file after a bad copy."""
    raw = bytearray(path.read_bytes())
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(raw[: chance.randrange(1, len(raw) + 1)]))
