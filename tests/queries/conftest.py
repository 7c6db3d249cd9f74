import random
from datetime import UTC, datetime, timedelta

import pytest

from domo_insights.database.queue import drain
from tests.factories import ANA, BEN, conversation, demo, event, message

AS_OF = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)


@pytest.fixture
def history(rows, database):
    """Two months of two owners' conversations, regular and odd ones, by a seeded die; half of them
    are kept in rollups, half still queued."""
    die = random.Random(7)
    demos = [demo(rows, ANA, name="Alpha"), demo(rows, ANA, name="beta"),
             demo(rows, BEN, name="Gamma")]  # fmt: skip
    for number in range(70):
        if number == 35:
            drain(database.engine)
        where = die.choice(demos)
        start = AS_OF - timedelta(minutes=die.randrange(60 * 24 * 60))
        talk = conversation(
            rows,
            where,
            started_at=die.choice([start, start, None]),
            completed_at=die.choice([None, start + timedelta(seconds=die.randrange(20, 900))]),
            is_test=number % 9 == 0,
        )
        _speak(rows, die, talk, start)
    return demos


def _speak(rows, die, talk, start):
    at = start
    if die.random() < 0.5:
        event(rows, talk, "system.replica_joined", start + timedelta(seconds=2))
    for seq in range(die.randrange(9)):
        at += timedelta(seconds=die.choice([0, 1, 7, 40]), milliseconds=die.randrange(999))
        message(
            rows,
            talk,
            die.choice(["user", "user", "assistant", "assistant", "system"]),
            at,
            seq=seq,
            timestamp=die.choice([at, at, at, None]),
            sentiment=die.choice([None, " Negative", "positive", "neutral", "  "]),
        )
    if die.random() < 0.4:
        event(rows, talk, "system.shutdown", at + timedelta(seconds=die.randrange(50)))
