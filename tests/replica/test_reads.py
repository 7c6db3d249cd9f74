"""Pages read from the replica, and from the primary when that is what is right."""

import psycopg
import pytest
from sqlalchemy import insert, select, text
from streamlit.testing.v1 import AppTest

from domo_insights.cli.checkup_replica import replica as looked_at
from domo_insights.database import replica as replicas
from domo_insights.database.doors import editing, reading, sessions
from domo_insights.database.findings import Level
from domo_insights.database.listening import Versions
from domo_insights.database.migrations import migrate, pending
from domo_insights.database.queue import drain
from domo_insights.database.reads import read
from domo_insights.database.replica import following, replica_state
from domo_insights.database.tables import demos
from domo_insights.database.tables_kept import saved_views
from domo_insights.errors import MigrationError, ReadOnlyError
from domo_insights.queries import demos as asked
from domo_insights.settings import current
from tests.factories import ANA, BEN, demo
from tests.local.processes import eventually


def count(pair, viewer):
    return read(pair.engine, viewer, lambda conn: len(asked.mine(conn)))


def where(pair, viewer):
    """Whether a read of `viewer` is answered by the replica."""
    return read(pair.engine, viewer, lambda conn: conn.scalar(text("select pg_is_in_recovery()")))


def make_demo(pair, owner):
    with pair.primary.admin.begin() as conn:
        return demo(conn, owner)


def draft(pair, viewer):
    """What a person does on a page: a new demo in their own name."""
    with editing(pair.engine, viewer) as conn:
        row = {"user_id": viewer.user_id, "name": "Mine", "status": "draft"}
        conn.execute(insert(demos).values(row))


def notices():
    def page():
        from domo_insights.ui import freshness

        freshness.notice()

    app = AppTest.from_function(page).run()
    assert not app.exception
    return [said.value for said in (*app.warning, *app.caption)]


def test_pages_read_from_the_replica_and_writes_go_to_the_primary(pair, watched):
    assert where(pair, ANA)
    make_demo(pair, BEN)
    pair.catch_up()
    before = count(pair, BEN)
    pair.replay(go_on=False)
    make_demo(pair, BEN)
    assert count(pair, BEN) == before
    with reading(pair.engine, BEN) as conn:
        assert len(asked.mine(conn)) == before + 1
    pair.replay(go_on=True)
    eventually(lambda: count(pair, BEN) == before + 1, "the replica has it")


def test_who_has_just_written_reads_what_they_wrote(pair, watched):
    pair.replay(go_on=False)
    before = count(pair, ANA)
    assert where(pair, ANA)
    draft(pair, ANA)
    assert count(pair, ANA) == before + 1
    assert not where(pair, ANA)
    assert where(pair, BEN)  # others stay where they are
    pair.replay(go_on=True)
    eventually(lambda: where(pair, ANA), "back on the replica")
    assert count(pair, ANA) == before + 1


def test_lag_is_measured_and_told(pair, watched, monkeypatch):
    monkeypatch.setattr("domo_insights.ui.freshness.WORTH_SAYING_SECONDS", 0.2)
    assert notices() == []
    pair.replay(go_on=False)
    make_demo(pair, ANA)
    eventually(lambda: (replica_state().behind_seconds or 0) > 0.5, "lag is noticed")
    assert replica_state().used
    assert notices()[0].startswith("Data may be ")
    pair.replay(go_on=True)
    eventually(lambda: replica_state().behind_seconds == 0, "no lag")
    assert notices() == []


def test_one_that_is_too_far_behind_is_not_read(pair):
    with following(pair.engine, pair.replica, 0.3):
        eventually(lambda: replica_state().used, "the replica is read from")
        pair.replay(go_on=False)
        make_demo(pair, ANA)
        eventually(lambda: not replica_state().used, "it is too far behind")
        assert not where(pair, ANA)
        assert "behind. Pages read from the primary" in notices()[0]
        pair.replay(go_on=True)
        eventually(lambda: where(pair, ANA), "the replica is read from again")


