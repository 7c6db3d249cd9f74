import threading

import pandas as pd
import pytest

from domo_insights.ui.answers import Answers, hashable


@pytest.fixture
def answers():
    return Answers(seconds=60, most=3)


def asking(log, value=1):
    def ask():
        log.append(value)
        return pd.DataFrame({"n": [value, value], "said": ["a", "b"]})

    return ask


def test_the_same_is_asked_once(answers):
    log = []
    for _ in range(3):
        assert answers.get(("ana", 1), asking(log))["n"].tolist() == [1, 1]
    assert log == [1]


def test_another_viewer_another_version_and_other_words_are_asked_anew(answers):
    log = []
    for asked in (("ana", 1), ("ben", 1), ("ana", 2)):
        answers.get(asked, asking(log))
    assert log == [1, 1, 1]


def test_nobody_changes_what_the_next_one_gets(answers):
    mine = answers.get("asked", asking([]))
    mine.loc[0, "n"] = 99
    mine["said"] = "changed"
    mine["new"] = 1
    mine.index = [5, 6]
    again = answers.get("asked", asking([]))
    assert again.to_dict("list") == {"n": [1, 1], "said": ["a", "b"]}


def test_what_failed_is_asked_again(answers):
    def fail():
        raise ValueError("away")

    with pytest.raises(ValueError, match="away"):
        answers.get("asked", fail)
    assert len(answers.get("asked", asking([]))) == 2


def test_it_ends(monkeypatch, answers):
    log, now = [], [100.0]
    monkeypatch.setattr("domo_insights.ui.answers.time.monotonic", lambda: now[0])
    answers.get("asked", asking(log))
    now[0] += 61
    answers.get("asked", asking(log))
    assert log == [1, 1]


def test_no_more_are_kept_than_so_many(answers):
    log = []
    for n in range(5):
        answers.get(n, asking(log, n))
    assert len(answers._kept) == 3
    answers.get(4, asking(log, 4))
    answers.get(0, asking(log, 0))
    assert log == [0, 1, 2, 3, 4, 0]


def test_two_that_ask_at_once_share_one_question(answers):
    log, asked, go = [], threading.Event(), threading.Event()

    def ask():
        log.append(1)
        asked.set()
        assert go.wait(20)
        return pd.DataFrame({"n": [1]})

    threads = [threading.Thread(target=answers.get, args=["asked", ask]) for _ in range(2)]
    threads[0].start()
    assert asked.wait(20)
    threads[1].start()
    go.set()
    for thread in threads:
        thread.join(20)
    assert log == [1]


def test_lists_can_be_asked_with():
    assert hashable(([1, 2],)) == hashable(([1, 2],)) != hashable(([1, 3],))
    assert hashable((1, "a")) == (1, "a")
