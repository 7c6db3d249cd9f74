import pytest
from sqlalchemy import func, select, text

from domo_insights.database.doors import reading, sessions
from domo_insights.database.self_test import self_test
from domo_insights.queries import access
from tests.factories import ANA, BEN, PIA, conversation, demo, event, message


@pytest.fixture
def estates(rows):
    for owner in (ANA, BEN):
        talk = conversation(rows, demo(rows, owner, name=f"of {owner.email}"))
        message(rows, talk)
        event(rows, talk)


def test_everything_holds_for_owners_and_the_product_team(database, estates):
    for viewer in (ANA, BEN, PIA):
        probes = self_test(database.engine, viewer)
        assert len(probes) >= 8
        assert all(probe.held for probe in probes)


def test_the_answer_is_the_same_whether_others_exist_or_not(rows, database, estates):
    with_others = self_test(database.engine, ANA)
    rows.execute(text("delete from public.demos where user_id = :u"), {"u": BEN.user_id})
    assert self_test(database.engine, ANA) == with_others


def test_a_fence_that_is_down_is_found(rows, database, estates):
    rows.execute(text("alter table public.conversation_messages disable row level security"))
    broken = [probe.table for probe in self_test(database.engine, ANA) if not probe.held]
    assert broken == ["public.conversation_messages"]


def test_a_withheld_column_that_is_granted_is_not_called_withheld(rows, database, estates):
    def withheld():
        with reading(database.engine, PIA) as conn:
            frame = access.tables(conn).set_index("table")
        return set(frame.loc["public.conversation_messages", "withheld"].split(", "))

    assert withheld() == {"content"}
    rows.execute(text("grant select (content) on public.conversation_messages to insights_product"))
    assert withheld() == {""}


def test_rows_are_counted_in_the_viewers_name(database, estates):
    for viewer, count in ((ANA, 1), (BEN, 1), (PIA, 2)):
        with reading(database.engine, viewer) as conn:
            frame = access.tables(conn).set_index("table")
            row = access.identity(conn).iloc[0]
        assert frame.loc["public.conversation_messages", "rows"] == count
        assert row["demos"] == count
        assert row["user_id"] == viewer.user_id
        assert (frame["withheld"] != "").any() == viewer.product_team


def test_the_audit_log_names_fields_and_no_values(rows, database):
    where = demo(rows, ANA, description="the old secret")
    rows.execute(
        text("update public.demos set description = 'a new secret', name = 'n' where id = :d"),
        {"d": where},
    )
    demo(rows, BEN)
    with reading(database.engine, ANA) as conn:
        log = access.audit_log(conn)
    assert log["action"].tolist() == ["update", "insert"]
    assert set(log["changed"].iloc[0].split(", ")) == {"description", "name"}
    assert log["who"].tolist() == ["the platform"] * 2
    assert "secret" not in log.to_csv()
    assert log["of"].tolist() == [2, 2]


def test_who_asked_in_an_owners_name_is_not_the_owner(database):
    with sessions(database.engine, ANA) as conn:
        conn.execute(select(func.insights.record("impersonate", "queries", ANA.user_id)))
        conn.execute(select(func.insights.record("sign_in", "web_sessions", ANA.user_id)))
    with reading(database.engine, ANA) as conn:
        log = access.audit_log(conn).set_index("action")
    assert log["who"].to_dict() == {"sign_in": "you", "impersonate": "an operator"}
