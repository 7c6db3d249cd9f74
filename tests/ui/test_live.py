from datetime import UTC, datetime, timedelta

import pytest

from domo_insights.database.listening import Versions, listening
from domo_insights.database.queue import drain
from domo_insights.errors import DatabaseUnreachableError
from domo_insights.metrics import THIN
from domo_insights.ui import live, session, tabs
from tests.database.test_queue import until
from tests.factories import ANA, BEN, conversation, demo

NOW = datetime.now(UTC)


def count(app):
    return next(m.value.replace(THIN, " ") for m in app.metric if m.label == "Conversations")


def talk(rows, where):
    return conversation(rows, where, started_at=NOW - timedelta(hours=1))


@pytest.fixture
def versions(database, rows):
    drain(database.engine)
    with listening(database.engine, "") as kept:
        until(lambda: kept.known)
        yield kept


def moved(database, versions):
    drain(database.engine)
    versions.look()


def test_what_arrives_is_asked_for_anew_at_once(open_app, rows, database, versions):
    where = demo(rows)
    talk(rows, where)
    moved(database, versions)
    app = open_app(ANA)
    assert count(app) == "1"
    talk(rows, where)
    app.run()
    assert count(app) == "1", "kept until the version moves"
    moved(database, versions)
    app.run()
    assert count(app) == "2"


def test_others_news_leave_the_cache_alone(open_app, rows, database, versions, monkeypatch):
    talk(rows, demo(rows))
    theirs = demo(rows, BEN)
    moved(database, versions)
    app = open_app(ANA)
    asked = []
    monkeypatch.setattr(
        "domo_insights.ui.data.read", lambda *given: asked.append(given) or pytest.fail("asked")
    )
    talk(rows, theirs)
    moved(database, versions)
    app.run()
    assert count(app) == "1"
    assert not asked


def test_every_live_page_looks_without_asking_the_database(open_app, rows, versions):
    talk(rows, demo(rows))
    app = open_app(ANA)
    assert app.session_state["_live_looks"] == 1
    assert app.session_state["_live_took"] > 0


def test_a_page_with_nothing_to_show_looks_as_well(open_app, versions):
    assert open_app(ANA).session_state["_live_looks"] == 1


def test_nothing_is_promised_while_nobody_listens(database):
    assert not Versions(database.engine, "").known


def test_a_browser_asks_often_only_where_nobody_wakes_it(open_app, rows, versions):
    talk(rows, demo(rows))
    assert not tabs.are_woken()
    assert open_app(ANA).session_state["_live_run"].fragment_id
    assert live.UNWOKEN_SECONDS + 0.5 + 0.5 < 3 < live.WOKEN_SECONDS


def test_a_page_that_could_not_be_drawn_looks_again(open_app, versions, monkeypatch):
    def away(_cookies):
        raise DatabaseUnreachableError

    with monkeypatch.context() as patch:
        patch.setattr("domo_insights.ui.session.viewer_from_cookies", away)
        app = open_app(ANA)
        assert app.error[0].value == str(DatabaseUnreachableError())
        assert app.session_state["_live_looks"] == 1
        assert not session.is_readable()
    app.run()
    assert not app.error
