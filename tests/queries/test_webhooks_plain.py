"""The numbers of webhooks and of the platform against plain Python over rows."""

import random
from datetime import UTC, datetime, timedelta
from itertools import product
from math import isnan

import pytest
from sqlalchemy import insert, text

from domo_insights.database import retention
from domo_insights.database.doors import reading
from domo_insights.database.queue import drain
from domo_insights.database.rollups import sum_up
from domo_insights.database.tables import delivery_counts
from domo_insights.period import Period
from domo_insights.queries import platform, webhooks, webhooks_rows, webhooks_silence
from domo_insights.queries.webhooks import MOST_TYPES, REST
from tests.factories import (
    ANA,
    BEN,
    PIA,
    chunk,
    conversation,
    demo,
    event,
    message,
    video,
)
from tests.queries.plain import percentile, talks

AS_OF = datetime(2026, 3, 30, 15, 30, tzinfo=UTC)
PERIODS = ("24h", "7d", "30d", "2026-02-01..2026-02-02", "2025-11-01..2026-03-31")
ZONES = ("UTC", "Asia/Kolkata", "America/New_York", "Europe/Berlin")


@pytest.fixture
def pipe(rows):
    """Nine weeks of events of three demos and of nobody, regular and odd, by a seeded die."""
    die = random.Random(11)
    demos = [demo(rows, ANA, name="Alpha"), demo(rows, ANA), demo(rows, BEN)]
    held = [[conversation(rows, d, is_test=n == 0) for n in range(4)] for d in demos]
    kinds = [f"kind.{n}" for n in range(9)]
    for _ in range(900):
        at = AS_OF - timedelta(minutes=die.randrange(60 * 24 * 63))
        if die.random() < 0.8:  # mostly working hours, so that some hours are usual
            at = at.replace(hour=die.choice([9, 9, 10, 14]))
        talk = die.choice([*die.choice(held), "of-nobody"])
        by_file = die.random() < 0.1
        event(
            rows,
            talk,
            die.choice(kinds[: die.randrange(1, 10)]),
            at,
            occurred_at=at - timedelta(milliseconds=die.randrange(90_000)),
            received_via="file" if by_file else "http",
            processing_duration_ms=None if by_file else int(die.lognormvariate(4, 1.5)),
        )
    return demos


def told(rows, period, demos):
    """Events of the period and of `demos`."""
    every = rows.execute(text("select * from public.processed_webhook_events")).all()
    return [e for e in every if e.demo_id in demos and period.start <= e.processed_at < period.end]


def close(value, expected, rel=1e-6):
    return isnan(value) if expected is None else value == pytest.approx(expected, rel=rel)


def check(row, found):
    live = [e for e in found if e.received_via == "http"]
    times = [e.processing_duration_ms for e in live if e.processing_duration_ms is not None]
    lags = [(e.processed_at - e.occurred_at).total_seconds() for e in live]
    assert row["events"] == len(found)
    assert row["timed_events"] == len(times)
    assert row["http_events"] == len(live)
    for part in (50, 95, 99):
        assert close(row[f"handler_p{part}"], percentile(times, part / 100), 0.025)
    for part in (50, 95):
        assert close(row[f"lag_p{part}"], percentile(lags, part / 100), 0.025)


def test_the_headline_numbers_with_tests_in_and_files_out(rows, database, pipe):
    for words, zone in product(PERIODS, ZONES):
        for period in (now := Period.parse(words, AS_OF, zone), now.previous()):
            for viewer, own in ((ANA, pipe[:2]), (BEN, pipe[2:]), (PIA, pipe)):
                with reading(database.engine, viewer) as conn:
                    row = webhooks.kpis(conn, period).iloc[0]
                check(row, told(rows, period, own))


