"""Shape of conversations, turns, intents, search and the messages behind marks, counted again."""

from collections import Counter
from datetime import timedelta
from math import isnan

import pytest
from sqlalchemy import text

from domo_insights.database.doors import reading
from domo_insights.database.queue import drain
from domo_insights.database.rollups import sum_up
from domo_insights.period import Period
from domo_insights.queries import (
    conversations_one,
    conversations_shape,
    intents,
    text_search,
    turns,
    visitor_messages,
)
from domo_insights.queries.visitor_messages import Mark
from tests.factories import ANA, BEN, NOON, PIA, conversation, demo, event, message
from tests.queries.conftest import AS_OF
from tests.queries.plain import feeling, percentile, talks

ZONES = ("UTC", "Asia/Kolkata", "America/New_York", "Pacific/Apia")
WEEK = Period.parse("2026-03-01..2026-03-08", NOON + timedelta(days=9))


@pytest.fixture
def labelled(rows, history):
    rows.execute(
        text(
            "update public.conversation_messages set"
            " intent = (array[' Book_Demo', 'talk', null, '  '])[1 + seq % 4],"
            " confidence = case when seq % 3 < 2 then (seq % 10) / 10.0 end,"
            " label_source = case when seq % 5 = 0 then 'local' end"
        )
    )
    return history


def inside(rows, demos, period):
    found = [t for t in talks(rows) if t.demo_id in demos and not t.is_test]
    started = [t for t in found if t.started_at and period.start <= t.started_at < period.end]
    said = [(t, m) for t in found for m in t.messages
            if m.role == "user" and period.start <= m.occurred_at < period.end]  # fmt: skip
    return started, said


@pytest.mark.parametrize("zone", ZONES)
def test_the_shape_of_conversations(rows, database, history, zone):
    for period in (Period.parse("30d", AS_OF, zone), Period.parse("90d", AS_OF, zone)):
        started, _ = inside(rows, history[:2], period)
        with reading(database.engine, ANA) as conn:
            starts = conversations_shape.starts(conn, period)
            reach = conversations_shape.reach(conn, period)
            lengths = conversations_shape.lengths(conn, period)
            durations = conversations_shape.durations(conn, period)
            ends = conversations_shape.ends(conn, period)
        local = Counter(
            (moment.weekday(), moment.hour)
            for moment in (t.started_at.astimezone(period.tz) for t in started)
        )
        assert len(starts) == 168
        assert {
            (r.weekday, r.hour): r.conversations for r in starts.itertuples() if r.conversations
        } == local
        for row in reach.itertuples():
            reached = sum(t.count("user") >= row.turn for t in started)
            assert (row.reached, row.conversations) == (reached, len(started))
            assert row.reach == pytest.approx(reached / len(started))
        length = [t.count("user") + t.count("assistant") for t in started]
        for row in lengths.to_dict("records"):
            top = row["to_value"] if row["to_value"] == row["to_value"] else 10**9
            assert row["conversations"] == sum(row["from_value"] <= n <= top for n in length)
        assert lengths["conversations"].sum() == len(started)
        known = [t.duration for t in started if t.duration is not None]
        assert durations["conversations"].sum() == len(known)
        for row in durations.iloc[1:-1].to_dict("records"):
            assert row["conversations"] == sum(
                row["from_value"] <= n < row["to_value"] for n in known
            )
        assert ends["conversations"].sum() == len(started)
        assert ends["share"].sum() == pytest.approx(1)
        if len(ends) == 1:
            assert ends["median_length"][0] == percentile(length, 0.5)


def test_the_hour_that_a_clock_change_repeats_is_one(rows, database):
    where = demo(rows)
    for minutes in (330, 390):  # 01:30 in New York, twice, on 1 November 2026
        at = NOON.replace(month=11, day=1, hour=0) + timedelta(minutes=minutes)
        conversation(rows, where, started_at=at)
    period = Period.parse("2026-11-01..2026-11-02", NOON + timedelta(300), "America/New_York")
    with reading(database.engine, ANA) as conn:
        starts = conversations_shape.starts(conn, period)
    (row,) = starts[starts["conversations"] > 0].to_dict("records")
    assert row == {"weekday": 6, "hour": 1, "conversations": 2}


