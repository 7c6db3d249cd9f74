"""Reading: search, the transcript with what happened in it, the test flag; and what is felt."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from domo_insights.ui.text_search import marked
from tests.factories import ANA, BEN, PIA, conversation, demo, event, message
from tests.ui.test_pages import EVIL, NOW, numbers, talk


def words_of(app):
    return [element.value for element in app.text]


def mood(rows, where, words="How much is it?"):
    """Two visitor's messages: a sure one, then an unhappy one."""
    start = NOW - timedelta(hours=2)
    made = conversation(rows, where, started_at=start)
    said = {"content": words, "intent": "book_demo", "confidence": 0.9}
    message(rows, made, at=start, sentiment="neutral", **said)
    again = start + timedelta(seconds=20)
    message(rows, made, at=again, sentiment="negative", content="No.", seq=1)
    return made


def test_the_numbers_of_sentiment_and_intent(open_app, rows):
    mood(rows, demo(rows, name="Alpha"))
    app = open_app(ANA, "sentiment")
    assert not app.exception
    assert not app.error
    assert numbers(app) == {
        "Negative share": "50.0 %",
        "Positive share": "0.0 %",
        "Unlabelled share": "0.0 %",
        "Intents seen": "1",
        "Average confidence": "0.90",
        "Confident misses": "1",
    }
    assert len(app.get("plotly_chart")) == 5
    tables = [table.value for table in app.dataframe if "content" in table.value]
    assert [table["content"].tolist() for table in tables] == [["How much is it?"]] * 2
    assert tables[0]["seen"].tolist() == ["then unhappy"]
    assert tables[1]["seen"].tolist() == ["no reply, then unhappy"]


def test_labels_given_here_are_told_with_their_share(open_app, rows):
    mood(rows, demo(rows))
    assert "labelled by this dashboard" not in str(open_app(ANA, "sentiment").caption)
    rows.execute(
        text("update public.conversation_messages set label_source = 'local' where seq = 1")
    )
    app = open_app(ANA, "sentiment")
    told = next(c.value for c in app.caption if "labelled by this dashboard" in c.value)
    assert "50.0" in told


def test_the_product_team_sees_how_many_and_no_words(open_app, rows):
    mood(rows, demo(rows), "my secret words")
    mood(rows, demo(rows, BEN), "my secret words")
    app = open_app(PIA, "sentiment")
    assert not app.error
    assert numbers(app)["Confident misses"] == "2"
    shown = [str(table.value) for table in app.dataframe] + [str(m.value) for m in app.markdown]
    assert "secret" not in str(shown)
    app = open_app(PIA, "conversations", said="secret")
    assert not app.error
    assert "said" not in [field.key for field in app.text_input]


def test_search_shows_the_passage_and_opens_its_conversation(open_app, rows):
    made = mood(rows, demo(rows, name="Alpha"), "Do you connect to Salesforce?")
    app = open_app(ANA, "conversations")
    app.session_state["part"] = "Search and read"
    app.run()
    app.text_input(key="said").set_value("sales").run()
    assert not app.exception
    assert "1 message found." in [caption.value for caption in app.caption]
    app.button(key="open_hit_0").click().run()
    assert made in app.query_params["conversation"]
    assert words_of(app).count("Do you connect to Salesforce?") == 1
    app.text_input(key="said").set_value("zebra").run()
    assert "No message of this period holds these words." in [m.value for m in app.markdown]


@pytest.mark.parametrize("hit", ["<b>", "\ue000", "&amp;", EVIL, "a\ue000<i>\ue001b"])
def test_a_passage_is_text_but_for_its_marks(hit):
    html = marked(f"before \ue000{hit.replace(chr(0xE000), '').replace(chr(0xE001), '')}\ue001")
    inside = html.split('anywhere">', 1)[1].removesuffix("</div>")
    bare = inside.replace("</mark>", "")
    assert bare.count("<") == 1
    assert bare.index("<") == bare.index("<mark style=")


def test_a_transcript_has_its_labels_and_what_happened(open_app, rows):
    made = mood(rows, demo(rows, name="Alpha"))
    called = {"properties": {"name": EVIL, "arguments": "{}"}}
    at = NOW - timedelta(hours=2) + timedelta(seconds=5)
    event(rows, made, "conversation.tool_call", at, event_data=called)
    event(rows, made, "system.shutdown", at + timedelta(minutes=1), shutdown_reason="left_early")
    app = open_app(ANA, "conversations", conversation=made)
    assert not app.exception
    assert not app.error
    shown = words_of(app)
    assert "Ended: left early" in shown
    assert "intent: book_demo" in shown
    assert any(line.startswith("![x](http://evil") for line in shown)
    assert "confidence 0.90" in [caption.value for caption in app.caption]
    for kind in ("markdown", "caption", "subheader", "info"):
        assert "evil" not in str([element.value for element in app.get(kind)])


def test_a_conversation_marked_as_a_test_is_left_out(open_app, rows):
    made = talk(rows, demo(rows))
    talk(rows, demo(rows))
    app = open_app(ANA, "conversations", conversation=made)
    assert numbers(app)["Conversations"] == "2"
    app.toggle(key=f"is_test_{made}").set_value(True).run()
    assert not app.error
    assert numbers(app)["Conversations"] == "1"
    assert app.toggle(key=f"is_test_{made}").value is True
    app.toggle(key=f"is_test_{made}").set_value(False).run()
    assert numbers(app)["Conversations"] == "2"
