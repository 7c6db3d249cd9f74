import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domo_insights.errors import PayloadError
from domo_insights.ingest.payload import Entry, parse

UTTERANCE = {
    "conversation_id": "c1",
    "event_type": "conversation.utterance",
    "message_type": "conversation",
    "timestamp": "2026-08-24T07:01:20.902685Z",
    "properties": {"role": "user", "speech": "Hello"},
    "inference_id": "i1",
}


def body(**changes):
    return json.dumps(UTTERANCE | changes).encode()


def said(**changes):
    return body(properties={"role": "user", "speech": "Hello"} | changes)


def transcript(lines):
    return body(event_type="application.transcription_ready", properties={"transcript": lines})


def test_a_callback_keeps_what_was_sent():
    callback = parse(body())
    assert callback.conversation_id == "c1"
    assert callback.event_type == "conversation.utterance"
    assert callback.occurred_at == datetime(2026, 8, 24, 7, 1, 20, 902685, UTC)
    assert callback.inference_id == "i1"
    assert callback.raw == UTTERANCE
    assert callback.utterance is not None
    assert (callback.utterance.role, callback.utterance.speech) == ("user", "Hello")
    assert not callback.utterance.labelled


def test_neither_key_order_nor_white_space_makes_another_event():
    shuffled = json.dumps(dict(reversed(UTTERANCE.items())), indent=3).encode()
    assert parse(shuffled).event_hash == parse(body()).event_hash
    assert parse(body(inference_id="i2")).event_hash != parse(body()).event_hash


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("system_replica_joined", "system.replica_joined"),
        ("system_shutdown", "system.shutdown"),
        ("application_transcription_ready", "application.transcription_ready"),
        ("conversation_tool_call", "conversation.tool_call"),
        ("conversation.tool_call", "conversation.tool_call"),
        ("conversation_user_started_speaking", "conversation.user.started_speaking"),
        ("something_else_entirely", "something_else_entirely"),
        ("application.recording_ready", "application.recording_ready"),
    ],
)
def test_older_senders_put_underscores_for_dots(sent, stored):
    older = body(event_type=sent, properties=None, data={"transcript": [], "x": 1})
    callback = parse(older)
    assert callback.event_type == stored
    assert callback.properties["x"] == 1


def test_an_older_utterance_has_its_words_in_data():
    older = {k: v for k, v in UTTERANCE.items() if k != "properties"}
    older |= {"event_type": "conversation_utterance", "data": {"role": "pal", "speech": "Hi"}}
    callback = parse(json.dumps(older).encode())
    assert callback.utterance is not None
    assert (callback.utterance.role, callback.utterance.speech) == ("assistant", "Hi")


@pytest.mark.parametrize(
    ("sent", "instant"),
    [
        ("2026-08-24T07:01:20", datetime(2026, 8, 24, 7, 1, 20, tzinfo=UTC)),
        ("2026-08-24 09:01:20+02:00", datetime(2026, 8, 24, 7, 1, 20, tzinfo=UTC)),
        ("2026-08-24T07:01:20.123456789Z", datetime(2026, 8, 24, 7, 1, 20, 123456, UTC)),
        (None, None),
    ],
)
def test_times(sent, instant):
    assert parse(body(timestamp=sent)).occurred_at == instant


def test_labels_of_the_sender():
    sent = parse(said(sentiment=" Negative ", intent="pricing", confidence=0.875)).utterance
    assert sent is not None
    assert sent.labelled
    assert (sent.sentiment, sent.intent) == ("Negative", "pricing")
    assert sent.confidence == Decimal("0.88")


def test_a_transcript_is_read_line_by_line():
    lines = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {"role": "tool", "content": None},
        {"role": "replica", "content": ""},
    ]
    assert parse(transcript(lines)).transcript == (
        Entry("system", "Be kind."),
        Entry("user", "Hi"),
        Entry("assistant", ""),
    )


def test_the_demo_a_body_names():
    demo = "6f1c7f5e-9f2c-4d3a-8a44-0d9f5c2a7b11"
    assert parse(body()).demo_claim is None
    assert parse(body(demo_id=demo)).demo_claim == UUID(demo)
    assert parse(said(demo_id=demo)).demo_claim == UUID(demo)
    for wrong in ("x", 7, ["x"], {}):
        with pytest.raises(PayloadError, match="demo_id"):
            _ = parse(body(demo_id=wrong)).demo_claim


