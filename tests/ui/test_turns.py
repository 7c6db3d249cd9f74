import threading
import time

from sqlalchemy import create_engine, text

from domo_insights.ui import turns
from domo_insights.ui.turns import LONGEST_SECONDS, Turns


def wait_for(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_of_those_who_wait_the_one_that_asked_first_is_next():
    line, came, started = Turns(), [], time.monotonic()
    first = line.take(started)

    def wait(asked_at):
        turn = line.take(asked_at)
        came.append(asked_at)
        line.give_up(turn)

    waiting = [threading.Thread(target=wait, args=[started + n]) for n in (3, 1, 2)]
    with line._lock:  # nobody is passed on to before all of them wait
        for thread in waiting:
            thread.start()
    line._since = time.monotonic() + 60
    wait_for(lambda: len(line._waiting) == 3)
    line.give_up(first)
    for thread in waiting:
        thread.join(20)
    assert came == [started + n for n in (1, 2, 3)]


def test_a_turn_that_is_kept_is_passed_on_and_comes_back_to_nobody():
    line = Turns()
    kept = line.take(1.0)
    began = time.monotonic()
    second = line.take(2.0)
    assert time.monotonic() - began >= LONGEST_SECONDS * 0.9
    line.give_up(kept)  # no longer its own
    assert line._holder is second
    line.give_up(second)
    assert line._holder is None


def test_while_the_database_works_for_a_page_another_one_is_made(database):
    engine, made = create_engine(database.login_url), threading.Event()

    def other():
        with turns.turn():
            made.set()

    with turns.turn(), engine.connect() as conn:
        thread = threading.Thread(target=other)
        turns._turns._since = time.monotonic() + 60  # it is not for being late
        thread.start()
        time.sleep(0.05)
        assert not made.is_set()
        conn.execute(text("select pg_sleep(0.3)"))
        assert made.wait(20)
    thread.join(20)
    assert turns._turns._holder is None
    engine.dispose()


def test_a_page_that_fails_gives_its_turn_up():
    try:
        with turns.turn():
            raise ValueError
    except ValueError:
        pass
    assert turns._turns._holder is None


def test_who_waits_for_an_answer_that_another_page_asks_for_has_no_turn(monkeypatch):
    line, both, waits = Turns(), threading.Lock(), threading.Event()
    monkeypatch.setattr(turns, "_turns", line)

    def other():
        with turns.turn():
            waits.set()
            with turns.holding(both):
                pass
            assert line._holder is turns._own.turn

    thread = threading.Thread(target=other)
    with turns.holding(both):
        thread.start()
        assert waits.wait(20)
        line._since = time.monotonic() + 60  # nobody is passed on to for being late
        wait_for(lambda: line._holder is None)
    thread.join(20)
    assert line._holder is None
    assert not thread.is_alive()
