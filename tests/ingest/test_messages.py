from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domo_insights.ingest.messages import is_derived, messages_of
from tests.ingest.conversations import START, callbacks, joined, said, shutdown, transcript


def lines(*bodies):
    """What the messages of these callbacks say, in order."""
    rows = messages_of("c1", callbacks(*bodies))
    assert [r.seq for r in rows] in ([0] * len(rows), list(range(len(rows))))
    assert len({r.id for r in rows}) == len(rows)
    return [(r.role, r.content) for r in rows]


TALK = (
    said(10, "Hi, what does it cost?"),
    said(15, "It costs ten euros.", "replica"),
    said(20, "Yes"),
    said(25, "Great.", "pal"),
    said(30, "Yes"),
)
WORDS = [
    ("user", "Hi, what does it cost?"),
    ("assistant", "It costs ten euros."),
    ("user", "Yes"),
    ("assistant", "Great."),
    ("user", "Yes"),
]


def test_utterances_are_messages_in_the_order_of_their_time():
    rows = messages_of("c1", callbacks(joined(), *reversed(TALK), shutdown()))
    assert [(r.role, r.content) for r in rows] == WORDS
    assert [r.seq for r in rows] == [0] * 5
    assert rows[0].message_id == "user-10"
    assert rows[0].timestamp == rows[0].occurred_at == START + timedelta(seconds=10)


def test_a_transcript_that_repeats_everything_adds_nothing():
    rows = messages_of("c1", callbacks(joined(), *TALK, transcript(*WORDS)))
    assert [(r.role, r.content) for r in rows] == WORDS
    assert all(r.message_id for r in rows)


def test_a_transcript_alone_is_the_conversation():
    rows = messages_of("c1", callbacks(joined(), shutdown(), transcript(*WORDS)))
    assert [(r.role, r.content) for r in rows] == WORDS
    assert {(r.message_id, r.timestamp, r.occurred_at) for r in rows} == {(None, None, START)}
    assert [r.seq for r in rows] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("lost", range(5))
def test_an_utterance_that_never_came_is_taken_from_the_transcript(lost):
    kept = [said for index, said in enumerate(TALK) if index != lost]
    rows = messages_of("c1", callbacks(joined(), *kept, transcript(*WORDS)))
    assert [(r.role, r.content) for r in rows] == WORDS
    assert [r.message_id is None for r in rows] == [index == lost for index in range(5)]
    before = rows[lost - 1].occurred_at if lost else START
    assert (rows[lost].occurred_at, rows[lost].timestamp) == (before, None)


@pytest.mark.parametrize("cut", ["It costs", "It costs ten eu-", "Let me think about that", ""])
def test_an_interrupted_reply_is_the_same_reply(cut):
    heard = [("assistant", cut) if role == "assistant" else (role, c) for role, c in WORDS]
    assert lines(joined(), *TALK, transcript(*heard)) == WORDS


def test_saying_the_same_twice_is_two_messages():
    assert lines(said(1, "Yes"), transcript(("user", "Yes"), ("user", "Yes"))) == [
        ("user", "Yes"),
        ("user", "Yes"),
    ]
    assert lines(said(1, "Yes"), said(2, "Yes"), transcript(("user", "Yes"))) == [
        ("user", "Yes"),
        ("user", "Yes"),
    ]


def test_utterances_at_the_same_instant_are_no_doubles_and_follow_the_transcript():
    tied = [said(5, text, inference_id=text) for text in ("c", "a", "b", "d")]
    order = [("user", text) for text in "abcd"]
    assert lines(*tied, transcript(*order)) == order


def test_utterances_out_of_order_are_no_doubles():
    order = [("user", "What does it cost?"), ("user", "And for schools"), ("user", "No thanks")]
    late = [said(9, order[0][1]), said(10, order[1][1]), said(3, order[2][1])]
    assert sorted(lines(*late, transcript(*order))) == sorted(order)


def test_of_two_lines_in_a_row_the_words_tell_which_one_never_came():
    order = [("user", "What does it cost?"), ("user", "And for schools"), ("user", "No thanks")]
    for kept in range(3):
        assert lines(joined(), said(9, order[kept][1]), transcript(*order)) == order


def test_without_times_the_transcript_gives_the_order():
    untimed = [said(None, text, inference_id=text) for text in ("two", "three", "one")]
    order = [("user", text) for text in ("one", "two", "three")]
    rows = messages_of("c1", callbacks(joined(), *untimed, transcript(*order)))
    assert [(r.role, r.content) for r in rows] == order
    assert {(r.timestamp, r.occurred_at) for r in rows} == {(None, START)}


