from datetime import UTC, datetime, timedelta

import pytest

from domo_insights.metrics import THIN
from domo_insights.ui import data
from tests.factories import ANA, BEN, PIA, conversation, demo, message
from tests.ui.conftest import FRAME, ROOT, page_path

PAGES = ("overview", "conversations", "sentiment", "demos", "webhooks", "platform", "my_access",
         "playground", "evaluation")  # fmt: skip
NOW = datetime.now(UTC)
EVIL = (
    "![x](http://evil.example/pixel.png) [link](http://evil.example) <img src=x onerror=alert(1)>"
    " :material/delete: :red[red] $\\latex$ **bold**"
)


def numbers(app):
    return {metric.label: metric.value.replace(THIN, " ") for metric in app.metric}


def talk(rows, where, ago=timedelta(hours=1), words="How much is it?", **more):
    """A conversation of four messages, 10 s apart, of an hour ago."""
    start = NOW - ago
    made = conversation(rows, where, started_at=start, **more)
    for seq, role in enumerate(("user", "assistant", "user", "assistant")):
        at = start + timedelta(seconds=10 * seq)
        feeling = "negative" if seq == 2 else "positive" if seq == 0 else None
        message(rows, made, role, at, seq=seq, content=words, sentiment=feeling)
    return made


def test_pages_do_not_lie_beside_the_frame():
    """Streamlit would run them by themselves, without the frame, on a deep link."""
    assert not (FRAME.parent / "pages").exists()
    assert {page.stem for page in (ROOT / "pages").glob("*.py")} == set(PAGES)
    for page in (ROOT / "pages").glob("*.py"):
        assert len(page.read_text().splitlines()) <= 60


