"""What the product team is answered from sums of all demos, against what is stored."""

import json
import random
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from domo_insights.database import rollups
from domo_insights.database.queue import drain, fill_some, keep_zones
from domo_insights.period import Period
from domo_insights.queries import turns
from tests.database.counted import (
    ASKED,
    INTENTS,
    ON_ONE_DAY,
    SPREAD,
    SUMS,
    TALKS,
    TURNS,
    question,
    snapshot,
)
from tests.database.writers import Writer, populate
from tests.factories import ANA, BEN, NOON, PIA, conversation, demo, event, message

KOLKATA = "Asia/Kolkata"
COUNTED = (
    "n", "n_active", "n_timed", "n_user", "n_confident", "n_confident_misses",
    "replies_without_time", "reach_1", "reach_2", "reach_3", "reach_5", "reach_10",
)  # fmt: skip
SAID = (
    "n_user", "n_assistant", "n_labelled", "n_negative", "n_neutral", "n_positive", "n_intent",
    "n_any_label", "n_labelled_here", "n_confidence", "confidence",
)  # fmt: skip
KINDS = ("length", "reply", "judged", "hour", "moment", "end", "end_negative", "duration")

EVENTS = ("event_steps", "packed_events", "live_hours", "slow_handlers")


def sums(names):
    return ", ".join(f"sum({name})" for name in names)


def together(zone):
    """What pages ask of all demos, and how it is counted from the rows."""
    within = "started_at >= :since and started_at < :until and (:tests or not is_test)"
    sent = """occurred_at >= (cast(:starts as timestamptz[]))[1] and occurred_at < :until
      and (:tests or not is_test)"""
    spread = SPREAD.replace("at time zone 'UTC'", f"at time zone '{zone}'")
    return {
        f"""select number, {sums(COUNTED)}
          from insights.conversation_counts(:starts, :until, '{zone}', null, :tests, false)
          group by 1 having sum(n) <> 0 order by 1""": f"""
          select width_bucket(started_at, :starts) as number, {TALKS}
          from insights.conversations_counted where {within} group by 1 order by 1""",
        f"""select number, {sums(SAID)}
          from insights.message_counts(:starts, :until, null, :tests, false)
          group by 1 having sum(n_user + n_assistant) <> 0 order by 1""": f"""
          select width_bucket(occurred_at, :starts) as number, {SUMS}
          from insights.messages_counted where {sent} group by 1 order by 1""",
        f"""select number, intent, {sums(("n", *SAID[2:4], *SAID[-2:]))}
          from insights.intent_counts(:starts, :until, null, :tests)
          group by 1, 2 having sum(n) <> 0 order by 1, 2""": f"""
          select width_bucket(occurred_at, :starts) as number, intent, count(*), {INTENTS}
          from insights.messages_counted where {sent} and intent is not null
          group by 1, 2 order by 1, 2""",
        **{
            f"""select number, label, code, n
              from insights.spread('{kind}', :starts, :until, '{zone}', null, :tests)
              order by 1, 2, 3""": f"""
              select width_bucket(started_at, :starts) as number, label, code, count(*)
              from {spread} where {within} and kind = '{kind}' group by 1, 2, 3 order by 1, 2, 3"""
            for kind in KINDS
        },
        **{
            asked: counted
            for asked, counted in ASKED.items()
            if any(f"insights.{name}(" in asked for name in EVENTS)
        },
    }


@contextmanager
def both(database):
    """A connection that sees everything, and one of the product team, in one snapshot."""
    team = database.engine.execution_options(isolation_level="REPEATABLE READ")
    with snapshot(database) as conn, team.begin() as theirs:
        taken = conn.scalar(text("select pg_export_snapshot()"))
        theirs.execute(text(f"set transaction snapshot '{taken}'"))
        theirs.execute(
            text("""select set_config('role', 'insights_product', true),
              set_config('request.jwt.claims', :claims, true),
              set_config('search_path', 'public, extensions', true)"""),
            {"claims": json.dumps(PIA.claims)},
        )
        yield conn, theirs


def together_is_as_much(database, die, zone="UTC"):
    """In one snapshot, whatever is queued or not summed up at that moment."""
    with both(database) as (conn, theirs):
        for _ in range(3):
            given = question(die, [None]) | {"demo": None}
            for asked, counted in together(zone).items():
                answer = theirs.execute(text(asked), given).all()
                assert answer == conn.execute(text(counted), given).all(), (asked, given)
            period = Period(given["since"], given["until"], "UTC", given["until"])
            frame = turns.by_turn(theirs, period, None, given["tests"]).iloc[:, :6]
            raw = conn.execute(text(TURNS), given).all()
            assert [*frame.itertuples(index=False, name=None)] == [*map(tuple, raw)], given


