from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domo_insights import ranking

ITEMS = st.lists(st.integers(0, 20), max_size=20, unique=True)
WANTED = st.sets(st.integers(0, 20), min_size=1, max_size=6)


def test_by_hand():
    found = ["b", "a", "c", "d"]
    assert ranking.recall_at(found, {"a"}, 1) == 0
    assert ranking.recall_at(found, {"a"}, 2) == 1
    assert ranking.recall_at(found, {"a", "x"}, 4) == 0.5
    assert ranking.mrr_at(found, {"a", "d"}, 10) == 0.5
    assert ranking.mrr_at(found, {"d"}, 3) == 0
    assert ranking.ndcg_at(found, {"a"}, 10) == pytest.approx(1 / log2(3))
    assert ranking.ndcg_at(found, {"b", "c"}, 10) == pytest.approx(
        (1 + 1 / log2(4)) / (1 + 1 / log2(3))
    )
    assert ranking.rank_of(found, {"c", "d"}) == 3
    assert ranking.rank_of(found, {"x"}) is None


def test_found_twice_counts_once():
    assert ranking.ndcg_at(["a", "a"], {"a"}, 10) == 1
    assert ranking.recall_at(["a", "a"], {"a", "b"}, 10) == 0.5


@pytest.mark.parametrize("measure", [ranking.recall_at, ranking.mrr_at, ranking.ndcg_at])
def test_nothing_relevant_is_no_question(measure):
    with pytest.raises(ValueError, match="cannot be judged"):
        measure(["a"], set(), 5)


@given(ITEMS, WANTED, st.integers(0, 25))
def test_bounds_and_order(found, wanted, k):
    for measure in (ranking.recall_at, ranking.mrr_at, ranking.ndcg_at):
        value = measure(found, wanted, k)
        assert 0 <= value <= 1 + 1e-12
    assert ranking.recall_at(found, wanted, k) <= ranking.recall_at(found, wanted, k + 1)
    best = [*wanted, *(one for one in found if one not in wanted)]
    assert ranking.ndcg_at(best, wanted, 25) == pytest.approx(1)
    assert ranking.mrr_at(best, wanted, 1) == 1


def test_shares_stay_in_their_bounds():
    none, all_of_them = ranking.share(0, 5), ranking.share(5, 5)
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(0.4345, abs=1e-4)
    assert all_of_them.high == 1
    assert ranking.share(0, 0) == ranking.NOTHING


def test_an_interval_holds_its_mean_and_repeats():
    values = [1.0] * 80 + [0.0] * 20
    first = ranking.mean(values)
    assert first == ranking.mean(values)
    assert first.value == pytest.approx(0.8)
    assert 0.7 < first.low < 0.75
    assert 0.85 < first.high < 0.9
    assert ranking.mean([]) == ranking.NOTHING


def test_few_perfect_answers_are_no_certainty():
    assert ranking.mean_score([1.0] * 14) == ranking.share(14, 14)
    assert ranking.mean_score([0.0] * 14) == ranking.share(0, 14)
    assert ranking.mean_score([1.0, 0.5]) == ranking.mean([1.0, 0.5])
    assert ranking.mean_score([]) == ranking.NOTHING


def test_pairs_tell_what_the_means_hide():
    before, after = [0.1, 0.9] * 50, [0.2, 1.0] * 50
    moved = ranking.mean_difference(before, after)
    assert moved.low > 0
    assert ranking.mean(before).high > ranking.mean(after).low
    with pytest.raises(ValueError, match="same questions"):
        ranking.mean_difference([1], [])
