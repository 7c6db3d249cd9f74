from datetime import UTC, datetime, timedelta

import pytest

from domo_insights.database.queue import drain
from tests.factories import ANA, BEN, PIA, conversation, demo, event, message
from tests.ui.conftest import page_path
from tests.ui.test_pages import numbers

NOW = datetime.now(UTC)


@pytest.fixture
def pipe(rows, database):
    """Six events of Ana, one of Ben, one of nobody."""
    where = demo(rows, name="Alpha")
    talk = conversation(rows, where, started_at=NOW - timedelta(hours=1))
    message(rows, talk, at=NOW - timedelta(hours=1), content="my secret words")
    for n in range(6):
        event(
            rows,
            talk,
            at=NOW - timedelta(minutes=5 + n),
            processing_duration_ms=n * 30,
            event_data={"n": n, "words": "my secret words"},
        )
    theirs = conversation(rows, demo(rows, BEN), started_at=NOW - timedelta(hours=1))
    event(rows, theirs, at=NOW - timedelta(minutes=5))
    event(rows, "of-nobody", at=NOW - timedelta(minutes=5))
    drain(database.engine)
    return where


def shown(app):
    parts = [*app.code, *app.text, *app.markdown, *app.caption]
    said = [str(part.value) for part in parts] + [part.body for part in app.get("html")]
    return " ".join([*said, *(frame.value.to_csv() for frame in app.dataframe)])


def test_the_numbers_of_webhooks(open_app, pipe):
    app = open_app(ANA, "webhooks")
    assert not app.exception
    assert not app.error
    held = numbers(app)
    assert (held["Events"], held["Handler p50"], held["Handler p95"]) == ("6", "60 ms", "152 ms")
    assert held["Silent hours"] == "–"
    assert "Not enough history." in shown(app)
    assert f"/webhooks/tavus/{pipe}?token=" in shown(app)


def test_the_product_team_sees_all_events_and_neither_payload_nor_address(open_app, pipe):
    app = open_app(PIA, "webhooks")
    assert not app.exception
    assert numbers(app)["Events"] == "7"
    assert "token=" not in shown(app)
    assert "secret" not in shown(app)


def test_before_the_first_event_there_is_the_address(open_app, rows):
    where = demo(rows)
    app = open_app(ANA, "webhooks")
    assert not app.exception
    assert not app.metric
    assert f"/webhooks/tavus/{where}?token=" in shown(app)


def test_platform_is_for_the_product_team(open_app, pipe):
    app = open_app(PIA, "platform")
    assert not app.exception
    assert not app.error
    held = numbers(app)
    assert (held["Active owners"], held["Unmapped events"], held["Queued changes"]) == (
        "2",
        "1",
        "0",
    )
    assert "ana@" not in shown(app)
    refused = open_app(ANA, "platform")
    assert [title.value for title in refused.title] == ["This page is for the product team"]
    assert not refused.metric
    assert not refused.dataframe


def test_my_access_says_who_and_tests_itself(open_app, pipe):
    app = open_app(ANA, "my_access")
    assert not app.exception
    assert ANA.email in shown(app)
    assert BEN.email not in shown(app)
    assert "secret" not in shown(app)
    assert ">Rows of your demos<" in shown(app)
    app.button(key="run_self_test").click().run()
    assert not app.exception
    assert "got nothing" in app.success[0].value


def test_sign_out_everywhere_ends_this_browser_too(open_app, pipe):
    app = open_app(ANA, "my_access")
    app.button(key="sign_out_all").click().run()
    assert app.error[0].value == "Nobody is signed in."
    assert not app.dataframe


def test_my_access_shows_the_controls_it_uses_and_keeps_the_others(open_app, pipe):
    app = open_app(ANA, period="7d")
    app.toggle(key="tests").set_value(True).run()
    app.switch_page(page_path("my_access")).run()
    assert not app.exception
    assert {"period", "demo", "tests"}.isdisjoint(widget.key for widget in app.selectbox)
    assert not app.toggle
    app.run()
    app.switch_page(page_path("webhooks")).run()
    assert app.session_state["period"] == "7d"
    assert app.session_state["tests"]
    assert app.toggle(key="tests").value