@pytest.mark.parametrize("zone", ZONES)
def test_turns_demos_and_intents(rows, database, labelled, zone):
    period = Period.parse("30d", AS_OF, zone)
    _, said = inside(rows, labelled[:2], period)
    with reading(database.engine, ANA) as conn:
        by_turn = turns.by_turn(conn, period)
        by_demo = turns.by_demo(conn, period)
        ranked = intents.ranked(conn, period)
        whole = intents.kpis(conn, period).iloc[0]
        daily = intents.over_time(conn, period)
    numbers = {m.id: n for t, _ in said
               for n, m in enumerate((m for m in t.messages if m.role == "user"), 1)}  # fmt: skip
    expected = Counter(min(numbers[m.id], 10) for _, m in said)
    assert dict(zip(by_turn["turn"], by_turn["user_messages"], strict=True)) == expected
    for row in by_turn.to_dict("records"):
        check_feelings(row, [m for _, m in said if min(numbers[m.id], 10) == row["turn"]])
    for row in by_demo.to_dict("records"):
        check_feelings(row, [m for t, m in said if t.demo_id == row["demo_id"]])
    wants = Counter((m.intent or "").strip().lower() for _, m in said)
    none = wants.pop("", 0)
    assert dict(zip(ranked["intent"], ranked["user_messages"], strict=True)) == wants
    assert ranked["intent_share"].sum() == pytest.approx(1)
    sure = [float(m.confidence) for _, m in said if m.confidence is not None]
    assert (whole["intents"], whole["user_messages"]) == (len(wants), len(said))
    assert whole["with_intent"] == len(said) - none
    assert whole["average_confidence"] == pytest.approx(sum(sure) / len(sure))
    assert whole["labelled_here"] == sum(m.label_source == "local" for _, m in said)
    assert daily["user_messages"].sum() == len(said)
    assert daily["with_confidence"].sum() == len(sure)


@pytest.mark.parametrize("viewer", [ANA, PIA])
def test_intents_are_of_the_day_they_were_said_on_elsewhere(rows, database, viewer):
    talk = conversation(rows, demo(rows, ANA))
    for day, hour, intent in (
        (20, 9, "early"),
        (20, 20, "late"),
        (26, 9, "early"),
        (26, 20, "after"),
    ):
        message(rows, talk, at=NOON.replace(month=3, day=day, hour=hour), intent=intent)
    drain(database.engine)
    sum_up(database.engine)
    period = Period.parse(f"{NOON.year}-03-16..{NOON.year}-03-27", AS_OF, "Asia/Kolkata")
    with reading(database.engine, viewer) as conn:
        whole = intents.kpis(conn, period).iloc[0]
        ranked = intents.ranked(conn, period)
        daily = intents.over_time(conn, period)
    assert dict(zip(ranked["intent"], ranked["user_messages"], strict=True)) == {
        "early": 2,
        "late": 1,
    }
    assert whole["intents"] == 2
    assert dict(zip(daily["bucket"].dt.day, daily["intents"], strict=True)) == {
        day: int(day in (20, 21, 26)) for day in range(16, 27)
    }


def test_turns_count_where_a_period_cuts_a_conversation(rows, database):
    where = demo(rows)
    for kept in (True, False):
        for is_test in (False, True):
            talk = conversation(rows, where, is_test=is_test)
            for n in range(13):
                at = NOON + timedelta(minutes=n)
                said = [None, " Negative", "positive", "neutral", "odd", " "][(n + kept) % 6]
                message(rows, talk, at=at, sentiment=said)
                message(rows, talk, "assistant", at=at, seq=1)
        if kept:
            drain(database.engine)
    found = [
        (t, min(n, 10), m)
        for t in talks(rows)
        for n, m in enumerate((m for m in t.messages if m.role == "user"), 1)
    ]
    for first, last, tests in ((0, 13, False), (0, 12, True), (1, 13, False), (3, 11, True),
                               (9, 13, True), (13, 20, True)):  # fmt: skip
        period = Period(*(NOON + timedelta(minutes=n) for n in (first, last)), "UTC", AS_OF)
        asked = [(n, m) for t, n, m in found if tests or not t.is_test]
        inside = [(n, m) for n, m in asked if period.start <= m.occurred_at < period.end]
        with reading(database.engine, ANA) as conn:
            frame = turns.by_turn(conn, period, where, tests)
        assert frame["turn"].tolist() == sorted({n for n, _ in inside})
        for row in frame.to_dict("records"):
            check_feelings(row, [m for n, m in inside if n == row["turn"]])


def check_feelings(row, said):
    known = [feeling(m) for m in said if feeling(m)]
    assert (row["user_messages"], row["labelled"]) == (len(said), len(known))
    for name in ("negative", "neutral", "positive"):
        assert row[name] == known.count(name)
    share = row["negative_share"]
    assert isnan(share) if not known else share == pytest.approx(row["negative"] / len(known))


