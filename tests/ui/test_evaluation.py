"""The evaluation page: replay, sets, runs, threshold, X-ray."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from domo_insights.database.tables import knowledge_chunks
from tests.factories import ANA, PIA, chunk, conversation, demo, message
from tests.factories_evaluation import question_set, replay_run
from tests.queries.test_knowledge import learn
from tests.ui.test_pages import EVIL, NOW, numbers

GAP = "Do you have a partner program for resellers?"


@pytest.fixture
def visited(rows):
    where = demo(rows, name="Alpha")
    made = learn(rows, where)
    for number, said in enumerate(["How much does it cost?", GAP, GAP, "hi"]):
        at = NOW - timedelta(hours=2, minutes=number)
        talk = conversation(rows, where, started_at=at)
        message(rows, talk, content=said, at=at)
        message(rows, talk, "assistant", at + timedelta(seconds=5), seq=1)
    return where, made


def click(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def texts(app):
    shown = [*app.caption, *app.markdown, *app.info, *app.success, *app.warning, *app.text]
    return "\n".join(str(block.value) for block in shown)


def gaps(app):
    return next(table.value for table in app.dataframe if "verdict" in table.value)


def test_a_replay_from_the_page(open_app, rows, visited):
    where, _ = visited
    app = open_app(ANA, "evaluation", demo="Alpha")
    assert numbers(app)["Coverage"] == "–"
    assert "No replay is stored yet" in texts(app)
    click(app, "Replay now")
    assert not app.error
    assert numbers(app)["Coverage"] == "33 %"
    assert gaps(app)["question"].tolist() == [GAP]
    assert gaps(app)["asked"].tolist() == [2]
    assert "1 greetings and small talk" in texts(app)
    learn(rows, where, partner=(GAP, "Yes, resellers get 20 percent."))
    click(app, "Replay now")
    assert "1 fixed (asked 2 times)" in texts(app)
    assert numbers(app)["Coverage"] == "100 %"


def test_a_set_is_made_run_and_compared(open_app, rows, visited):
    _, made = visited
    app = open_app(ANA, "evaluation", demo="Alpha")
    app.text_input(key="set_name").set_value("Mine")
    app.text_area(key="set_pasted").set_value("what is the price\tHow much does it cost?")
    click(app, "Keep set")
    assert "Kept 1 questions." in texts(app)
    click(app, "Run")
    assert numbers(app)["MRR@10"] == "1.000"
    assert "Recommended threshold" in texts(app)
    rows.execute(text("delete from knowledge_chunks where id = :id"), {"id": made["price"]})
    click(app, "Run")
    assert numbers(app)["Recall@5"] == "0 %"
    assert "1 broke, 0 improved, 0 as before." in texts(app)
    assert "The knowledge was changed between the two." in texts(app)
    click(app, "Delete")
    assert "no question set yet" in texts(app)


def test_a_table_is_pasted(open_app, visited):
    app = open_app(ANA, "evaluation", demo="Alpha")
    app.segmented_control(key="set_source").set_value("CSV or JSONL").run()
    app.text_input(key="set_name").set_value("Mine")
    app.text_area(key="set_table").set_value("question,expected\nprice,How much does it cost?\n")
    click(app, "Keep set")
    assert "Kept 1 questions." in texts(app)


def test_a_wrong_set_says_where(open_app, visited):
    app = open_app(ANA, "evaluation", demo="Alpha")
    app.text_input(key="set_name").set_value("Mine")
    app.text_area(key="set_pasted").set_value("what is the price\tno such chunk")
    click(app, "Keep set")
    assert "Line 1 expects a chunk" in app.error[0].value


def test_a_replay_without_embeddings_says_what_to_do(open_app, rows, visited):
    rows.execute(text("update knowledge_chunks set vector_embedding = null"))
    app = click(open_app(ANA, "evaluation", demo="Alpha"), "Replay now")
    assert "No chunk has an embedding yet" in app.error[0].value
    assert "domo-insights embed" in texts(app)


def test_the_product_team_sees_coverage_and_no_words(open_app, rows):
    where = demo(rows, name="Alpha")
    replay_run(rows, where, {"question": "SECRET words"}, {"verdict": "well"})
    app = open_app(PIA, "evaluation", demo="Alpha")
    assert not app.exception
    assert not app.error
    assert numbers(app)["Coverage"] == "50 %"
    assert "SECRET" not in texts(app)
    assert not app.dataframe


def test_words_of_the_database_stay_words(open_app, rows):
    where = demo(rows, name="Alpha")
    chunk(rows, where, content=EVIL, question=EVIL, answer=EVIL)
    replay_run(rows, where, {"question": EVIL, "wordings": [EVIL], "conversations": [EVIL]})
    question_set(rows, where, (EVIL, []), name=EVIL[:100])
    app = open_app(ANA, "evaluation", demo="Alpha")
    assert not app.exception
    assert not app.error
    for block in [*app.markdown, *app.caption, *app.info, *app.warning, *app.success]:
        assert "evil.example" not in str(block.value)


def test_the_xray_names_what_is_wrong(open_app, rows, visited):
    where, made = visited
    learn(rows, where, twin=("How much does it cost?", "The team plan is 49 euro a month, billed"
                             " yearly."))  # fmt: skip
    chunk(rows, where, content="Short.")
    chunk(rows, where, content="long " * 400)
    asked = {"question": "price", "verdict": "well", "asked": 12, "similarities": [0.9]}
    replay_run(rows, where, asked | {"found": [made["price"]]}, ran_at=NOW)
    app = open_app(ANA, "evaluation", demo="Alpha")
    assert not app.error
    tables = [table.value for table in app.dataframe]
    pairs = next(table for table in tables if "other" in table)
    assert pairs["chunk"].tolist() == pairs["other"].tolist() == ["How much does it cost?"]
    wins = next(table for table in tables if "first_share" in table)
    assert wins["first_share"].tolist() == [100]
    never = next(table for table in tables if list(table) == ["chunk"])
    count = select(knowledge_chunks.c.id).where(knowledge_chunks.c.demo_id == where)
    assert len(never) == len(rows.execute(count).all()) - 1
    lengths = next(table for table in tables if "characters" in table)
    assert lengths["problem"].tolist() == ["too long", "too short"]
    missing = next(t for t in tables if "problem" in t and "characters" not in t)
    assert missing["problem"].tolist() == ["No embedding", "No embedding"]
