"""Needs attention, read next, marks and the other demos, once more in plain Python over rows."""

from datetime import timedelta
from math import isnan

import pytest
from sqlalchemy import text, update

from domo_insights.actions import reviews
from domo_insights.database.doors import editing, reading
from domo_insights.database.tables import audit_logs
from domo_insights.exports import reasons
from domo_insights.intervals import newcombe
from domo_insights.metrics import THIN
from domo_insights.period import Period
from domo_insights.queries import (
    attention,
    demos_now,
    demos_others,
    marks,
    misses_rows,
    read_next,
)
from tests.factories import ANA, BEN, NOON, chunk, conversation, demo, event, message, video
from tests.queries.conftest import AS_OF
from tests.queries.plain import feeling, percentile, talks

PERIODS = ("7d", "30d", "2026-02-01..2026-03-01")
ZONES = ("UTC", "Asia/Kolkata", "America/New_York")


def mine(rows, history):
    return [t for t in talks(rows) if t.demo_id in history[:2] and not t.is_test]


def started(found, period):
    return [t for t in found if t.started_at and period.start <= t.started_at < period.end]


def ask(database, query, *args, viewer=ANA, **more):
    with reading(database.engine, viewer) as conn:
        return query(conn, *args, **more)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("text_", PERIODS)
def test_the_other_demos(rows, database, history, text_, zone):
    period = Period.parse(text_, AS_OF, zone)
    found = [t for t in mine(rows, history) if t.demo_id == history[1]]
    inside = started(found, period)
    row = ask(database, demos_others.others, period, history[0]).iloc[0]
    assert (row["demos"], row["conversations"]) == (1, len(inside))
    active = sum(t.active for t in inside) / len(inside) if inside else None
    assert isnan(row["active_share"]) if active is None else row["active_share"] == active
    lengths = [t.count("user") + t.count("assistant") for t in inside]
    assert row["median_length"] == percentile(lengths, 0.5)
    durations = [t.duration for t in inside if t.duration is not None]
    assert row["median_duration"] == pytest.approx(percentile(durations, 0.5), rel=0.025)
    said = [m for t in found for m in t.messages
            if m.role != "system" and period.start <= m.occurred_at < period.end]  # fmt: skip
    labelled = [feeling(m) for m in said if m.role == "user" and feeling(m)]
    assert (row["messages"], row["labelled"]) == (len(said), len(labelled))
    assert row["negative_share"] == pytest.approx(labelled.count("negative") / len(labelled))


@pytest.mark.parametrize("text_", PERIODS)
def test_negative_share_rose_where_its_interval_says_so(rows, database, history, text_):
    period = Period.parse(text_, AS_OF)
    first, earlier = history[0], period.previous().start
    for n in range(30):
        talk = conversation(rows, first, started_at=period.start)
        message(rows, talk, "user", period.start + timedelta(minutes=n), sentiment="negative")
        message(rows, talk, "user", earlier + timedelta(minutes=n), sentiment="neutral")

    def labelled(demo_id, when):
        said = [m for t in mine(rows, history) if t.demo_id == demo_id for m in t.messages
                if m.role == "user" and when.start <= m.occurred_at < when.end]  # fmt: skip
        return [feeling(m) for m in said if feeling(m)]

    expected = set()
    for demo_id in history[:2]:
        now, before = labelled(demo_id, period), labelled(demo_id, period.previous())
        if now and before:
            low, _ = newcombe(
                now.count("negative"), len(now), before.count("negative"), len(before)
            )
            expected |= {demo_id} if low > 0 else set()
    found = ask(database, attention.needs, period)
    assert set(found[found["rule"] == "negative_share_rose"]["demo_id"]) == expected
    assert first in expected


@pytest.mark.parametrize(("before", "now", "status", "quiet"), [
    (12, 0, "published", True), (11, 0, "published", False), (20, 1, "published", False),
    (12, 0, "draft", True), (12, 0, "archived", False),
])  # fmt: skip
def test_a_demo_goes_quiet(rows, database, before, now, status, quiet):
    where = demo(rows, status=status)
    for n in range(before):
        conversation(rows, where, started_at=NOON - timedelta(days=7, seconds=1 + n))
    for _ in range(now):
        conversation(rows, where, started_at=NOON - timedelta(days=7))
    conversation(rows, where, started_at=NOON - timedelta(days=1), is_test=True)
    conversation(rows, where, started_at=NOON + timedelta(days=1))
    found = ask(database, attention.needs, Period.parse("30d", NOON))
    assert (found["rule"] == "went_quiet").any() == quiet
    if quiet:
        assert found[["now", "before"]].to_numpy().tolist() == [[0, before]]


def test_the_other_rules(rows, database):
    where, fine = demo(rows, name="A"), demo(rows, name="B")
    talks = {d: conversation(rows, d, started_at=NOON) for d in (where, fine)}
    for n in range(20):
        event(rows, talks[where], at=NOON, processing_duration_ms=2100 if n < 2 else 5)
        event(rows, talks[fine], at=NOON, processing_duration_ms=2100 if n < 1 else 5)
        event(rows, talks[fine], at=NOON, processing_duration_ms=9000, received_via="file")
    video(rows, where, processing_status="failed")
    video(rows, where, processing_status="pending")
    chunk(rows, where)
    chunk(rows, fine)
    embed = "update knowledge_chunks set vector_embedding = array_fill(0.1, array[1536])::vector"
    rows.execute(text(f"{embed} where demo_id = :demo"), {"demo": fine})
    found = ask(database, attention.needs, Period.parse("7d", NOON))
    told = {row.rule: (row.demo_id, row.now) for row in found.itertuples()}
    assert told == {
        "handler_slow": (where, pytest.approx(2100, rel=0.025)),
        "videos_failed": (where, 1),
        "chunks_unembedded": (where, 1),
    }
    slower = ask(database, attention.needs, Period.parse("7d", NOON), handler_p95_ms=2200)
    assert "handler_slow" not in set(slower["rule"])
    assert ask(database, attention.needs, Period.parse("7d", NOON), viewer=BEN).empty
    now = ask(database, demos_now.kpis, Period.parse("7d", NOON)).iloc[0].to_dict()
    assert now == {"demos": 2, "demos_published": 2, "videos": 2, "videos_waiting": 2,
                   "chunks": 2, "chunks_without_embedding": 1}  # fmt: skip


