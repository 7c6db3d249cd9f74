import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest
import uvicorn
from sqlalchemy import text
from starlette.applications import Starlette

from domo_insights.database.doors import reading
from domo_insights.errors import DomoInsightsError
from domo_insights.ingest.routes import routes
from domo_insights.ingest.trial import EVENT_TYPE, send_trial
from domo_insights.ingest.webhook import trial_conversation
from domo_insights.period import Period
from domo_insights.queries import conversations, webhooks, webhooks_rows
from tests.factories import ANA, demo


@pytest.fixture
def served():
    """The real routes, served on a port of their own."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


def test_it_arrives_through_the_route_and_counts_as_an_event_alone(rows, database, served):
    where = demo(rows)
    first, second = send_trial(where, served), send_trial(where, served)
    assert (first.stored, second.stored) == (True, True)
    now = datetime.now(UTC) + timedelta(minutes=2)
    period = Period.parse("24h", now)
    with reading(database.engine, ANA) as conn:
        newest = webhooks_rows.newest(conn, where)
        assert webhooks.kpis(conn, period)["events"].iloc[0] == 2
        assert conversations.kpis(conn, period)["conversations"].iloc[0] == 0
        with_tests = conversations.kpis(conn, period, None, True)
    assert with_tests["conversations"].iloc[0] == 1
    assert set(newest["event_type"]) == {EVENT_TYPE}
    assert set(newest["conversation_id"]) == {trial_conversation(where)}
    assert (newest["processed_at"] >= first.sent_at).all()


def test_each_demo_has_a_test_conversation_of_its_own(rows, database):
    assert trial_conversation(demo(rows)) != trial_conversation(demo(rows))


def test_a_demo_that_is_gone_is_refused_in_words(rows, database, served):
    where = demo(rows)
    rows.execute(text("delete from public.demos"))
    refused = send_trial(where, served)
    assert (refused.stored, refused.status) == (False, 401)
    assert refused.reason


def test_nobody_there_is_said_without_the_token(database, rows):
    with pytest.raises(DomoInsightsError) as problem:
        send_trial(demo(rows), "http://127.0.0.1:9")
    assert "token" not in f"{problem.value} {problem.value.hint} {problem.value.__cause__}"