@pytest.mark.parametrize("zone", ["UTC", KOLKATA])
def test_together_is_what_is_stored_after_anything(database, rows, zone):
    die = random.Random(zone)
    keep_zones(database.engine, [zone])
    populate(rows, die)
    writers = [Writer(database, 70 + n) for n in range(2)]
    stopping = threading.Event()

    def keep_up():
        while not stopping.is_set():
            drain(database.engine)
            rollups.sum_up(database.engine, 5)

    keeper = threading.Thread(target=keep_up)
    for thread in (keeper, *writers):
        thread.start()
    try:
        while any(writer.is_alive() for writer in writers):
            together_is_as_much(database, die, zone)
    finally:
        for writer in writers:
            writer.join()
        stopping.set()
        keeper.join()
    assert [writer.problem for writer in writers] == [None] * len(writers)
    while drain(database.engine):
        pass
    together_is_as_much(database, die, zone)
    while rollups.sum_up(database.engine, 5):
        together_is_as_much(database, die, zone)
    together_is_as_much(database, die, zone)
    for table in ("conversation_days", "spreads", "message_days", "intent_days", "event_days",
                  "event_hours"):  # fmt: skip
        assert rows.scalar(text(f"select count(*) from insights.platform_{table}")) > 0


def test_a_demo_that_goes_and_rows_that_are_filled_in_anew_are_in_no_sum(database, rows):
    die = random.Random(5)
    populate(rows, die)
    drain(database.engine)
    while rollups.sum_up(database.engine, 5):
        pass
    rows.execute(
        text("delete from public.demos where id = (select min(id::text)::uuid from demos)")
    )
    together_is_as_much(database, die)
    while drain(database.engine) or rollups.sum_up(database.engine, 5):
        together_is_as_much(database, die)
    rollups.start_over(database.engine)
    together_is_as_much(database, die)
    while fill_some(database.engine):
        together_is_as_much(database, die)
    keep_zones(database.engine, [KOLKATA])
    while fill_some(database.engine):
        pass
    while rollups.sum_up(database.engine, 5):
        pass
    together_is_as_much(database, die, KOLKATA)
    keep_zones(database.engine, [])
    together_is_as_much(database, die, KOLKATA)
    rows.execute(text("truncate public.conversation_messages"))
    together_is_as_much(database, die)


def test_sums_are_of_what_the_days_of_demos_add_up_to(database, rows):
    populate(rows, random.Random(6))
    drain(database.engine)
    while rollups.sum_up(database.engine, 5):
        pass
    assert rows.scalar(text("select count(*) from insights.platform_stale")) == 0
    crossing = f"""select coalesce(array_agg(conversation_id order by conversation_id), '{{}}')
      from insights.conversations_counted where not ({ON_ONE_DAY.format(zone="UTC")})"""
    kept = """select array_agg(c order by c)
      from insights.platform_conversation_days, unnest(crossing) c"""
    assert rows.scalar(text(kept)) == rows.scalar(text(crossing))


def test_many_values_of_all_demos_are_a_vector_and_what_is_taken_off_stands_in_it(database, rows):
    """Four demos with few values each: theirs are kept as they are, their sum is not."""
    places = [demo(rows, ANA), demo(rows, BEN), demo(rows, ANA), demo(rows, BEN)]
    midnight = NOON - timedelta(hours=12)
    for n in range(40):
        at = midnight + n * timedelta(minutes=30)
        talk = conversation(rows, places[n % 4], started_at=at, is_test=n % 10 == 0)
        for turn in range(n % 9 + 1):
            message(rows, talk, at=at + timedelta(seconds=turn), seq=turn, confidence=n / 40)
        event(rows, talk, "system.shutdown", at + timedelta(seconds=50 + 7 * n))
    drain(database.engine)
    while rollups.sum_up(database.engine, 5):
        pass
    dense = "select count(*) from insights.{}spreads where kind = 'duration' and dense is not null"
    assert rows.scalar(text(dense.format("conversation_"))) == 0
    assert rows.scalar(text(dense.format("platform_"))) == 1
    # Both are queued from here on.
    event(rows, talk, "system.shutdown", at + timedelta(seconds=9))
    talk = conversation(rows, places[0], started_at=midnight + timedelta(hours=3))
    event(rows, talk, "system.shutdown", midnight + timedelta(hours=3, seconds=77))
    since = midnight - timedelta(days=1)
    for tests in (False, True):
        late = {"since": since, "until": midnight + timedelta(hours=15), "demo": None,
                "tests": tests, "starts": [since]}  # fmt: skip
        with both(database) as (conn, theirs):
            for asked, counted in together("UTC").items():
                answer = theirs.execute(text(asked), late).all()
                right = conn.execute(text(counted), late).all()
                if "'duration'" not in asked:
                    assert answer == right, asked
                    continue
                assert all(row.n > 0 for row in answer)
                values, wanted = (
                    sorted(row.code for row in found for _ in range(row[-1]))
                    for found in (answer, right)
                )
                pairs = list(zip(values, wanted, strict=True))
                assert len(pairs) > 20
                assert [(a, b) for a, b in pairs if abs(a - b) > 0.025 * b] == []