def test_over_time_and_by_type(rows, database, pipe):
    period = Period.parse("2026-03-20..2026-03-31", AS_OF, "Europe/Berlin")
    found = told(rows, period, pipe[:1])
    with reading(database.engine, ANA) as conn:
        over = webhooks.over_time(conn, period, pipe[0])
        kinds = webhooks.by_type(conn, period, pipe[0])
        both = webhooks.by_type_over_time(conn, period, pipe[0])
    for bucket, (_, row) in zip(period.buckets(), over.iterrows(), strict=True):
        here = [e for e in found if bucket.start <= e.processed_at < bucket.end]
        check(row, here)
        for _, cell in both[both["bucket"] == bucket.label].iterrows():
            named = set(both["event_type"]) - {REST}
            kind = cell["event_type"]
            mine = [
                e
                for e in here
                if (e.event_type == kind or (kind == REST and e.event_type not in named))
            ]
            check(cell, mine)
    for _, row in kinds.iterrows():
        check(row, [e for e in found if e.event_type == row["event_type"]])
    assert both["event_type"].nunique() == MOST_TYPES < len(kinds)
    assert both["events"].sum() == kinds["events"].sum() == len(found)


@pytest.mark.parametrize("viewer", [ANA, PIA])
def test_a_day_whose_events_are_all_the_next_days_elsewhere(rows, database, viewer):
    """What UTC counts on 20 March came on the 21st in Berlin, in more steps than are kept apart."""
    mine, late = demo(rows, ANA), datetime(2026, 3, 20, 23, 5, tzinfo=UTC)
    talk = conversation(rows, mine)
    for n in range(60):
        at = late + timedelta(seconds=20 * n) if n < 20 else late + timedelta(days=3, minutes=n)
        lag = timedelta(seconds=1.2**n)
        event(rows, talk, at=at, occurred_at=at - lag, processing_duration_ms=int(1.2**n) + n)
    drain(database.engine)
    sum_up(database.engine)
    period = Period.parse("2026-03-16..2026-03-27", AS_OF, "Europe/Berlin")
    found = told(rows, period, [mine])
    with reading(database.engine, viewer) as conn:
        check(webhooks.kpis(conn, period).iloc[0], found)
        over = webhooks.over_time(conn, period)
        both = webhooks.by_type_over_time(conn, period)
    for bucket, (_, row), (_, cell) in zip(
        period.buckets(), over.iterrows(), both.iterrows(), strict=True
    ):
        here = [e for e in found if bucket.start <= e.processed_at < bucket.end]
        check(row, here)
        check(cell, here)


def test_the_distribution_holds_each_time_once(rows, database, pipe):
    period = Period.parse("30d", AS_OF)
    times = [e.processing_duration_ms for e in told(rows, period, pipe[:2])
             if e.processing_duration_ms is not None]  # fmt: skip
    with reading(database.engine, ANA) as conn:
        frame = webhooks.distribution(conn, period)
    assert frame["events"].sum() == len(times)
    for row in frame.itertuples():
        assert row.events == sum(row.low_ms <= t < row.high_ms for t in times)
    assert (frame["high_ms"].iloc[:-1].values == frame["low_ms"].iloc[1:].values).all()


def plain_hours(rows, period, demos):
    """(judged, silent) of each hour from the first event's on that begins in the period and is
    over."""
    busy, zone = {}, period.tz
    for e in rows.execute(text("select * from public.processed_webhook_events")).all():
        if e.demo_id in demos and e.received_via == "http" and e.processed_at < period.end:
            local = e.processed_at.astimezone(zone)
            busy.setdefault((local.date(), local.hour), []).append(e)
    first = min(busy)
    answer = {}
    at = period.start
    while at < min(period.end, period.as_of):
        local = at.astimezone(zone)
        begins = (local.minute, local.second) == (0, 0)
        if begins and at + timedelta(hours=1) <= min(period.end, period.as_of):
            weeks = [(local.date() - timedelta(days=7 * n), local.hour) for n in range(1, 5)]
            judged = weeks[-1] >= first
            usual = sum(week in busy for week in weeks)
            silent = judged and (local.date(), local.hour) not in busy and usual >= 3
            if (local.date(), local.hour) >= first:
                answer[(local.date(), local.hour)] = (judged, silent)
        at += timedelta(minutes=15)
    return answer