DEEP = b'{"conversation_id":"c","event_type":"e","properties":{"x":%s}}'
HOSTILE = {
    "empty": (b"", "Not JSON"),
    "not json": (b"{conversation_id: 1}", "Not JSON"),
    "cut off": (body()[:-5], "Not JSON"),
    "two values": (body() + b"{}", "Not JSON"),
    "not utf-8": (body()[:-1] + b', "x": "\xff"}', "UTF-8"),
    "a list": (b"[]", "object"),
    "a text": (b'"hello"', "object"),
    "null": (b"null", "object"),
    "twice": (b'{"conversation_id":"a","conversation_id":"b","event_type":"e"}', "twice"),
    "NaN": (b'{"conversation_id":"a","event_type":"e","x":NaN}', "NaN"),
    "infinity": (b'{"conversation_id":"a","event_type":"e","x":-Infinity}', "Infinity"),
    "too large a float": (b'{"conversation_id":"a","event_type":"e","x":1e999}', "JSON"),
    "huge integer": (b'{"conversation_id":"a","event_type":"e","x":' + b"9" * 5000 + b"}", "100"),
    "NUL": (said(speech="a\0b"), "NUL"),
    "NUL in a key": (said(**{"a\0b": 1}), "NUL"),
    "NUL after a backslash": (said(speech="\\\0"), "NUL"),
    "half a surrogate": (said(speech="\ud83d"), "surrogate"),
    "deep": (DEEP % (b"[" * 100 + b"]" * 100), "nested"),
    "very deep": (DEEP % (b"[" * 100_000 + b"]" * 100_000), "nested"),
    "very deep objects": (DEEP % (b'{"a":' * 50_000 + b"1" + b"}" * 50_000), "nested"),
    "too long": (said(speech="x" * 1_100_000), "1 MB"),
    "no conversation": (body(conversation_id=None), "conversation_id is missing"),
    "empty conversation": (body(conversation_id=""), "conversation_id is empty"),
    "long conversation": (body(conversation_id="x" * 256), "conversation_id is longer"),
    "number for a conversation": (body(conversation_id=7), "conversation_id is not text"),
    "line in a conversation": (body(conversation_id="a\nb"), "conversation_id holds"),
    "space around": (body(conversation_id=" a"), "conversation_id holds"),
    "no type": (body(event_type=None), "event_type is missing"),
    "empty type": (body(event_type=""), "event_type is empty"),
    "list for a type": (body(event_type=["x"]), "event_type is not text"),
    "properties": (body(properties=[1]), "properties is not an object"),
    "message type": (body(message_type=1), "message_type"),
    "inference id": (body(inference_id=5), "inference_id"),
    "long inference id": (body(inference_id="x" * 300), "inference_id is longer"),
    "timestamp": (body(timestamp="yesterday"), "timestamp"),
    "date only": (body(timestamp="2026-08-24"), "timestamp"),
    "epoch": (body(timestamp=1787554880), "timestamp"),
    "no such day": (body(timestamp="2026-02-30T00:00:00Z"), "timestamp"),
    "year 1": (body(timestamp="0001-01-01T00:00:00+14:00"), "timestamp"),
    "year 9999": (body(timestamp="9999-12-31T23:59:59-14:00"), "timestamp"),
    "year 1970": (body(timestamp="1970-01-01T00:00:00Z"), "timestamp lies outside"),
    "role": (said(role="narrator"), "properties.role"),
    "role is a list": (said(role=["user"]), "properties.role"),
    "no speech": (said(speech=None), "properties.speech"),
    "speech is a list": (said(speech=["Hello"]), "properties.speech"),
    "confidence above 1": (said(confidence=1.01), "between 0 and 1"),
    "negative confidence": (said(confidence=-0.1), "between 0 and 1"),
    "confidence as text": (said(confidence="0.5"), "not a number"),
    "confidence as truth": (said(confidence=True), "not a number"),
    "sentiment": (said(sentiment=1), "properties.sentiment"),
    "long intent": (said(intent="x" * 1000), "properties.intent is longer"),
    "persona": (said(persona_id={}), "properties.persona_id"),
    "transcript": (transcript("Hi"), "transcript is not a list"),
    "transcript of texts": (transcript(["Hi"]), "transcript[0]"),
    "transcript without content": (transcript([{"role": "user"}]), "transcript[0].content"),
    "transcript role": (transcript([{"role": "x", "content": "y"}]), "transcript[0].role"),
}


@pytest.mark.parametrize(("hostile", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_what_cannot_be_stored_is_refused_with_a_reason(hostile, reason):
    with pytest.raises(PayloadError) as refusal:
        parse(hostile)
    assert reason in str(refusal.value)


def test_a_backslash_before_u0000_is_only_text():
    callback = parse(said(speech="\\u0000"))
    assert callback.utterance is not None
    assert callback.utterance.speech == "\\u0000"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*UTTERANCE, "data", "demo_id"]), json_values | st.sampled_from(["c", "e"])
    )
)
def test_anything_is_either_a_callback_or_refused(sent):
    with suppress(PayloadError):
        assert len(parse(json.dumps(sent).encode()).event_hash) == 64


@given(st.binary(max_size=200))
def test_any_bytes_are_either_a_callback_or_refused(sent):
    with pytest.raises(PayloadError):
        parse(sent)
