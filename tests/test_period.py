from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domo_insights.errors import PeriodError
from domo_insights.period import PRESETS, Grain, Period

ZONES = ("UTC", "Asia/Kolkata", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe",
         "America/Sao_Paulo", "Atlantic/Azores", "Africa/Cairo")  # fmt: skip
moments = st.integers(0, 20 * 365 * 86_400).map(
    lambda seconds: datetime(2009, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
zones = st.sampled_from(ZONES)
lengths = st.one_of(st.sampled_from(PRESETS), st.integers(1, 400).map(lambda n: f"{n}d"))


@given(lengths, moments, zones)
def test_a_day_preset_ends_after_today_and_the_one_before_ends_where_it_starts(length, now, zone):
    period = Period.parse(length, now, zone)
    before = period.previous()

    assert period.start < period.end
    if period.rolling:
        assert period.end <= now < period.end + timedelta(minutes=1)
        assert period.end - period.start == timedelta(hours=24)
        assert before.end == period.start
    else:
        today = now.astimezone(ZoneInfo(zone)).date()
        assert period.last_day == today
        assert (today - period.first_day).days == int(length[:-1]) - 1
        assert before.start < before.end <= period.start
    assert before.grain == period.grain


@given(lengths, moments, zones)
def test_a_running_period_is_compared_up_to_the_same_time_on_the_wall(length, now, zone):
    period = Period.parse(length, now, zone)
    if period.rolling:
        return
    cut = (now.astimezone(ZoneInfo(zone)) - timedelta(days=period.days)).astimezone(UTC)
    if abs(cut - period.previous().end) > timedelta(hours=1):  # a fold may stand in between
        assert period.previous().end == period.start or cut < period.previous().start


@given(lengths, moments, zones, st.sampled_from([None, *Grain]))
def test_buckets_cover_the_period_without_hole_or_overlap(length, now, zone, grain):
    buckets = Period.parse(length, now, zone).buckets(grain)
    period = Period.parse(length, now, zone)

    assert (buckets[0].start, buckets[-1].end) == (period.start, period.end)
    assert all(a.end == b.start and a.label <= b.label for a, b in pairwise(buckets))
    local = ZoneInfo(zone)
    for bucket in buckets[:40]:
        wall = bucket.start.astimezone(local).replace(tzinfo=None)
        assert bucket.label <= wall
        if grain is Grain.WEEK:
            assert bucket.label.isocalendar()[:2] == wall.isocalendar()[:2]


@pytest.mark.parametrize(
    ("text", "grain"),
    [("24h", Grain.HOUR), ("2d", Grain.HOUR), ("3d", Grain.DAY), ("120d", Grain.DAY),
     ("121d", Grain.WEEK)],
)  # fmt: skip
def test_the_grain_follows_the_length(text, grain):
    assert Period.parse(text, datetime(2026, 5, 5, tzinfo=UTC)).grain is grain


def test_the_day_clocks_go_back_has_25_hours_in_new_york():
    period = Period.parse("2026-11-01..2026-11-02", datetime(2026, 12, 1, tzinfo=UTC),
                          "America/New_York")  # fmt: skip
    labels = [bucket.label.hour for bucket in period.buckets()]
    assert len(labels) == 25
    assert labels.count(1) == 2


def test_the_day_clocks_go_forward_has_23_hours_in_new_york():
    period = Period.parse("2026-03-08..2026-03-09", datetime(2026, 12, 1, tzinfo=UTC),
                          "America/New_York")  # fmt: skip
    assert len(period.buckets()) == 23
    assert period.end - period.start == timedelta(hours=23)
    assert period.previous().end - period.previous().start == timedelta(hours=24)


def test_kolkata_days_start_at_half_past_the_hour_of_utc():
    period = Period.parse("7d", datetime(2026, 3, 3, 18, 29, tzinfo=UTC), "Asia/Kolkata")
    assert period.end == datetime(2026, 3, 3, 18, 30, tzinfo=UTC)
    assert period.last_day == date(2026, 3, 3)
    later = Period.parse("7d", datetime(2026, 3, 3, 18, 30, tzinfo=UTC), "Asia/Kolkata")
    assert later.last_day == date(2026, 3, 4)


def test_the_day_that_apia_skipped_is_no_bucket():
    period = Period.parse("2011-12-28..2012-01-02", datetime(2012, 2, 1, tzinfo=UTC),
                          "Pacific/Apia")  # fmt: skip
    assert [bucket.label.day for bucket in period.buckets()] == [28, 29, 31, 1]
    with pytest.raises(PeriodError):
        Period.parse("2011-12-30..2011-12-31", datetime(2012, 2, 1, tzinfo=UTC), "Pacific/Apia")


def test_before_a_running_week_stops_at_this_time_of_day():
    now = datetime(2026, 3, 11, 15, 20, tzinfo=ZoneInfo("America/New_York"))
    before = Period.last_days(7, now, "America/New_York").previous()
    assert before.start == datetime(2026, 2, 26, tzinfo=ZoneInfo("America/New_York"))
    assert before.end == datetime(2026, 3, 4, 15, 20, tzinfo=ZoneInfo("America/New_York"))


def test_before_24_hours_is_24_hours_even_when_clocks_change():
    now = datetime(2026, 3, 8, 12, 0, 59, tzinfo=UTC)
    period = Period.parse("24h", now, "America/New_York")
    assert period.end == datetime(2026, 3, 8, 12, tzinfo=UTC)
    assert period.previous().start == datetime(2026, 3, 6, 12, tzinfo=UTC)


def test_the_words_include_the_last_day():
    period = Period.parse("2026-01-01..2026-02-01", datetime(2026, 3, 1, tzinfo=UTC))
    assert period.text == "1 Jan 2026 to 31 Jan 2026"


@pytest.mark.parametrize(
    "text",
    ["", "30", "0d", "99999d", "2026-02-01..2026-02-01", "2026-02-02..2026-02-01", "a..b",
     "2026-13-01..2026-14-01", "0001-01-01..2026-01-01", "2026-01-01", "-3d"],
)  # fmt: skip
def test_what_is_no_period_is_refused_in_words(text):
    with pytest.raises(PeriodError) as refused:
        Period.parse(text, datetime(2026, 3, 1, tzinfo=UTC))
    assert str(refused.value)
    assert refused.value.hint


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../etc/passwd", "Europe", "x" * 300])
def test_an_unknown_zone_is_refused_in_words(zone):
    with pytest.raises(PeriodError, match="not a time zone"):
        Period.parse("7d", datetime(2026, 3, 1, tzinfo=UTC), zone)