def test_silent_hours(rows, database, pipe):
    some = 0
    for words, zone in product((*PERIODS[:3], "2026-02-20..2026-03-31"), ZONES):
        period = Period.parse(words, AS_OF, zone)
        for viewer, own in ((ANA, pipe[:2]), (BEN, pipe[2:])):
            expected = plain_hours(rows, period, own)
            with reading(database.engine, viewer) as conn:
                frame = webhooks_silence.hours(conn, period)
                row = webhooks_silence.kpis(conn, period).iloc[0]
                over = webhooks_silence.over_time(conn, period)
            got = {(r.hour.date(), r.hour.hour): (r.judged, r.silent) for r in frame.itertuples()}
            assert got == expected, (words, zone)
            judged = sum(judged for judged, _ in expected.values())
            silent = sum(silent for _, silent in expected.values())
            assert row["judged_hours"] == judged == over["judged_hours"].sum()
            assert close(row["silent_hours"], silent if judged else None)
            assert over["silent_hours"].sum() == silent
            some += silent
    assert some > 50


def test_all_the_time_there_is_has_the_hours_that_events_tell_of(rows, database, pipe):
    period = Period.parse("1970-01-01..2199-12-31", AS_OF, "Europe/Berlin")
    with reading(database.engine, ANA) as conn:
        frame = webhooks_silence.hours(conn, period)
        row = webhooks_silence.kpis(conn, period).iloc[0]
        over = webhooks_silence.over_time(conn, period)
    first = min(e.processed_at for e in told(rows, period, pipe[:2]) if e.received_via == "http")
    assert frame["hour"].iloc[0] == first.astimezone(period.tz).replace(
        minute=0, second=0, microsecond=0, tzinfo=None
    )
    assert len(frame) < 24 * 366
    assert row["judged_hours"] == over["judged_hours"].sum() > 0
    assert len(over) == len(period.buckets())
    with reading(database.engine, ANA) as conn:
        assert webhooks_silence.hours(conn, Period.parse("1970-01-01..1980-01-01", AS_OF)).empty
        assert webhooks_silence.hours(conn, Period.parse("2030-01-01..2199-01-01", AS_OF)).empty


def test_little_history_is_no_silence(rows, database):
    talk = conversation(rows, demo(rows))
    for day in range(27):
        event(rows, talk, at=AS_OF - timedelta(days=day))
    with reading(database.engine, ANA) as conn:
        row = webhooks_silence.kpis(conn, Period.parse("7d", AS_OF)).iloc[0]
    assert row["judged_hours"] == 0
    assert isnan(row["silent_hours"])


@pytest.mark.parametrize("viewer", [ANA, PIA])
def test_half_hour_zones_judge_no_hour_by_weeks_that_retention_took(rows, database, viewer):
    where = demo(rows, ANA)
    for day in range(3, 63):
        at = AS_OF - timedelta(days=day)
        event(rows, conversation(rows, where, started_at=at), at=at)
    drain(database.engine)
    cut = AS_OF - timedelta(days=31)
    held = retention.older_than(database.admin, cut)
    retention.take_out(database.admin, database.engine, held, cut)
    for zone, history in (("UTC", AS_OF - timedelta(days=62)), ("Asia/Kolkata", cut)):
        period = Period.parse("7d", AS_OF, zone)
        with reading(database.engine, viewer) as conn:
            hours = webhooks_silence.hours(conn, period).set_index("hour")
        enough = hours.index.tz_localize(zone) - timedelta(days=28) >= history
        assert hours["judged"].tolist() == enough.tolist()
        assert hours["silent"].sum() == 2


def test_the_slowest_and_the_newest_come_first(rows, database, pipe):
    period = Period.parse("30d", AS_OF)
    timed = [e for e in told(rows, period, pipe[:2]) if e.processing_duration_ms is not None]
    with reading(database.engine, ANA) as conn:
        slow = webhooks_rows.slowest(conn, period, limit=7)
        new = webhooks_rows.newest(conn, limit=5)
        carried = webhooks_rows.payload(conn, slow["event_id"].iloc[0])
        alone = webhooks_rows.slowest(conn, period, pipe[1], limit=7)
        every = webhooks_rows.slowest(conn, period, limit=10_000)
    timed.sort(key=lambda e: e.id)
    timed.sort(key=lambda e: (e.processing_duration_ms, e.processed_at), reverse=True)
    ids = [e.id for e in timed]
    assert slow["event_id"].tolist() == ids[:7]
    assert every["event_id"].tolist() == ids
    assert alone["event_id"].tolist() == [e.id for e in timed if e.demo_id == pipe[1]][:7]
    assert slow["handler_ms"].tolist() == [e.processing_duration_ms for e in timed[:7]]
    assert new["processed_at"].is_monotonic_decreasing
    assert "n" in carried["payload"].iloc[0]


