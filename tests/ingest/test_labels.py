import json

import pytest
from sqlalchemy import select

from domo_insights.database.doors import ingesting
from domo_insights.database.tables import conversation_messages as m
from domo_insights.ingest.labels import label_files
from domo_insights.ingest.payload import parse
from domo_insights.ingest.store import Received, store
from tests.ingest.conversations import said


@pytest.fixture
def talk(database):
    bodies = (
        said(1, "Hi", inference_id="both", sentiment="positive", intent="greet", confidence=0.9),
        said(2, "Hello", "replica", inference_id="both"),
        said(3, "Only a reply", "replica", inference_id="reply"),
        said(4, "Bye", inference_id="bye"),
    )
    with ingesting(database.engine) as conn:
        store(conn, [Received(parse(json.dumps(one).encode())) for one in bodies])


def label(database, tmp_path, *lines):
    text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    (tmp_path / "labels.jsonl").write_text(text)
    return label_files(database.engine, [str(tmp_path / "labels.jsonl")])


def labels(rows):
    found = rows.execute(select(m).order_by(m.c.occurred_at)).all()
    return [
        (
            x.sentiment,
            x.intent,
            None if x.confidence is None else float(x.confidence),
            x.label_source,
        )
        for x in found
    ]


def of(message, conversation="c1", **labels):
    return {"conversation_id": conversation, "message_id": message} | labels


@pytest.mark.usefixtures("talk")
def test_labels_go_to_their_message_and_to_the_question_first(database, rows, tmp_path):
    outcome = label(
        database,
        tmp_path,
        of("both", intent="price"),
        of("reply", sentiment="neutral", text="ignored"),
        of("bye", intent="leave", confidence=0.4),
        of("bye", confidence=0.5),
        of("nobody", intent="x"),
        of("both", "c2", intent="x"),
    )
    assert outcome.counts() == {
        "read": 6,
        "labelled": 4,
        "unlabelled": 0,
        "unknown": 2,
        "rejected": 0,
    }
    assert labels(rows) == [
        ("positive", "price", 0.9, "file"),
        (None, None, None, None),
        ("neutral", None, None, "file"),
        (None, "leave", 0.5, "file"),
    ]


@pytest.mark.usefixtures("talk")
def test_null_is_no_label_and_what_is_not_named_stays(database, rows, tmp_path):
    outcome = label(database, tmp_path, of("both", intent=None))
    assert (outcome.labelled, outcome.unlabelled) == (0, 1)
    assert labels(rows)[0] == ("positive", None, 0.9, "file")


@pytest.mark.usefixtures("talk")
def test_lines_that_are_no_labels_are_told(database, rows, tmp_path):
    before = labels(rows)
    outcome = label(
        database,
        tmp_path,
        "nonsense",
        "[]",
        of("both"),
        of(None, intent="x"),
        of("both", intent=["x"]),
        of("both", confidence=2),
        of("both", intent="a\0b"),
        {"conversation_id": 3, "message_id": "both", "intent": "x"},
    )
    assert [r.line for r in outcome.rejections] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert outcome.counts()["rejected"] == outcome.read == 8
    assert labels(rows) == before