@pytest.mark.parametrize("viewer", [ANA, BEN, PIA], ids=["ana", "ben", "pia"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_an_empty_account(open_app, page, viewer):
    app = open_app(viewer, page)
    assert not app.exception
    assert not app.error
    knowledge = dict.fromkeys(("playground", "evaluation"), "No demo yet")
    said = knowledge.get(page, "No conversations yet")
    if page not in ("webhooks", "platform", "my_access"):
        assert [header.value for header in app.subheader] == [said]


@pytest.mark.parametrize("page", PAGES)
def test_nobody_sees_anything_without_signing_in(open_app, rows, page):
    talk(rows, demo(rows))
    app = open_app(None)
    assert app.error[0].value == "Nobody is signed in."
    assert not app.metric
    assert not app.dataframe
    assert not app.selectbox


def test_the_numbers_of_the_overview(open_app, rows):
    where = demo(rows, name="Alpha")
    for _ in range(3):
        talk(rows, where)
    conversation(rows, where, started_at=NOW - timedelta(hours=2))
    conversation(rows, where, started_at=NOW - timedelta(hours=2), is_test=True)
    conversation(rows, demo(rows, BEN), started_at=NOW - timedelta(hours=2))

    app = open_app(ANA)

    assert not app.exception
    assert not app.error
    assert numbers(app) == {
        "Conversations": "4",
        "Active share": "75.0 %",
        "Messages": "12",
        "Negative share": "50.0 %",
        "Median duration": "30 s",
        "Reply time p95": "10.1 s",
    }
    assert len(app.get("plotly_chart")) == 2
    ranked = app.dataframe[0].value
    assert ranked["demo"].tolist() == ["Alpha"]
    assert sum(ranked["trend"][0]) == 4


def test_the_numbers_of_a_chart_are_drawn_when_they_are_opened(open_app, rows):
    talk(rows, demo(rows))
    app = open_app(ANA)
    closed = len(app.dataframe)
    app.session_state["trend_conversations_numbers"] = True
    app.run()
    assert not app.exception
    assert len(app.dataframe) == closed + 1
    drawn = next(table.value for table in app.dataframe if "bucket" in table.value)
    assert drawn["conversations"].sum() == 1


def test_the_numbers_of_conversations(open_app, rows):
    talk(rows, demo(rows))
    app = open_app(ANA, "conversations")
    assert not app.exception
    assert not app.error
    assert numbers(app) == {
        "Conversations": "1",
        "Active share": "100.0 %",
        "Messages": "4",
        "Median length": "4 msg",
        "Median duration": "30 s",
        "Reply time p50": "10.1 s",
    }


def test_each_number_has_its_definition_and_says_how_it_changed(open_app, rows):
    where = demo(rows)
    for _ in range(12):
        talk(rows, where, timedelta(days=35))
    for _ in range(18):
        talk(rows, where)
    app = open_app(ANA)
    count, active, *_ = app.metric
    assert count.proto.help.startswith("Conversations that started in the period.")
    assert count.delta.replace(THIN, " ") == "+6 (+50 %)"
    labels = [block.proto.popover.label for block in app.get("popover")]
    assert "was 12 :gray[receipt of Conversations]" in labels
    assert active.delta == "no clear change"


def test_nothing_earlier_is_told_from_a_quiet_time_before(open_app, rows):
    where = demo(rows)
    talk(rows, where)
    assert {metric.delta for metric in open_app(ANA).metric} == {"no earlier data"}
    talk(rows, where, timedelta(days=300))
    app = open_app(ANA)
    assert app.metric[0].delta == "too few to tell"


@pytest.mark.parametrize("viewer", [ANA, PIA], ids=["ana", "pia"])
@pytest.mark.parametrize("page", ["overview", "demos", "conversations", "sentiment", "platform"])
def test_no_two_cards_lead_on_in_the_same_words(open_app, rows, page, viewer):
    talk(rows, demo(rows))
    app = open_app(viewer, page)
    links = [link.proto.label for link in app.get("page_link")]
    buttons = [button.label for button in app.button if (button.key or "").startswith("behind_")]
    ways = [label for label in links + buttons if label.startswith(("See", "Read "))]
    assert len(ways) == len(set(ways))
    assert ways or (page, viewer) in (("platform", ANA), ("sentiment", PIA))
    assert not any(label.startswith("Read ") for label in ways) or viewer is ANA


def test_controls_filter_both_pages_and_follow(open_app, rows):
    alpha, beta = demo(rows, name="Alpha"), demo(rows, name="Beta")
    talk(rows, alpha)
    talk(rows, beta, timedelta(days=20))
    talk(rows, beta, is_test=True)
    app = open_app(ANA)
    assert numbers(app)["Conversations"] == "2"
    app.segmented_control(key="period").set_value("7d").run()
    assert numbers(app)["Conversations"] == "1"
    app.toggle(key="tests").set_value(True).run()
    assert numbers(app)["Conversations"] == "2"
    app.selectbox(key="demo").set_value("Beta").run()
    assert numbers(app)["Conversations"] == "1"
    app.switch_page(page_path("conversations")).run()
    assert numbers(app)["Conversations"] == "1"


def test_a_deep_link_restores_the_controls(open_app, rows):
    talk(rows, demo(rows, name="Alpha"))
    talk(rows, demo(rows, name="Beta"), timedelta(days=80))
    app = open_app(ANA, period="90d", demo="Beta", zone="Asia/Kolkata")
    assert numbers(app)["Conversations"] == "1"
    assert app.selectbox(key="zone").value == "Asia/Kolkata"
    assert any("Asia/Kolkata" in caption.value for caption in app.caption)


def test_names_in_the_url_never_widen_what_is_seen(open_app, rows):
    theirs = demo(rows, BEN, name="Gamma")
    secret = talk(rows, theirs, words="my secret words")
    talk(rows, demo(rows, ANA))
    for name in ("Gamma", str(theirs)):
        app = open_app(ANA, demo=name, period="nonsense", zone="Mars/Base")
        assert app.selectbox(key="demo").value == "All demos"
        assert numbers(app)["Conversations"] == "1"
        assert "Gamma" not in str(app.main) + str(app.selectbox(key="demo").options)
    app = open_app(ANA, "conversations", conversation=secret)
    assert "my secret words" not in [text.value for text in app.text]


def test_a_transcript_is_read_by_its_owner_alone(open_app, rows):
    made = talk(rows, demo(rows), words="Can I pay by invoice?")
    app = open_app(ANA, "conversations")
    assert "Can I pay by invoice?" not in [text.value for text in app.text]
    app.query_params["conversation"] = made
    app.run()
    assert [text.value for text in app.text].count("Can I pay by invoice?") == 4

    app = open_app(PIA, "conversations")
    app.query_params["conversation"] = made
    app.run()
    assert not app.error
    assert "Can I pay by invoice?" not in [text.value for text in app.text]
    assert app.info[0].value == "The product team sees numbers, not what visitors said."


def test_what_visitors_and_owners_write_stays_text(open_app, rows):
    made = talk(rows, demo(rows, name=EVIL), words=EVIL)
    app = open_app(ANA, "conversations")
    app.query_params["conversation"] = made
    app.run()
    assert EVIL in [text.value for text in app.text]
    for kind in ("markdown", "caption", "subheader", "title", "info", "error", "warning"):
        assert "evil" not in str([element.value for element in app.get(kind)])


def test_a_quiet_period_offers_the_last_one_with_data(open_app, rows):
    talk(rows, demo(rows), timedelta(days=200))
    app = open_app(ANA)
    assert app.subheader[0].value == "No conversations in this period"
    button = next(b for b in app.button if b.label.startswith("Jump"))
    button.click().run()
    assert not app.exception
    assert numbers(app)["Conversations"] == "1"


def test_a_narrow_filter_is_named_and_can_be_cleared(open_app, rows):
    talk(rows, demo(rows, name="Alpha"))
    demo(rows, name="Empty one")
    app = open_app(ANA, demo="Empty one")
    assert app.subheader[0].value == "Nothing passes the filter"
    assert "Empty one" in [text.value for text in app.text]
    next(b for b in app.button if b.label.startswith("Clear")).click().run()
    assert numbers(app)["Conversations"] == "1"


def test_an_owner_with_nothing_yet_gets_the_address_to_send_to(open_app, rows):
    where = demo(rows)
    app = open_app(ANA)
    assert f"/webhooks/tavus/{where}?token=" in app.code[0].value
    assert not open_app(PIA).code


def test_a_failing_block_leaves_the_others(open_app, rows):
    talk(rows, demo(rows))
    rows.exec_driver_sql("revoke select (timestamp) on conversation_messages from insights_reader")
    rows.exec_driver_sql("revoke select on conversation_messages from insights_reader")
    rows.exec_driver_sql(
        "grant select (id, conversation_id, demo_id, role, occurred_at, sentiment, intent, seq)"
        " on conversation_messages to insights_reader"
    )
    app = open_app(ANA)
    assert not app.exception
    assert app.error[0].value == "The database does not allow this."
    assert any(button.label.startswith("Try again") for button in app.button)


def test_another_user_in_the_same_tab_finds_nothing_of_the_first(open_app, rows, sign_in,
                                                                monkeypatch):  # fmt: skip
    talk(rows, demo(rows, name="Alpha"))
    app = open_app(ANA)
    app.segmented_control(key="period").set_value("7d").run()
    cookies = sign_in(BEN)
    monkeypatch.setattr("domo_insights.ui.session.cookies", lambda: cookies)
    app.run()
    assert not app.metric
    assert app.subheader[0].value == "No conversations yet"
    assert "Alpha" not in app.selectbox(key="demo").options


def test_signing_out_elsewhere_ends_this_tab(open_app, rows, database):
    talk(rows, demo(rows))
    app = open_app(ANA)
    assert app.metric
    rows.exec_driver_sql("update insights_private.web_sessions set signed_out_at = now()")
    app.run()
    assert not app.metric
    assert app.error[0].value == "Nobody is signed in."


def test_a_new_event_counts_within_seconds(open_app, rows, monkeypatch):
    where = demo(rows)
    talk(rows, where)
    app = open_app(ANA)
    talk(rows, where)
    app.run()
    assert data.FRESH_SECONDS <= 3
    data.forget()
    app.run()
    assert numbers(app)["Conversations"] == "2"


@pytest.mark.parametrize("said", [{"conversation": "\0'"}, {"said": "\0price"}])
def test_characters_that_no_text_has_are_not_asked_for(open_app, rows, said):
    talk(rows, demo(rows))
    app = open_app(ANA, "conversations", **said)
    assert not app.exception
    assert "The database did not give an answer." not in [error.value for error in app.error]
