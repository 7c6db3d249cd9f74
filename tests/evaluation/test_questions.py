"""What counts as a question, and which questions are the same."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domo_insights.evaluation import questions
from domo_insights.evaluation.questions import Kind, Said, by_wording, kind, merged, normalised
from tests.factories import NOON


@pytest.mark.parametrize(
    "text",
    [
        "How do I export my data?", "how do i export my data", "pricing?", "pricing for teams",
        "Hi, what does it cost?", "Give me the monthly price, please.", "I need an invoice.",
        "Um, so tell me about exports.", "My export is broken", "料金はいくらですか", "كم السعر؟",
        "Wie viel kostet das im Monat", "'; drop table knowledge_chunks; --",
        "<script>alert(1)</script>", "价格是多少", "x y z",
    ],
)  # fmt: skip
def test_questions_stay(text):
    assert kind(text) is Kind.QUESTION


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("hi", Kind.SMALL_TALK), ("Hello? Can you hear me?", Kind.SMALL_TALK),
        ("Thanks, bye!", Kind.SMALL_TALK), ("OK 👍", Kind.SMALL_TALK),
        ("こんにちは", Kind.SMALL_TALK), ("Guten Morgen!", Kind.SMALL_TALK),
        ("", Kind.FRAGMENT), ("  \n", Kind.FRAGMENT), ("?!… ---", Kind.FRAGMENT),
        ("42", Kind.FRAGMENT), ("and then", Kind.FRAGMENT), ("x" * 50_000, Kind.FRAGMENT),
        ("We do heating, nine vans.", Kind.REMARK), ("That is a relief, honestly!", Kind.REMARK),
    ],
)  # fmt: skip
def test_what_is_left_out_and_as_what(text, what):
    assert kind(text) is what


@given(st.text())
def test_every_text_is_something_and_case_and_edges_do_not_matter(text):
    assert kind(f" {text}\t") is kind(text)
    assert normalised(normalised(text)) == normalised(text)


def said(text, talk="c1", minutes=0, unhappy=False):
    return Said(text, talk, NOON + timedelta(minutes=minutes), unhappy)


def test_the_same_words_are_one_wording():
    found = by_wording(
        [
            said("What does it cost?", "c1"), said("Is there an app?", "c2", 1),
            said("what does it COST", "c3", 2, unhappy=True), said("What does it cost!", "c1", 3),
        ]
    )  # fmt: skip
    assert [(one.text, one.asked, one.unhappy) for one in found] == [
        ("What does it cost?", 3, 1), ("Is there an app?", 1, 0),
    ]  # fmt: skip
    assert found[0].conversations == ["c3", "c1"]
    assert found[0].last_asked_at == NOON + timedelta(minutes=3)


def test_near_duplicates_join_the_most_frequent_one():
    given_ = by_wording(
        [said("What does it cost?"), said("What does it cost?"), said("How much is it?"),
         said("Is there an app?")]
    )  # fmt: skip
    vectors = np.array([[1, 0, 0], [0.95, 0.3122, 0], [0, 0, 1]], np.float32)
    grouped, rows = merged(given_, vectors, 0.9)
    assert [(one.text, one.asked) for one in grouped] == [
        ("What does it cost?", 3), ("Is there an app?", 1),
    ]  # fmt: skip
    assert rows == [0, 2]
    assert grouped[0].keys == ["what does it cost", "how much is it"]
    assert len(merged(given_, vectors, 0.96)[0]) == 3


@pytest.mark.parametrize("at_once", [1, 3, 512])
def test_grouping_does_not_depend_on_how_many_are_compared_at_once(monkeypatch, at_once):
    monkeypatch.setattr(questions, "_AT_ONCE", at_once)
    random = np.random.default_rng(3)
    vectors = random.normal(size=(60, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    worded = by_wording(said(f"Question number {n}", f"c{n}") for n in range(60))
    grouped, rows = merged(worded, vectors, 0.8)
    heads, members = [], {}
    for n in range(60):
        best = max(heads, key=lambda head: vectors[n] @ vectors[head], default=None)
        if best is None or vectors[n] @ vectors[best] < 0.8:
            heads.append(n)
            members[n] = 0
            best = n
        members[best] += 1
    assert rows == heads
    assert [one.asked for one in grouped] == [members[head] for head in heads]


def test_nothing_asked_is_no_group():
    assert merged([], np.zeros((0, 4), np.float32), 0.9) == ([], [])
