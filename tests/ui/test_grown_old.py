"""Lists of what can be read say what retention has taken from them."""

from datetime import timedelta

import pytest

from domo_insights.database import retention
from domo_insights.database.queue import drain
from tests.factories import ANA, BEN, conversation, demo, message
from tests.ui.test_pages import NOW


def wrong(rows, where, at):
    """A conversation with one confident miss that is a missed moment as well."""
    found = conversation(rows, where, started_at=at, completed_at=at + timedelta(minutes=5))
    said = {"intent": "pricing", "confidence": 0.9, "content": "How much is it?"}
    message(rows, found, at=at, **said)
    message(rows, found, "assistant", at + timedelta(seconds=5), seq=1)
    message(rows, found, at=at + timedelta(seconds=9), seq=2, sentiment="negative", content="No.")
    message(rows, found, "assistant", at + timedelta(seconds=12), seq=3)
    return found


@pytest.fixture
def aged(database, rows):
    """What was said long ago goes, all of it or its words; a younger conversation stays."""

    def made(*, younger=1, anonymise=False):
        where = demo(rows, name="Alpha")
        for days in (9, 8, 7):
            wrong(rows, where, NOW - timedelta(days=days))
        for _ in range(younger):
            wrong(rows, where, NOW - timedelta(hours=3))
        drain(database.engine)
        cut = NOW - timedelta(days=2)
        held = retention.older_than(database.admin, cut)
        retention.take_out(database.admin, database.engine, held, cut, anonymise=anonymise)

    return made


def captions(app):
    assert not app.exception
    assert not app.error
    return "\n".join(caption.value for caption in app.caption)


def test_nothing_to_read_is_not_said_where_it_was_deleted(open_app, aged):
    aged(younger=0)
    app = open_app(ANA)
    assert "3 conversations with a reason to be here were deleted when old" in captions(app)
    assert not [told for told in app.success if "Nothing is left" in told.value]
    assert "with a reason to be here" not in captions(open_app(ANA, period="24h"))


def test_what_is_left_stands_above_what_is_gone(open_app, aged):
    aged()
    shown = captions(open_app(ANA))
    assert "missed moment" in shown
    assert "3 conversations with a reason to be here" in shown


def test_without_retention_nothing_is_said_of_it(open_app, rows):
    wrong(rows, demo(rows, name="Alpha"), NOW - timedelta(days=3))
    assert "deleted" not in captions(open_app(ANA))
    app = open_app(ANA, "sentiment")
    assert captions(app).count("1 in this period.") == 2
    assert "deleted" not in captions(app)


def test_lists_of_what_went_wrong_say_why_they_are_short(open_app, aged):
    aged()
    said = "4 in this period. 3 of them in conversations that were deleted when old"
    assert captions(open_app(ANA, "sentiment")).count(said) == 2


def test_words_that_are_gone_are_named(open_app, aged):
    aged(anonymise=True)
    assert captions(open_app(ANA)).count("Its words were deleted.") == 3
    shown = captions(open_app(ANA, "sentiment"))
    assert shown.count("in this period. Words of old ones were deleted.") >= 1
    assert "of them in conversations" not in shown


def test_what_another_owner_lost_is_not_said(open_app, aged, rows):
    aged(younger=0)
    wrong(rows, demo(rows, BEN, name="Beta"), NOW - timedelta(days=3))
    assert "deleted" not in captions(open_app(BEN))
