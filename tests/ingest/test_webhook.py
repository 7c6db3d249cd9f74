import json
import logging
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from domo_insights import settings
from domo_insights.database.tables import (
    conversation_map,
    conversation_messages,
    delivery_counts,
    processed_webhook_events,
)
from domo_insights.errors import ConfigError
from domo_insights.ingest.routes import routes
from domo_insights.ingest.webhook import signature_of, token_of, webhook_url
from tests.factories import BEN, demo
from tests.ingest.conversations import joined, said


@pytest.fixture
def web(database):
    with TestClient(Starlette(routes=routes)) as client:
        yield client


def address(demo_id, token=None):
    return f"/webhooks/tavus/{demo_id}?token={token_of(demo_id) if token is None else token}"


def count(rows, table=processed_webhook_events):
    return rows.scalar(select(func.count()).select_from(table))


def signed(web, body, **headers):
    raw = json.dumps(body).encode()
    headers = {"X-Webhook-Signature": signature_of(raw)} | headers
    return web.post("/webhooks/tavus", content=raw, headers=headers)


def test_a_demos_own_address_stores_and_tells_repeats(web, rows):
    mine = demo(rows)
    for body in (joined(), said(1, "Hi")):
        answer = web.post(address(mine), json=body)
        assert (answer.status_code, answer.json()) == (200, {"stored": 1, "duplicate": False})
    answer = web.post(address(mine), json=said(1, "Hi"))
    assert (answer.status_code, answer.json()) == (200, {"stored": 0, "duplicate": True})

    events = rows.execute(select(processed_webhook_events)).all()
    assert {(e.demo_id, e.received_via) for e in events} == {(mine, "http")}
    assert all(e.processing_duration_ms >= 0 for e in events)
    assert count(rows, conversation_messages) == 1
    assert rows.scalar(select(delivery_counts.c.duplicates)) == 1


def test_only_the_right_token_opens_an_address(web, rows):
    mine, other = demo(rows), demo(rows, BEN)
    gone = uuid4()
    answers = [
        web.post(path, json=said(1, "Hi"))
        for path in (
            f"/webhooks/tavus/{mine}",
            address(mine, ""),
            address(mine, "wrong"),
            address(mine, token_of(other)),
            address(mine, token_of(mine)[:-1]),
            address(mine, "%C3%A4"),
            address(gone),
            address("not-a-demo", "x"),
        )
    ]
    assert {a.status_code for a in answers} == {401}
    assert len({a.text for a in answers}) == 1
    assert count(rows) == count(rows, conversation_map) == 0
    assert web.get(address(mine)).status_code == 405


def test_without_a_secret_nothing_is_accepted(web, rows, database):
    mine = demo(rows)
    path, raw = address(mine), json.dumps(said(1, "Hi")).encode()
    signature = signature_of(raw)
    settings.activate(database.settings.model_copy(update={"tavus_webhook_secret": None}))
    assert web.post(path, content=raw).status_code == 401
    headers = {"X-Webhook-Signature": signature}
    assert web.post("/webhooks/tavus", content=raw, headers=headers).status_code == 401
    with pytest.raises(ConfigError):
        webhook_url(mine)
    assert count(rows) == 0


def test_an_owner_cannot_pull_over_anothers_conversation(web, rows):
    mine, other = demo(rows), demo(rows, BEN)
    web.post(address(mine), json=joined())
    for body in (said(1, "Mine now"), joined(), joined(3, demo_id=str(other))):
        answer = web.post(address(other), json=body)
        assert answer.status_code == 422
        assert answer.json()["error"] == "The conversation is not this demo's."
        assert answer.json()["hint"]
    assert rows.scalars(select(conversation_map.c.demo_id)).all() == [mine]
    assert count(rows) == 1
    counts = rows.execute(select(delivery_counts.c.demo_id, delivery_counts.c.conflicts)).all()
    assert [tuple(row) for row in counts] == [(other, 3)]


def test_the_operators_signature_lets_a_body_name_its_demo(web, rows):
    mine = demo(rows)
    assert signed(web, said(1, "Hi", demo_id=str(mine))).status_code == 200
    assert rows.scalars(select(conversation_messages.c.demo_id)).all() == [mine]
    assert signed(web, said(2, "Hi", demo_id=str(uuid4()))).status_code == 422
    assert signed(web, said(2, "Hi", demo_id="nonsense")).status_code == 422
    for wrong in ("", "sha256=", "sha256=" + "0" * 64, "ä".encode(), token_of(mine)):
        answer = signed(web, said(3, "Hi"), **{"X-Webhook-Signature": wrong})
        assert answer.status_code == 401
    assert web.post("/webhooks/tavus", json=said(3, "Hi")).status_code == 401
    assert signed(web, []).status_code == 422
    assert count(rows) == 1


def test_a_demos_own_address_does_not_believe_the_body(web, rows):
    mine, other = demo(rows), demo(rows, BEN)
    assert web.post(address(mine), json=said(1, "Hi", demo_id=str(other))).status_code == 200
    assert rows.scalars(select(conversation_messages.c.demo_id)).all() == [mine]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"conversation_id": "c1"}',
        b"\xff",
        json.dumps(said(1, "a\0b")).encode(),
        json.dumps(said(1, "\ud800")).encode(),
        json.dumps(said(1, "Hi") | {"timestamp": "never"}).encode(),
        json.dumps(said(1, "Hi", confidence=7)).encode(),
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    ],
)
def test_what_cannot_be_stored_is_refused_with_a_reason(web, rows, body):
    mine = demo(rows)
    answer = web.post(address(mine), content=body)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert count(rows) == count(rows, conversation_map) == 0
    counts = rows.execute(select(delivery_counts.c.demo_id, delivery_counts.c.refused)).all()
    assert [tuple(row) for row in counts] == [(mine, 1)]


def test_a_body_that_is_too_long_is_not_read(web, rows):
    mine = demo(rows)
    long = b" " * 1_048_577

    def parts():
        for _ in range(20):
            yield b" " * 100_000

    for path in (address(mine), "/webhooks/tavus"):
        assert web.post(path, content=long).status_code == 413
        assert web.post(path, content=parts()).status_code == 413
        assert web.post(path, content=b"", headers={"Content-Length": "9" * 400}).status_code == 413


def test_a_database_that_is_away_is_no_acknowledgement(web, rows, database):
    mine = demo(rows)
    away = database.settings.model_copy(
        update={
            "database_url": type(database.settings.database_url)(
                "postgresql://nobody@127.0.0.1:9/nowhere?connect_timeout=2"
            )
        }
    )
    path = address(mine)
    settings.activate(away)
    answer = web.post(path, json=said(1, "Hi"))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    settings.activate(database.settings)
    assert web.post(path, json=said(1, "Hi")).json() == {"stored": 1, "duplicate": False}


def test_no_secret_and_no_words_in_the_log(web, rows, caplog):
    mine = demo(rows)
    with caplog.at_level(logging.DEBUG):
        web.post(address(mine), json=said(1, "Secret words"))
        web.post(address(mine), json=said(1, "Secret words", confidence=9))
    ours = " ".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpx"))
    assert "Secret words" not in ours
    assert token_of(mine) not in ours


def test_the_address_is_the_public_one(database):
    demo_id = UUID(int=7)
    assert webhook_url(demo_id) == (
        f"http://127.0.0.1:8501/webhooks/tavus/{demo_id}?token={token_of(demo_id)}"
    )
    assert webhook_url(demo_id, "https://x.example").startswith("https://x.example/webhooks/tavus/")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_only_a_post_is_a_callback(web, method):
    answer = web.request(method, "/webhooks/tavus")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