def test_a_lost_replica_costs_nobody_an_answer(pair, watched):
    known = count(pair, ANA)
    pair.copy.server.stop()
    try:
        assert count(pair, ANA) == known  # nobody has noticed before this one
        assert not where(pair, ANA)
        assert not replica_state().used
        assert notices() == [
            "The read replica does not answer. Pages read from the primary database until it is"
            " back: the numbers are right, and may take longer."
        ]
        found = [finding.level for finding in looked_at(current())]
        assert found == [Level.WRONG]
    finally:
        pair.copy.server.start()
    eventually(lambda: where(pair, ANA), "the replica is read from again")
    assert notices() == []


def test_versions_are_those_of_what_is_read(pair, watched):
    """Else a page would keep the replica's old answer under the primary's new version."""
    versions = Versions(pair.engine, "")
    demo_id = make_demo(pair, ANA)
    drain(pair.engine)
    pair.catch_up()
    versions.look()
    seen = versions.of(ANA)
    assert seen > 0
    pair.replay(go_on=False)
    with pair.primary.admin.begin() as conn:
        conn.execute(demos.update().where(demos.c.id == demo_id).values(name="Other"))
    drain(pair.engine)
    versions.look()
    assert versions.of(ANA) == seen
    pair.replay(go_on=True)
    pair.catch_up()
    versions.look()
    assert versions.of(ANA) > seen


def test_the_replica_is_fenced_and_takes_no_writes(pair, watched):
    make_demo(pair, ANA)
    pair.catch_up()
    with reading(pair.replica, BEN) as conn:
        owners = set(conn.scalars(select(demos.c.user_id)))
    assert owners <= {BEN.user_id}
    with pytest.raises(ReadOnlyError), editing(pair.replica, ANA) as conn:
        conn.execute(insert(saved_views).values(user_id=ANA.user_id, name="x", page="x", query="x"))
    with pytest.raises(ReadOnlyError), sessions(pair.replica) as conn:
        conn.execute(text("delete from insights_private.web_sessions"))


def test_migrations_and_doctor_know_it(pair, watched):
    for act in (migrate, pending):
        with pytest.raises(MigrationError, match="read replica"):
            act(pair.copy.admin_url)
    assert [finding.level for finding in looked_at(current())] == [Level.FINE]
    wrong = current().model_copy(update={"database_read_url": current().database_url})
    assert [finding.says for finding in looked_at(wrong)] == ["It is no replica."]
    assert list(looked_at(current().model_copy(update={"database_read_url": None}))) == []


def test_without_a_replica_nothing_is_said(pair):
    assert replicas.known() is None
    assert notices() == []
    assert not where(pair, ANA)


def test_a_question_that_replay_interrupts_is_asked_of_the_primary(pair, watched):
    """Rows that a question still needs may be cleared away by what the replica takes over."""
    asked_of = []

    def ask(conn):
        asked_of.append(conn.scalar(text("select pg_is_in_recovery()")))
        if asked_of[-1]:
            conn.execute(
                text("do $$ begin raise exception 'conflict' using errcode = '40001'; end $$")
            )
        return len(asked_of)

    assert read(pair.engine, ANA, ask) == 2
    assert asked_of == [True, False]
    assert psycopg.errors.SerializationFailure.sqlstate == "40001"


def test_what_pages_were_told_of_is_not_read_from_a_replica_without_it(pair, watched):
    """The primary was asked while the replica was away: back again, it may still be behind."""
    versions = Versions(pair.engine, "")
    make_demo(pair, ANA)
    drain(pair.engine)
    pair.catch_up()
    versions.look()
    before = count(pair, ANA)
    pair.replay(go_on=False)
    make_demo(pair, ANA)
    drain(pair.engine)
    watched.lost()
    versions.look()
    told = versions.of(ANA)
    eventually(lambda: replica_state().used, "it answers again")
    assert count(pair, ANA) == before + 1
    assert not where(pair, ANA)
    versions.look()
    assert versions.of(ANA) == told, "what was told is not taken back"
    pair.replay(go_on=True)
    eventually(lambda: where(pair, ANA), "the replica is read from again")
    versions.look()
    assert versions.of(ANA) == told
    assert count(pair, ANA) == before + 1