@pytest.mark.parametrize("text_", PERIODS)
def test_what_to_read_next(rows, database, history, text_):
    label = "intent = 'book_demo', confidence = (abs(hashtext(id::text)) % 100) / 100.0"
    rows.execute(text(f"update conversation_messages set {label} where seq % 2 = 0"))
    period = Period.parse(text_, AS_OF)
    moments = ask(database, misses_rows.moments, period, limit=None)["conversation_id"].tolist()
    wrong = ask(database, misses_rows.confident, period, limit=None)["conversation_id"].tolist()
    inside = started(mine(rows, history), period)
    usual = percentile([t.count("user") + t.count("assistant") for t in inside], 0.95)
    expected = {}
    for t in inside:
        feelings = [feeling(m) for m in t.messages if m.role == "user" and feeling(m)]
        length = t.count("user") + t.count("assistant")
        reasons = (moments.count(t.id), wrong.count(t.id), feelings[-1:] == ["negative"],
                   len(inside) >= 20 and length > usual)  # fmt: skip
        if any(reasons):
            expected[t.id] = reasons
    found = ask(database, read_next.ranked, period, limit=None)
    told = {row.conversation_id: (row.missed_moments, row.confident_misses, row.unhappy_end,
                                  row.unusually_long) for row in found.itertuples()}  # fmt: skip
    assert told == expected
    ranks = [
        next(n for n, reason in enumerate(told[c]) if reason) for c in found["conversation_id"]
    ]
    assert ranks == sorted(ranks)


def test_what_was_reviewed_leaves_the_list(rows, database, history):
    period = Period.parse("30d", AS_OF)
    talk = ask(database, read_next.ranked, period).iloc[0]["conversation_id"]
    with editing(database.engine, ANA) as conn:
        reviews.review(conn, talk, reviewed_at=NOON, note="Called back")
    assert talk not in set(ask(database, read_next.ranked, period, limit=None)["conversation_id"])
    every = ask(database, read_next.ranked, period, reviewed=True, limit=None)
    assert every.iloc[-1][["conversation_id", "note"]].tolist() == [talk, "Called back"]


def test_marks_are_edits_and_what_became_published(rows, database):
    where = demo(rows, name="A", status="draft")
    chunk(rows, where)
    chunk(rows, where)
    rows.execute(text("update demos set status = 'published'"))
    rows.execute(text("update demos set name = 'B'"))
    rows.execute(update(audit_logs).values(created_at=NOON))
    period = Period.parse("2026-03-01..2026-03-04", AS_OF, "Pacific/Apia")
    edited = ask(database, marks.knowledge, period)
    assert edited[["number", "edits"]].to_numpy().tolist() == [[3, 2]]
    published = ask(database, marks.publishing, period)
    assert published[["number", "demo_id"]].to_numpy().tolist() == [[3, where]]
    assert ask(database, marks.publishing, period, viewer=BEN).empty


def replay(rows, demo_id, *, well, of, days, ran_at):
    rows.execute(
        text(
            "insert into insights.replay_runs (demo_id, period_start, period_end, include_test,"
            " threshold, chunks, fingerprint, messages, small_talk, fragments, remarks, questions,"
            " answered_well, answered_weakly, not_answered, seconds, ran_at) values (:demo, :start,"
            " :end, false, 0.35, 1, '', :of, 0, 0, 0, :of, :well, 0, :missed, 1, :ran_at)"
        ),
        {"demo": demo_id, "start": NOON - timedelta(days=days), "end": NOON, "of": of,
         "well": well, "missed": of - well, "ran_at": ran_at},
    )  # fmt: skip


def test_coverage_that_fell_between_replays_of_one_length_needs_somebody(rows, database):
    fell, rose, other = (demo(rows, name=name) for name in ("Fell", "Rose", "Other"))
    for n, (where, well, days) in enumerate(
        [(fell, 8, 7), (rose, 5, 7), (other, 9, 30), (fell, 7, 7), (rose, 6, 7), (other, 3, 7)]
    ):
        replay(rows, where, well=well, of=10, days=days, ran_at=NOON + timedelta(minutes=n))
    found = ask(database, attention.needs, Period.parse("7d", NOON))
    assert found[["rule", "demo", "now", "before", "now_cases", "before_cases"]].to_numpy(
    ).tolist() == [["coverage_fell", "Fell", 0.7, 0.8, 10, 10]]  # fmt: skip
    (row,) = found.itertuples()
    assert reasons.need(row) == (
        f"Knowledge coverage 70.0{THIN}% of 10 replayed questions, was 80.0{THIN}% of 10."
    )
    assert ask(database, attention.needs, Period.parse("7d", NOON), rose).empty
    assert ask(database, attention.needs, Period.parse("7d", NOON), viewer=BEN).empty
