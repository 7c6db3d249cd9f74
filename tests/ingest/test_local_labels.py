"""Labels that the dashboard gives itself: only where there is none, and told apart."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from domo_insights import settings
from domo_insights.database.doors import ingesting
from domo_insights.ingest.feelings import sentiment_of
from domo_insights.ingest.local_labels import intents_of, label_all
from domo_insights.ingest.payload import parse
from domo_insights.ingest.store import Received, store
from tests.factories import ANA, BEN, NOON, conversation, demo, message


def labels(rows):
    found = rows.execute(
        text(
            "select content, sentiment, intent, confidence, label_source"
            " from public.conversation_messages order by content"
        )
    )
    return {
        row.content: (row.sentiment, row.intent, _number(row.confidence), row.label_source)
        for row in found
    }


def _number(value):
    return None if value is None else float(value)


@pytest.mark.parametrize(
    ("said", "felt"),
    [
        ("This is great, thank you so much!", "positive"),
        ("This is terrible. I am really disappointed.", "negative"),
        ("How many seats are in the plan?", "neutral"),
        ("That was not good at all", "negative"),
        ("", "neutral"),
        ("價格是多少", "neutral"),
        ("Yes, please.", "neutral"),
        ("No, not right now.", "neutral"),
        ("I'd like to book a table, can you help me?", "neutral"),
        ("I like it, it is great", "positive"),
        ("No thanks.", "positive"),
        ("No, that is wrong and annoying.", "negative"),
    ],
)
def test_sentiment_is_that_of_the_words(said, felt):
    assert sentiment_of(said) == felt


def test_an_intent_is_that_of_the_nearest_example_if_any_is_near():
    examples = [("How much does it cost per month?", "pricing"),
                ("Can it connect to Salesforce?", "integration")]  # fmt: skip
    near, other, far = intents_of(
        ["What is the monthly cost?", "Does it connect with Salesforce?", "My cat likes fish"],
        examples,
    )
    assert (near[0], other[0], far) == ("pricing", "integration", None)
    assert 0.55 <= near[1] <= 1
    assert intents_of(["x"], []) == [None]
    assert intents_of([], examples) == []


def test_only_what_is_missing_is_filled_and_marked(rows, database):
    talk = conversation(rows, demo(rows))
    given = {"intent": "pricing", "sentiment": "neutral", "confidence": 0.9}
    message(rows, talk, content="How much does it cost?", label_source="sender", **given)
    message(rows, talk, content="What does it cost?", sentiment="negative")
    message(rows, talk, content="I hate this awful thing", intent="complaint", confidence=0.3)
    message(rows, talk, "assistant", content="It costs five.")
    message(rows, talk, content="   ")

    outcome = label_all(database.engine)

    after = labels(rows)
    assert after["How much does it cost?"] == ("neutral", "pricing", pytest.approx(0.9), "sender")
    sentiment, intent, confidence, source = after["What does it cost?"]
    assert (sentiment, intent, source) == ("negative", "pricing", "local")
    assert confidence > 0.55
    assert after["I hate this awful thing"][:2] == ("negative", "complaint")
    assert float(after["I hate this awful thing"][2]) == 0.3
    assert after["It costs five."] == after["   "] == (None, None, None, None)
    assert outcome.counts() == {"read": 2, "sentiments": 1, "intents": 1}


def test_nothing_is_taken_from_another_demo(rows, database):
    for owner, intent in ((ANA, "pricing"), (BEN, None)):
        talk = conversation(rows, demo(rows, owner))
        message(rows, talk, content=f"How much is it, says {owner.email}?", intent=intent)
    label_all(database.engine)
    intents = {content: found[1] for content, found in labels(rows).items()}
    assert sorted(map(str, intents.values())) == ["None", "pricing"]


def test_labelling_again_changes_nothing(rows, database):
    talk = conversation(rows, demo(rows))
    message(rows, talk, content="How much does it cost?", intent="pricing")
    for number in range(5):
        message(rows, talk, content=f"How much does it cost, {number}?")
    message(rows, talk, content="How much does it cost?")  # as alike as can be: 1, beside fractions
    label_all(database.engine)
    once = labels(rows)
    label_all(database.engine)
    assert labels(rows) == once


@pytest.mark.parametrize("wanted", [True, False])
def test_what_arrives_is_labelled_if_the_setting_says_so(rows, database, wanted):
    settings.activate(database.settings.model_copy(update={"insights_label_locally": wanted}))
    where = demo(rows)
    body = {
        "conversation_id": "c-local", "event_type": "conversation.utterance",
        "message_type": "conversation", "timestamp": (NOON + timedelta(1)).isoformat(),
        "inference_id": "i1",
        "properties": {"role": "user", "speech": "This is wonderful, thanks!"},
    }  # fmt: skip
    with ingesting(database.engine) as conn:
        store(conn, [Received(parse(json.dumps(body).encode()), demo_id=where)])
    felt = labels(rows)["This is wonderful, thanks!"]
    assert felt[0] == ("positive" if wanted else None)
    assert felt[3] == ("local" if wanted else None)