def test_what_does_not_fit_together(rows, database):
    where = demo(rows)
    heard, quiet = conversation(rows, where, started_at=AS_OF), conversation(
        rows, where, started_at=AS_OF
    )  # fmt: skip
    event(rows, heard, at=AS_OF)
    rows.execute(
        text("insert into insights.conversation_map values ('odd', :d, 'address')"), {"d": where}
    )
    for _ in range(2):
        event(rows, "odd", at=AS_OF)
    whispered = "only the system"
    rows.execute(
        text("insert into insights.conversation_map values (:c, :d, 'address')"),
        {"c": whispered, "d": where},
    )
    event(rows, whispered, at=AS_OF)
    message(rows, whispered, "system", at=AS_OF)
    period = Period.parse("7d", AS_OF + timedelta(minutes=5))
    for _ in ("queued", "kept"):
        with reading(database.engine, ANA) as conn:
            silent = webhooks_rows.without_events(conn, period)
            odd = webhooks_rows.without_conversation(conn, period)
            assert webhooks_rows.without_events(conn, period.previous()).empty
            assert webhooks_rows.without_conversation(conn, period.previous()).empty
        assert silent["conversation_id"].tolist() == [quiet]
        assert odd[["conversation_id", "events", "of"]].values.tolist() == [["odd", 2, 1]]
        drain(database.engine)
    message(rows, "odd", at=AS_OF)
    with reading(database.engine, ANA) as conn:
        assert webhooks_rows.without_conversation(conn, period).empty


def test_duplicates_are_counted_for_the_demo_and_the_period(rows, database):
    mine, other = demo(rows), demo(rows, BEN)
    for where, at, n in (
        (mine, AS_OF, 3),
        (mine, AS_OF - timedelta(days=40), 5),
        (other, AS_OF, 7),
    ):
        row = {"demo_id": where, "bucket": at, "duplicates": n, "conflicts": n, "refused": 0}
        rows.execute(insert(delivery_counts).values(row))
    period = Period.parse("7d", AS_OF + timedelta(minutes=20))
    with reading(database.engine, ANA) as conn:
        assert webhooks.kpis(conn, period)["duplicates"].iloc[0] == 3
    with reading(database.engine, PIA) as conn:
        assert platform.conflicts(conn, period)["conflicts"].tolist() == [7, 3]


def test_the_platform_in_counts(rows, database):
    full, bare, silent = demo(rows), demo(rows), demo(rows, BEN)
    for where, test in ((full, False), (full, False), (bare, False), (silent, True)):
        talk = conversation(rows, where, started_at=AS_OF - timedelta(days=2), is_test=test)
        for seq in range(3):
            message(rows, talk, at=AS_OF - timedelta(days=2), seq=seq)
        if where == full:
            event(rows, talk, at=AS_OF - timedelta(days=2))
    event(rows, "of-nobody", at=AS_OF - timedelta(days=1))
    video(rows, full)
    video(rows, bare, processing_status="failed")
    chunk(rows, bare)
    chunk(rows, full, vector_embedding=[0.5] * 1536)
    period = Period.parse("7d", AS_OF)
    with reading(database.engine, PIA) as conn:
        row = platform.kpis(conn, period).iloc[0]
        tests = platform.kpis(conn, period, None, True).iloc[0]
        over = platform.over_time(conn, period)
        has = platform.adoption(conn, period).set_index("what")
        owners = platform.owners(conn, period)
    found = [t for t in talks(rows) if not t.is_test]
    assert row["active_demos"] == len({t.demo_id for t in found}) == 2
    assert (row["active_owners"], tests["active_owners"]) == (1, 2)
    assert row["unmapped_events"] == over["unmapped_events"].sum() == 1
    assert over["active_demos"].max() == 2
    assert has["demos"].tolist() == [1, 1, 1]
    assert has["adoption"].tolist() == [0.5, 0.5, 0.5]
    assert owners["owner"].str.startswith("northwind.example").tolist() == [True]
    assert owners.iloc[0, 1:].tolist() == [2, 2, 3, 9, 2]
