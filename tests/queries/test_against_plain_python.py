"""Every number of the pages against the same number counted from its words in plain Python."""

from itertools import product
from math import isnan

import pytest

from domo_insights.database.doors import reading
from domo_insights.period import Period
from domo_insights.queries import conversations, demos, messages, replies
from tests.factories import ANA, BEN, PIA
from tests.queries.conftest import AS_OF
from tests.queries.plain import feeling, percentile, talks

PERIODS = ("24h", "7d", "30d", "2026-02-01..2026-02-02", "2025-11-01..2026-03-21")
ZONES = ("UTC", "Asia/Kolkata", "America/New_York", "Pacific/Apia")
VIEWERS = {"ana": (ANA, {0, 1}), "ben": (BEN, {2}), "pia": (PIA, {0, 1, 2})}


def close(value, expected, rel=1e-6):
    return isnan(value) if expected is None else value == pytest.approx(expected, rel=rel)


def chosen(rows, history, owned, demo=None, include_test=False):
    mine = {history[number] for number in owned} if demo is None else {demo}
    return [t for t in talks(rows) if t.demo_id in mine and (include_test or not t.is_test)]


def started(found, period):
    return [t for t in found if t.started_at and period.start <= t.started_at < period.end]


def sent(found, period):
    return [m for t in found for m in t.messages
            if m.role != "system" and period.start <= m.occurred_at < period.end]  # fmt: skip


def check_conversations(row, found):
    assert row["conversations"] == len(found)
    assert row["active"] == sum(t.active for t in found)
    assert close(row["active_share"], sum(t.active for t in found) / len(found) if found else None)
    lengths = [t.count("user") + t.count("assistant") for t in found]
    assert close(row["median_length"], percentile(lengths, 0.5))
    durations = [t.duration for t in found if t.duration is not None]
    assert close(row["median_duration"], percentile(durations, 0.5), 0.025)
    assert row["known_durations"] == len(durations)


def check_messages(row, said):
    user = [m for m in said if m.role == "user"]
    labelled = [m for m in user if feeling(m)]
    negative = [m for m in labelled if feeling(m) == "negative"]
    assert row["messages"] == len(said)
    assert row["user_messages"] == len(user)
    assert row["labelled"] == len(labelled)
    assert close(row["negative_share"], len(negative) / len(labelled) if labelled else None)
    assert close(row["unlabelled_share"], 1 - len(labelled) / len(user) if user else None)


def check_replies(row, found):
    times = [seconds for t in found for seconds in t.reply_times]
    assert row["replies"] == len(times)
    assert close(row["reply_p50"], percentile(times, 0.5), 0.025)
    assert close(row["reply_p95"], percentile(times, 0.95), 0.025)


@pytest.mark.parametrize("who", VIEWERS)
def test_the_headline_numbers(rows, database, history, who):
    viewer, owned = VIEWERS[who]
    for text, zone, include_test in product(PERIODS, ZONES, (False, True)):
        now = Period.parse(text, AS_OF, zone)
        for period in (now, now.previous()):
            found = chosen(rows, history, owned, include_test=include_test)
            with reading(database.engine, viewer) as conn:
                talk = conversations.kpis(conn, period, None, include_test).iloc[0]
                words = messages.kpis(conn, period, None, include_test).iloc[0]
                waits = replies.kpis(conn, period, None, include_test).iloc[0]
            check_conversations(talk, started(found, period))
            check_messages(words, sent(found, period))
            check_replies(waits, started(found, period))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("text", PERIODS)
def test_each_bucket_by_itself(rows, database, history, text, zone):
    period, found = Period.parse(text, AS_OF, zone), chosen(rows, history, {0, 1})
    with reading(database.engine, ANA) as conn:
        talk = conversations.over_time(conn, period)
        words = messages.over_time(conn, period)
        waits = replies.over_time(conn, period)
        volume = conversations.message_volume(conn, period)
    for number, bucket in enumerate(period.buckets()):
        assert talk["bucket"][number] == bucket.label
        inside = started(found, bucket)
        check_conversations(talk.iloc[number], inside)
        check_messages(words.iloc[number], sent(found, bucket))
        check_replies(waits.iloc[number], inside)
        by_role = volume.iloc[2 * number : 2 * number + 2].set_index("role")["messages"]
        said = sent(found, bucket)
        assert by_role.to_dict() == {
            role: sum(m.role == role for m in said) for role in ("user", "assistant")
        }


def test_messages_per_day_has_a_row_for_each_day_and_role(rows, database, history):
    period = Period.parse("30d", AS_OF, "America/New_York")
    with reading(database.engine, ANA) as conn:
        daily = conversations.messages_per_day(conn, period)

    assert list(daily.columns) == ["day", "role", "messages"]
    assert len(daily) == 60
    said = sent(chosen(rows, history, {0, 1}), period)
    assert daily["messages"].sum() == len(said) > 0
    for (day, role), counted in daily.groupby(["day", "role"])["messages"].sum().items():
        local = [m for m in said if m.occurred_at.astimezone(period.tz).date() == day.date()]
        assert counted == sum(m.role == role for m in local)


def test_demos_are_ranked_by_their_conversations(rows, database, history):
    period = Period.parse("30d", AS_OF, "Asia/Kolkata")
    with reading(database.engine, ANA) as conn:
        ranked = demos.ranked(conn, period)

    assert set(ranked["demo_id"]) == set(history[:2])
    assert ranked["conversations"].is_monotonic_decreasing
    for row in ranked.to_dict("records"):
        found = chosen(rows, history, (), row["demo_id"])
        inside = started(found, period)
        said = sent(found, period)
        labelled = [m for m in said if m.role == "user" and feeling(m)]
        assert row["conversations"] == len(inside) == sum(row["trend"])
        assert len(row["trend"]) == 30
        assert close(row["active_share"], sum(t.active for t in inside) / len(inside))
        assert row["messages"] == len(said)
        unhappy = sum(feeling(m) == "negative" for m in labelled)
        assert close(row["negative_share"], unhappy / len(labelled))
        moments = [m.occurred_at for t in found for m in t.messages if m.role != "system"]
        moments += [t.ended_at for t in found if t.ended_at]
        assert row["last_activity"] == max(moments)


def test_the_listing_is_all_of_them_newest_first_and_can_be_paged(rows, database, history):
    period = Period.parse("30d", AS_OF)
    with reading(database.engine, ANA) as conn:
        whole = conversations.listing(conn, period)
        pages = [conversations.listing(conn, period, limit=7, offset=n) for n in range(0, 70, 7)]

    found = started(chosen(rows, history, {0, 1}), period)
    expected = sorted(found, key=lambda t: (-t.started_at.timestamp(), t.id))
    assert whole["conversation_id"].tolist() == [t.id for t in expected]
    assert [i for page in pages for i in page["conversation_id"]] == [t.id for t in expected]
    assert whole["user_messages"].tolist() == [t.count("user") for t in expected]
    assert [None if d is None else d for d in whole["duration_seconds"].astype(object).where(
        whole["duration_seconds"].notna(), None)] == [t.duration for t in expected]  # fmt: skip


def test_one_demo_alone(rows, database, history):
    period = Period.parse("30d", AS_OF)
    with reading(database.engine, ANA) as conn:
        talk = conversations.kpis(conn, period, history[1]).iloc[0]
        words = messages.kpis(conn, period, history[1]).iloc[0]
        waits = replies.kpis(conn, period, history[1]).iloc[0]
    found = chosen(rows, history, (), history[1])
    check_conversations(talk, started(found, period))
    check_messages(words, sent(found, period))
    check_replies(waits, started(found, period))
