"""Callbacks of Tavus with something wrong in them, as bytes; some are still right."""

import json

from hypothesis import strategies as st

from tests.ingest.conversations import body, joined, said, shutdown, transcript

REAL = [
    joined(),
    said(1, "How much is it?", sentiment="neutral", intent="pricing", confidence=0.91),
    said(4, "It is 20 dollars.", role="replica"),
    said(None, "No time", inference_id=None),
    transcript(("user", "How much is it?"), ("assistant", "It is 20 dollars.")),
    shutdown(),
    body("conversation.tool_call", 7, properties={"name": "send", "arguments": '{"a": 1}'}),
    body("application.perception_analysis", 130, properties={"analysis": "calm"}),
    body("application.recording_ready", 140, properties={"duration": 99, "s3_key": "a/b"}),
    body("application.objective_completed", 60, properties={"objective_name": "book"}),
    {"conversation_id": "c2", "event_type": "conversation_utterance",
     "timestamp": "2026-09-01 10:00", "data":
     {"role": "pal", "speech": "Older senders do this", "labels": [None, {"x": []}]}},
]  # fmt: skip
NASTY = [
    "", " ", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\u2028", "\u202e", "\U0010ffff",
    "é" * 300, "x" * 70_000, "NaN", "' or 1=1 --", "{}", "[]", "null", "2026-02-30T00:00:00Z",
    "0001-01-01",
    "9999-12-31T23:59:59.999999999999Z", "2026-09-01T12:00:00+99:99", -1, 0, 2**31, 2**63, -(2**63),
    2**64, 10**99, 10**400, 1e308, 5e-324, -0.0, float("nan"), float("inf"), True, None, [], {},
    [[]], {"": ""}, {"\x00": 1}, {"\ud800": 1}, ["user"] * 2000,
    "00000000-0000-0000-0000-00000000000b",
]  # fmt: skip
KEYS = ["conversation_id", "event_type", "message_type", "timestamp", "properties", "data",
        "inference_id", "demo_id", "role", "speech", "transcript", "sentiment", "confidence",
        "intent", "conversation_name", "persona_id", "shutdown_reason", "__proto__",
        ""]  # fmt: skip
BREAKS = [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8", b"\x00", b"\xef\xbb\xbf", b"\\u0000",
          b"\\ud800", b"\\x", b",", b"}", b"]", b'"', b"1e999", b"-", b"//", b"\n",
          b"\r"]  # fmt: skip

texts = st.text(st.characters(codec=None), max_size=12)
leaves = st.one_of(
    st.sampled_from(NASTY), texts, st.integers(), st.floats(), st.booleans(), st.none()
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), texts), inner, max_size=4),
    ),
    max_leaves=8,
)
conversations = st.sampled_from(["c1", "c2", "c3", "theirs", "c" * 255, "c" * 256, "ü"])


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """One body: a real one after some of the things that go wrong on the way."""
    made: object = json.loads(json.dumps(draw(st.sampled_from(REAL))))
    if draw(st.booleans()):
        made["conversation_id"] = draw(conversations)  # type: ignore[index]
    for _ in range(draw(st.integers(0, 3))):
        made = _changed(draw, made)
    depth = draw(st.sampled_from([0] * 12 + [60, 70, 900, 5000]))
    raw = _written(draw, made)
    if depth and draw(st.booleans()):
        raw = raw.replace(b'"properties"', b'"deep": ' + b"[" * depth + b"]" * depth, 1)
    elif depth:
        raw = b'{"a":' * depth + raw + b"}" * depth
    return _damaged(draw, raw)


def _changed(draw: st.DrawFn, made: object) -> object:
    """`made` with one thing somewhere in it replaced, taken out or added."""
    if not isinstance(made, dict) or not made:
        return draw(values)
    key = draw(st.sampled_from(sorted(made, key=repr)))
    inner = made[key]
    match draw(st.integers(0, 5)):
        case 0:
            del made[key]
        case 1:
            made[draw(st.sampled_from(KEYS))] = made.pop(key)
        case 2:
            made[draw(st.sampled_from(KEYS))] = draw(values)
        case 3 if isinstance(inner, dict):
            made[key] = _changed(draw, inner)
        case 4 if isinstance(inner, list) and inner:
            made[key] = [*inner, *[_changed(draw, inner[0])]]
        case _:
            made[key] = draw(values)
    return made


def _written(draw: st.DrawFn, made: object) -> bytes:
    text = json.dumps(made, ensure_ascii=draw(st.booleans()))
    if draw(st.integers(0, 9)) == 0:
        key = json.dumps(draw(st.sampled_from(KEYS)))
        text = text.replace(f"{key}:", f"{key}: 1, {key}:", 1)
    return text.encode("utf-8", draw(st.sampled_from(["surrogatepass", "replace"])))


def _damaged(draw: st.DrawFn, raw: bytes) -> bytes:
    match draw(st.integers(0, 11)):
        case 0:
            return raw[: draw(st.integers(0, len(raw)))]
        case 1:
            at = draw(st.integers(0, len(raw)))
            return raw[:at] + draw(st.sampled_from(BREAKS)) + raw[at:]
        case 2:
            return raw + raw
        case 3:
            return draw(st.binary(max_size=40))
        case _:
            return raw
