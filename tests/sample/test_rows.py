"""The sample data by itself: the same each time, never in the future, and not monotonous."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from domo_insights.sample import calendar
from domo_insights.sample.content import product
from domo_insights.sample.portfolio import PLANS
from domo_insights.sample.rows import generate

OWNERS = (UUID(int=1), UUID(int=2))
NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
Rows = dict[str, list[dict[str, Any]]]


@cache
def made(now: datetime = NOW) -> Rows:
    return generate(OWNERS, now)


def _said(rows: Rows) -> list[dict[str, Any]]:
    return [row for row in rows["conversation_messages"] if row["role"] == "user"]


def _moments(value: object) -> list[datetime]:
    if isinstance(value, datetime):
        return [value]
    if isinstance(value, dict):
        return [at for inner in value.values() for at in _moments(inner)]
    if isinstance(value, list):
        return [at for inner in value for at in _moments(inner)]
    return []


def _key_of(rows: Rows) -> dict[UUID, str]:
    return {row["id"]: plan.key for row, plan in zip(rows["demos"], PLANS, strict=True)}


def test_the_same_owners_and_moment_give_the_same_rows() -> None:
    assert generate(OWNERS, NOW) == made()
    assert generate(OWNERS, NOW + timedelta(days=1)) != made()


# Midnight, a Monday morning, the weekend of a clock change, a leap day.
@pytest.mark.parametrize(
    "now",
    [
        NOW,
        datetime(2026, 11, 23, 0, 0, 5, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        datetime(2028, 2, 29, 6, 0, tzinfo=UTC),
    ],
)
def test_nothing_is_later_than_now_and_every_period_has_something(now: datetime) -> None:
    rows = made(now)
    assert max(_moments(rows)) <= now
    demos = {row["conversation_id"]: row["demo_id"] for row in rows["conversation_map"]}
    for owner in range(2):
        own = {d["id"] for d in rows["demos"] if d["user_id"] == OWNERS[owner]}
        starts = [
            row["occurred_at"]
            for row in rows["processed_webhook_events"]
            if row["event_type"] == "system.replica_joined"
            and demos.get(row["conversation_id"]) in own
        ]
        for days in (1, 7, 30, 90):
            start = now - timedelta(days=days)
            assert any(at >= start for at in starts), days
            if 1 < days < 90:
                assert any(start - timedelta(days=days) <= at < start for at in starts), days
        assert all(at > now - timedelta(days=90) for at in starts)


def test_sizes() -> None:
    rows = made()
    assert 580 <= len(rows["conversation_map"]) <= 700
    assert len(rows["demos"]) == 8
    assert {row["status"] for row in rows["demos"]} == {"draft", "published", "archived"}
    assert {row["processing_status"] for row in rows["demo_videos"]} == {
        "pending",
        "processing",
        "completed",
        "failed",
    }
    assert all(row["embedding_model"] is None for row in rows["knowledge_chunks"])
    spoke = Counter(row["conversation_id"] for row in _said(rows))
    assert sum(row["conversation_id"] not in spoke for row in rows["conversation_map"]) > 5
    assert max(spoke.values()) >= 12


def test_labels_are_there_where_a_platform_would_have_them() -> None:
    rows = made()
    labels = ("sentiment", "intent", "confidence", "label_source")
    for row in rows["conversation_messages"]:
        if row["role"] != "user" or row["sentiment"] is None:
            assert not any(row[label] for label in labels)
    said = _said(rows)
    assert 0.09 <= sum(row["sentiment"] is None for row in said) / len(said) <= 0.16
    labelled = [row for row in said if row["sentiment"]]
    assert 0.08 <= sum(r["sentiment"] == "negative" for r in labelled) / len(labelled) <= 0.2
    assert {row["sentiment"] for row in labelled} == {"positive", "neutral", "negative"}
    demos = {row["conversation_id"]: row["demo_id"] for row in rows["conversation_map"]}
    keys = _key_of(rows)
    first_weeks = [
        row
        for row in said
        if row["occurred_at"] < NOW - timedelta(days=67)
        and keys.get(demos.get(row["conversation_id"])) == "fieldnote"
    ]
    assert len(first_weeks) > 20
    assert all(row["sentiment"] is None for row in first_weeks)


def test_visitors_ask_about_the_product_of_their_demo() -> None:
    rows = made()
    demos = {row["conversation_id"]: row["demo_id"] for row in rows["conversation_map"]}
    keys = _key_of(rows)
    intents: dict[str, set[str]] = defaultdict(set)
    answers: dict[str, set[str]] = defaultdict(set)
    for row in rows["conversation_messages"]:
        key = keys.get(demos.get(row["conversation_id"]))
        if key and row["intent"]:
            intents[key].add(row["intent"])
        if key and row["role"] == "assistant":
            answers[key].add(row["content"])
    for plan in PLANS:
        if plan.visits > 20:
            wanted = {topic.intent for topic in product(plan.key).topics}
            assert wanted <= intents[plan.key], plan.key
        for other in PLANS:
            if other.key != plan.key:
                foreign = {a for topic in product(other.key).topics for a in topic.answers}
                assert not foreign & answers[plan.key]


def test_no_text_dominates() -> None:
    said = _said(made())
    texts = Counter(row["content"] for row in said)
    assert texts.most_common(1)[0][1] < len(said) * 0.015
    assert len(texts) > len(said) * 0.3
    assert not any("{" in row["content"] for row in made()["conversation_messages"])


def test_some_questions_go_wrong() -> None:
    """Unanswered, repeated, or answered so that the visitor gets annoyed."""
    talks: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in made()["conversation_messages"]:
        talks[row["conversation_id"]].append(row)
    unanswered = repeated = annoyed = 0
    for talk in talks.values():
        talk.sort(key=lambda row: (row["occurred_at"], row["seq"]))
        own = [row for row in talk if row["role"] == "user"]
        unanswered += sum(a["role"] == b["role"] == "user" for a, b in pairwise(talk))
        for one, following in pairwise(own):
            repeated += one["content"] == following["content"]
            annoyed += (one["confidence"] or 0) >= 0.8 and following["sentiment"] == "negative"
    assert min(unanswered, annoyed) > 20
    assert repeated > 5


def test_the_pipe_has_a_bad_afternoon_silent_hours_and_a_long_tail() -> None:
    events = made()["processed_webhook_events"]
    start, end = calendar.bad_afternoon(NOW)
    during = sorted(
        row["processing_duration_ms"] for row in events if start <= row["occurred_at"] < end
    )
    others = sorted(
        row["processing_duration_ms"] for row in events if not start <= row["occurred_at"] < end
    )
    assert during[int(len(during) * 0.95)] > 4000
    assert others[len(others) // 2] < 60 < 1000 < others[-1]
    for silent_from, silent_to in calendar.silent_hours(NOW):
        assert not any(silent_from <= row["processed_at"] < silent_to for row in events)
    lags = sorted(row["processed_at"] - row["occurred_at"] for row in events)
    assert lags[len(lags) // 2] < timedelta(seconds=1) < timedelta(seconds=20) < lags[-1]


def test_one_demo_went_quiet_one_grows_one_fades() -> None:
    rows = made()
    keys = _key_of(rows)
    mapped: dict[str, list[datetime]] = defaultdict(list)
    for row in rows["conversation_map"]:
        mapped[keys[row["demo_id"]]].append(row["mapped_at"])

    def share_of_last_half(key: str) -> float:
        return sum(at > NOW - timedelta(days=45) for at in mapped[key]) / len(mapped[key])

    quiet = mapped["quietmetrics"]
    assert timedelta(days=8) < NOW - max(quiet) < timedelta(days=12)
    before = [at for at in quiet if at > NOW - timedelta(days=35)]
    assert len(before) >= 12
    assert share_of_last_half("tandem") > 0.6
    assert share_of_last_half("ledgerloop") < 0.45


def test_the_visitors_of_one_demo_got_unhappier() -> None:
    rows = made()
    demos = {row["conversation_id"]: row["demo_id"] for row in rows["conversation_map"]}
    keys = _key_of(rows)

    def negative(first: int, last: int) -> float:
        moods = [
            row["sentiment"] == "negative"
            for row in _said(rows)
            if keys.get(demos.get(row["conversation_id"])) == "ledgerloop"
            and row["sentiment"]
            and NOW - timedelta(days=first) <= row["occurred_at"] < NOW - timedelta(days=last)
        ]
        return sum(moods) / len(moods)

    assert negative(30, 0) > negative(60, 30) + 0.1