def test_a_line_that_goes_on_inside_an_utterance_is_no_new_message():
    whole = said(5, "Hello there. How are you? I am fine.", "replica")
    parts = [("assistant", "Hello there."), ("assistant", "How are you?"), ("user", "Hi")]
    assert lines(whole, said(8, "Hi"), transcript(*parts)) == [
        ("assistant", "Hello there. How are you? I am fine."),
        ("user", "Hi"),
    ]


def test_system_lines_are_kept_as_such():
    written = transcript(("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello"))
    assert lines(joined(), said(3, "Hi"), said(4, "Hello", "replica"), written) == [
        ("system", "Be kind."),
        ("user", "Hi"),
        ("assistant", "Hello"),
    ]


def test_the_latest_transcript_is_the_final_one():
    draft = transcript(("user", "Hi"), ("user", "Nonsense"), seconds=50)
    final = transcript(("user", "Hi"), seconds=60)
    assert lines(said(1, "Hi"), final, draft) == [("user", "Hi")]


def test_the_later_of_two_with_one_id_wins_and_roles_have_ids_of_their_own():
    first = said(1, "Hel", inference_id="i")
    second = said(2, "Hello", inference_id="i")
    reply = said(3, "Hi", "replica", inference_id="i")
    assert lines(second, reply, first) == [("user", "Hello"), ("assistant", "Hi")]


def test_a_row_shows_that_it_was_derived():
    (row,) = messages_of("c1", callbacks(said(1, "Hi")))
    assert is_derived(row.id)
    assert not is_derived(uuid4())


def test_labels_of_the_sender_are_kept():
    labelled = said(1, "No", sentiment="negative", intent="refuse", confidence=0.875)
    (row,) = messages_of("c1", callbacks(labelled))
    assert (row.sentiment, row.intent, row.confidence) == ("negative", "refuse", Decimal("0.88"))
    assert row.label_source == "sender"
    (row,) = messages_of("c1", callbacks(said(1, "No")))
    assert row.label_source is None


def test_the_start_is_where_untimed_rows_stand():
    untimed = said(None, "Hi")
    assert messages_of("c1", callbacks(untimed))[0].occurred_at is None
    known = START + timedelta(days=1)
    assert messages_of("c1", callbacks(untimed, joined()), known)[0].occurred_at == known
    late = messages_of("c1", callbacks(untimed, said(7, "Hello"), joined(9)))
    assert {r.content: r.occurred_at for r in late}["Hi"] == START + timedelta(seconds=9)


def test_a_thousand_lines_against_a_thousand_others_end():
    many = [said(n, f"utterance {n}") for n in range(1000)]
    other = transcript(*(("user", f"line {n}") for n in range(1000)))
    assert len(lines(*many, other)) == 1000


speech = st.sampled_from(["Yes", "No", "Yes, please.", "How much is it?", "Ten euros a month.", ""])
roles = st.sampled_from(["user", "replica"])
utterances = st.builds(
    said,
    st.sampled_from([None, 1, 2, 3, 3.5, 4]),
    speech,
    roles,
    st.sampled_from([None, "", "i1", "i2"]),
)
written = st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), speech), max_size=6)
transcripts = st.builds(
    lambda entries, seconds: transcript(*entries, seconds=seconds),
    written,
    st.sampled_from([None, 120, 121]),
)
events = st.lists(
    utterances | transcripts | st.sampled_from([joined(), joined(2), shutdown()]), max_size=12
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=300)
@given(events, st.randoms(use_true_random=False))
def test_the_order_of_arrival_and_repeats_change_nothing(sent, random):
    once = callbacks(*sent)
    again = [*once, *random.choices(once, k=3)] if once else []
    random.shuffle(again)
    assert messages_of("c1", once) == messages_of("c1", again)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=300)
@given(events)
def test_every_utterance_is_a_message_and_a_transcript_only_adds_its_own_lines(sent):
    rows = {r.id: (r.role, r.content) for r in messages_of("c1", callbacks(*sent))}
    heard = [one for one in sent if one["event_type"] != "application.transcription_ready"]
    spoken = {r.id: (r.role, r.content) for r in messages_of("c1", callbacks(*heard))}
    written = {
        (line["role"], line["content"])
        for one in sent
        for line in one["properties"].get("transcript", [])
    }
    assert spoken.items() <= rows.items()
    assert {rows[added] for added in rows.keys() - spoken.keys()} <= written
