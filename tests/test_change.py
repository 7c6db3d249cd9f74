import pytest
from hypothesis import given
from hypothesis import strategies as st

from domo_insights import metrics
from domo_insights.change import (
    NO_EARLIER_DATA,
    Measured,
    Tone,
    change,
    measured,
    share,
)
from domo_insights.intervals import newcombe
from domo_insights.metrics import THIN


@pytest.mark.parametrize(
    ("shares", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_intervals_are_those_of_the_paper(shares, low, high):
    """Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10."""
    assert newcombe(*shares) == pytest.approx((low, high), abs=5e-5)


counts = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, counts)
def test_an_interval_holds_the_difference_and_turns_with_it(now, before):
    low, high = newcombe(*now, *before)
    step = now[0] / now[1] - before[0] / before[1]
    assert -1 - 1e-9 <= low <= step + 1e-9
    assert step - 1e-9 <= high <= 1 + 1e-9
    assert newcombe(*before, *now) == pytest.approx((-high, -low))


def counted(now, before):
    return change(metrics.CONVERSATIONS, Measured(now, now), Measured(before, before))


def test_a_count_has_a_percentage_only_on_a_base_of_ten():
    assert counted(15, 10).text == f"+5 (+50{THIN}%)"
    assert counted(8, 10).text == f"−2 (−20{THIN}%)"
    assert counted(10, 10).text == "no change"
    few = counted(15, 9)
    assert (few.text, few.was, few.direction) == ("too few to tell", "was 9", 0)
    assert counted(15, 0).text == "too few to tell"


def test_good_and_bad_belong_to_the_metric():
    assert counted(20, 10).tone is Tone.GOOD
    assert counted(10, 20).tone is Tone.BAD
    slower = change(metrics.REPLY_P95, Measured(3.0, 9), Measured(1.0, 8))
    assert (slower.text, slower.tone, slower.direction) == (f"+2.0{THIN}s", Tone.BAD, 1)
    assert slower.was == f"was 1.0{THIN}s"
    same = change(metrics.REPLY_P95, Measured(2.41, 9), Measured(2.39, 8))
    assert (same.text, same.direction) == ("no change", 0)
    assert slower.basis == "over 9 values now and 8 before"


def test_a_share_changed_only_when_its_interval_leaves_out_zero():
    unsure = change(metrics.NEGATIVE_SHARE, share(5, 56), share(0, 29))
    assert unsure.text == "no clear change"
    assert "−3.8 to +19.3" in unsure.basis
    sure = change(metrics.NEGATIVE_SHARE, share(56, 70), share(48, 80))
    assert (sure.text, sure.tone) == (f"+20.0{THIN}pp", Tone.BAD)


@pytest.mark.parametrize("before", [None, share(0, 0)])
def test_without_earlier_data_it_says_so(before):
    assert change(metrics.NEGATIVE_SHARE, share(1, 2), before) == NO_EARLIER_DATA


def test_nothing_now_is_not_a_change():
    gone = change(metrics.MEDIAN_DURATION, Measured(None, 0), Measured(30.0, 3))
    assert gone.text == "nothing to compare"
    assert "30" in gone.was


def test_a_row_says_on_what_its_numbers_rest():
    row = {"conversations": 3, "active_share": 1 / 3, "median_duration": float("nan"),
           "known_durations": 0}  # fmt: skip
    assert measured(metrics.CONVERSATIONS, row) == Measured(3.0, 3)
    assert measured(metrics.ACTIVE_SHARE, row) == Measured(1 / 3, 3, 1)
    assert measured(metrics.MEDIAN_DURATION, row) == Measured(None, 0)
