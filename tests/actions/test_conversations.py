import pytest
from sqlalchemy import text

from domo_insights.actions.conversations import mark_test
from domo_insights.database.doors import editing, reading
from domo_insights.errors import NotAllowedError
from domo_insights.queries import conversations_one
from tests.factories import ANA, BEN, PIA, conversation, demo, event


def is_test(database, talk):
    with reading(database.engine, ANA) as conn:
        return bool(conversations_one.summary(conn, talk)["is_test"][0])


@pytest.mark.parametrize("known_by", ["details", "events"])
def test_an_owner_marks_a_conversation_and_takes_it_back(rows, database, known_by):
    where = demo(rows, tavus_persona_id="p1")
    if known_by == "details":
        talk = conversation(rows, where)
    else:
        talk = "seen-in-events"
        event(rows, talk, event_data={"properties": {"persona_id": "p1"}})
    for wanted in (True, False):
        with editing(database.engine, ANA) as conn:
            mark_test(conn, talk, wanted)
        assert is_test(database, talk) is wanted
    seen = rows.execute(text("select demo_id from public.audit_logs where action = 'mark_test'"))
    assert seen.scalars().all() == [where, where]


@pytest.mark.parametrize("viewer", [BEN, PIA])
def test_nobody_else_can(rows, database, viewer):
    talk = conversation(rows, demo(rows))
    with pytest.raises(NotAllowedError), editing(database.engine, viewer) as conn:
        mark_test(conn, talk, True)
    with pytest.raises(NotAllowedError), editing(database.engine, ANA) as conn:
        mark_test(conn, "nobodys", True)
    assert not is_test(database, talk)
