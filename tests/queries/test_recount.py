"""What the owner's pages say of demos, feelings, misses and what to read, against a recount, the
periods and the time before them included."""

import random
from math import isnan

import pytest
from sqlalchemy import text

from domo_insights.database.doors import reading
from domo_insights.database.queue import drain
from domo_insights.period import Period
from domo_insights.queries import (
    demos,
    demos_compared,
    intents,
    messages,
    misses,
    misses_rows,
    read_next,
)
from tests.factories import ANA
from tests.queries import recount
from tests.queries.conftest import AS_OF
from tests.queries.plain import percentile, talks

ZONES = ("UTC", "Asia/Kolkata", "America/New_York", "Pacific/Apia")
"""New York's clocks change within the thirty days before AS_OF."""
INTENTS = ("pricing_question", "BookRoom", "small_talk", " Demo ", "booked", None)
WORDS = ("How much is it?", "how MUCH is it", "And then?", "...", "?", None)


@pytest.fixture
def labelled(rows, database, history):
    """The history with intents, confidences and words, half of it kept and half still queued."""
    die = random.Random(11)
    found = rows.execute(
        text("select id from public.conversation_messages order by occurred_at, seq")
    ).all()
    change = text(
        "update public.conversation_messages set intent = :intent, confidence = :confidence,"
        " content = :content where id = :id"
    )
    for number, (message_id,) in enumerate(found):
        if number == len(found) // 2:
            drain(database.engine)
        said = {"id": message_id, "intent": die.choice(INTENTS), "content": die.choice(WORDS),
                "confidence": die.choice([None, 0.2, 0.49, 0.5, 0.8, 1])}  # fmt: skip
        rows.execute(change, said)
    return history


def same(value, expected):
    if expected is None:
        return value is None or isnan(value)
    return value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("zone", ZONES)
def test_the_pages_rows(rows, database, labelled, zone):
    mine = [t for t in talks(rows) if t.demo_id in labelled[:2] and not t.is_test]
    seen = 0
    for days in (1, 7, 30):
        spans = recount.rolling(AS_OF) if days == 1 else recount.spans(days, AS_OF, zone)
        now = Period.parse("24h" if days == 1 else f"{days}d", AS_OF, zone)
        for period, span in zip((now, now.previous()), spans, strict=True):
            assert (period.start, period.end) == span
            with reading(database.engine, ANA) as conn:
                ranked = demos.ranked(conn, period).to_dict("records")
                felt = messages.kpis(conn, period).iloc[0].to_dict()
                felt |= intents.kpis(conn, period).iloc[0].to_dict()
                wrong = misses.kpis(conn, period).iloc[0]
                confident = misses_rows.confident(conn, period, limit=None)["message_id"]
                moments = misses_rows.moments(conn, period, limit=None)["message_id"]
                to_read = read_next.ranked(conn, period, limit=None)["conversation_id"]
            for row in ranked:
                of_demo = [t for t in mine if t.demo_id == row["demo_id"]]
                expected = recount.demo_row(of_demo, span, zone)
                trend, last = expected.pop("trend"), expected.pop("last_activity")
                assert all(same(row[name], value) for name, value in expected.items()), row
                assert row["last_activity"] == last
                assert days == 1 or row["trend"] == trend
            for name, value in recount.feelings(mine, span).items():
                assert same(felt[name], value), name
            judged = [recount.judge(t) for t in recount.started(mine, span)]
            missed, moment = ([i for pair in judged for i in pair[n]] for n in (0, 1))
            assert (wrong["confident_misses"], set(confident)) == (len(missed), set(missed))
            assert (wrong["missed_moments"], set(moments)) == (len(moment), set(moment))
            assert to_read.tolist() == recount.to_read(mine, span)
            seen += len(missed) + len(moment)
    assert seen > 20


@pytest.mark.parametrize("zone", ZONES)
def test_one_demo_beside_before_and_the_others(rows, database, labelled, zone):
    one, other = labelled[:2]
    mine = [t for t in talks(rows) if not t.is_test]
    period = Period.parse("30d", AS_OF, zone)
    with reading(database.engine, ANA) as conn:
        found = demos_compared.compared(conn, period, one).set_index("number")
    spans = recount.spans(30, AS_OF, zone)
    for column, demo_id, span in zip(
        ("now", "before", "other_demos"), (one, one, other), (*spans, spans[0]), strict=True
    ):
        of_demo = [t for t in mine if t.demo_id == demo_id]
        expected = recount.demo_row(of_demo, span, zone)
        inside = recount.started(of_demo, span)
        lengths = [t.count("user") + t.count("assistant") for t in inside]
        expected["median_length"] = percentile(lengths, 0.5)
        known = [t.duration for t in inside if t.duration is not None]
        median = percentile(known, 0.5)
        assert found[column]["median_duration"] == pytest.approx(median, rel=0.025)
        for number, value in found[column].drop("median_duration").items():
            assert same(value, expected[number]), (column, number)