def test_the_messages_behind_a_mark_are_as_many_as_it_says(rows, database, labelled):
    period = Period.parse("30d", AS_OF, "Asia/Kolkata")
    with reading(database.engine, ANA) as conn:
        by_turn = turns.by_turn(conn, period)
        ranked = intents.ranked(conn, period)

        def behind(**mark):
            return len(visitor_messages.listing(conn, period, mark=Mark(**mark), limit=None))

        for row in by_turn.to_dict("records"):
            assert behind(turn=row["turn"], sentiment="negative") == row["negative"]
            unlabelled = row["user_messages"] - row["labelled"]
            assert behind(turn=row["turn"], sentiment="") == unlabelled
        for row in ranked.to_dict("records"):
            assert behind(intent=row["intent"]) == row["user_messages"]
        bucket = period.buckets()[-3]
        day = Period(bucket.start, bucket.end, period.zone, period.as_of)
        expected = intents.kpis(conn, day)["user_messages"][0]
        assert behind(since=bucket.start, until=bucket.end) == expected


SAID = {
    "The price of a seat": "price seat",
    "Pricing, please": "PRICING",
    "Une réservation à Genève": "Genève",
    "a price for <b>nobody</b> \ue000x\ue001": "nobody",
}


def test_search_finds_words_by_their_beginning_and_marks_them(rows, database):
    talk = conversation(rows, demo(rows))
    for seq, said in enumerate(SAID):
        message(rows, talk, at=NOON + timedelta(seconds=seq), content=said)
    message(rows, talk, "system", content="price of the system")
    test = conversation(rows, demo(rows), is_test=True)
    message(rows, test, content="a test price")
    message(rows, conversation(rows, demo(rows, BEN)), content="price of Ben")

    with reading(database.engine, ANA) as conn:

        def found(words, **more):
            return text_search.messages(conn, WEEK, words=words, **more)

        def passages(words, **more):
            hits = found(words, **more)["shown"]
            return [s.replace("\ue000", "[").replace("\ue001", "]") for s in hits]

        assert len(passages("pric")) == 3
        assert passages("pric seat") == ["The [price] of a [seat]"]
        assert passages('"of a seat"') == ["The price [of] [a] [seat]"]
        assert len(passages("price -seat")) == 1
        assert passages("GENÈVE") == ["Une réservation à [Genève]"]
        assert passages("a test", include_test=True) == ["[a] [test] price"]
        assert passages("zebra") == []
        for odd in ("", "   ", "'", "&|!():*", "\\", "<->", "a:*b'", "the " * 400, "%"):
            found(odd)
        assert found("pric", limit=1)["hits"].tolist() == [3]
        for said, words in SAID.items():
            (row,) = found(words).to_dict("records")
            assert row["conversation_id"] == talk
            assert row["shown"].count("\ue000") == row["shown"].count("\ue001") > 0, said


def test_search_uses_its_index(rows, database):
    where = demo(rows)
    talk = conversation(rows, where)
    rows.execute(
        text(
            "insert into public.conversation_messages (conversation_id, role, content,"
            " occurred_at) select :talk, 'user', 'word' || n || ' and more', now()"
            " from generate_series(1, 3000) n"
        ),
        {"talk": talk},
    )
    rows.execute(text("analyze public.conversation_messages"))
    plan = rows.execute(
        text("explain select from public.conversation_messages where demo_id = :demo and"
             " to_tsvector('simple', left(content, 200000)) @@ insights.words_asked('word77')"),
        {"demo": where},
    ).scalars()  # fmt: skip
    assert "idx_conversation_messages_words" in "\n".join(plan)


def test_what_happened_beside_the_words(rows, database):
    talk = conversation(rows, demo(rows), started_at=None)
    event(rows, talk, "system.replica_joined")
    event(rows, talk, "conversation.utterance")
    called = {"properties": {"name": "open_calendar", "arguments": '{"day": 1}'}}
    event(rows, talk, "conversation.tool_call", NOON + timedelta(seconds=2), event_data=called)
    done = {"data": {"objective_name": "next_step", "output_variables": {"a": 1}}}
    reached = "application.objective_completed"
    event(rows, talk, reached, NOON + timedelta(seconds=3), event_data=done)
    event(rows, talk, "system.shutdown", NOON + timedelta(seconds=9), shutdown_reason="left")
    with reading(database.engine, ANA) as conn:
        happened = conversations_one.happenings(conn, talk)
        about = conversations_one.summary(conn, talk).iloc[0]
    assert happened["name"].tolist()[1:3] == ["open_calendar", "next_step"]
    assert happened["detail"].tolist()[1:] == ['{"day": 1}', '{"a": 1}', "left"]
    assert (about["duration_seconds"], about["end_reason"]) == (9, "left")
