import pytest
from sqlalchemy import select

from domo_insights.database.tables import knowledge_chunks
from domo_insights.ui.playground_results import with_marks
from domo_insights.ui.text_search import marked
from tests.factories import ANA, PIA, chunk, demo
from tests.queries.test_knowledge import TEXTS, learn
from tests.ui.test_pages import EVIL


@pytest.fixture
def opened(open_app, rows):
    where = demo(rows, name="Alpha")
    made = learn(rows, where)
    app = open_app(ANA, "playground", demo="Alpha")
    return app, where, made


def ask(app, text):
    app.text_input(key="playground_question").set_value(text).run()
    assert not app.exception
    return app


def answer_box(app):
    """Where the answer to a gap is written."""
    return next(
        area
        for area in app.text_area
        if str(area.key).startswith("write_") and str(area.key).endswith("_a")
    )


def values(app):
    return {metric.label: metric.value for metric in app.metric}


def test_a_demo_must_be_chosen(open_app, rows):
    demo(rows, name="Alpha")
    app = open_app(ANA, "playground")
    assert not app.exception
    assert [header.value for header in app.subheader] == ["Choose a demo"]


def test_the_product_team_is_told_why_it_cannot(open_app, rows):
    learn(rows, demo(rows, name="Alpha"))
    app = open_app(PIA, "playground", demo="Alpha")
    assert not app.exception
    assert values(app)["Chunks"] == "5"
    assert "not what it says" in app.info[0].value
    assert not [field for field in app.text_input if field.key == "playground_question"]


def test_a_question_is_answered_with_why(opened):
    app, _, made = opened
    assert values(app) == {
        "Chunks": "5", "Without embedding": "0", "Model": "MiniLM", "Threshold": "0.35",
    }  # fmt: skip
    ask(app, "How much does it cost?")
    assert not app.error
    assert "<mark" in "".join(block.body for block in app.get("html"))
    assert any("Asked for 5" in note.value for note in app.info)
    picker = next(box for box in app.selectbox if str(box.key).startswith("why_"))
    picker.set_value(made["app"]).run()
    assert not app.exception
    assert any("below the threshold" in told.value for told in app.warning)


def test_a_question_in_the_address_is_asked(open_app, rows):
    learn(rows, demo(rows, name="Alpha"))
    app = open_app(ANA, "playground", demo="Alpha", question="Is there a mobile app?")
    assert app.text_input(key="playground_question").value == "Is there a mobile app?"
    assert "iOS" in "".join(block.body for block in app.get("html"))


def test_a_gap_is_closed_and_opened_again(opened, rows):
    app, where, _ = opened
    question = "Do you offer refunds?"
    ask(app, question)
    answer_box(app).set_value("Within 30 days, no questions asked.")
    save = next(b for b in app.button if b.label == "Save")
    save.click().run()
    assert not app.exception
    assert any("Saved" in told.value for told in app.success)
    assert "Within 30 days" in "".join(block.body for block in app.get("html"))
    count = select(knowledge_chunks.c.id).where(knowledge_chunks.c.demo_id == where)
    assert len(rows.execute(count).all()) == len(TEXTS) + 1
    next(b for b in app.button if b.label.startswith("Undo")).click().run()
    assert not app.exception
    assert len(rows.execute(count).all()) == len(TEXTS)


def test_a_click_in_a_tab_whose_session_is_over_does_nothing(opened, rows):
    """What a click does is done before the page finds out who is here."""
    app, where, _ = opened
    ask(app, "Do you offer refunds?")
    answer_box(app).set_value("Within 30 days.")
    rows.exec_driver_sql("update insights_private.web_sessions set signed_out_at = now()")
    next(b for b in app.button if b.label == "Save").click().run()
    assert not app.exception
    assert app.error[0].value == "Nobody is signed in."
    count = select(knowledge_chunks.c.id).where(knowledge_chunks.c.demo_id == where)
    assert len(rows.execute(count).all()) == len(TEXTS)


def test_words_of_the_database_stay_words(open_app, rows):
    where = demo(rows, name="Alpha")
    chunk(rows, where, content=EVIL, question=EVIL, answer=EVIL, source=EVIL)
    app = open_app(ANA, "playground", demo="Alpha")
    ask(app, "bold link delete red")
    assert not app.error
    for block in app.get("html"):
        assert "<img" not in block.body
    for block in [*app.markdown, *app.caption, *app.info, *app.warning]:
        assert "evil.example" not in block.value


def test_marks_are_around_whole_words_and_nothing_else_is_markup():
    shown = marked(
        with_marks("Export <b>exports</b> \ue000x\ue001 exporter", ["export", "exports"])
    )
    assert shown.count("<mark") == 2
    assert "&lt;b&gt;" in shown
    assert "exporter" in shown
