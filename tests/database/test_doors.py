import pytest
from sqlalchemy import func, insert, select, text, update

from domo_insights.database.doors import editing, ingesting, maintaining, reading, sessions
from domo_insights.database.engine import engine_for
from domo_insights.database.tables import (
    audit_logs,
    conversation_details,
    conversation_messages,
    demos,
    knowledge_chunks,
)
from domo_insights.database.tables_sessions import web_sessions
from domo_insights.errors import (
    ConfigError,
    ConflictingDataError,
    DatabaseError,
    DatabaseUnreachableError,
    NotAllowedError,
    NotSignedInError,
    QueryTimeoutError,
    ReadOnlyError,
)
from tests.factories import ANA, BEN, PIA, chunk, conversation, demo, message


def test_the_owner_reads_their_own_rows_and_no_others(database, rows):
    mine, theirs = demo(rows, ANA), demo(rows, BEN)
    for each in (mine, theirs):
        message(rows, conversation(rows, each))

    with reading(database.engine, ANA) as conn:
        assert conn.scalars(select(demos.c.id)).all() == [mine]
        assert conn.scalars(select(conversation_messages.c.demo_id)).all() == [mine]


def test_without_a_viewer_nothing_is_asked(database):
    with pytest.raises(NotSignedInError), reading(database.engine, None):
        pytest.fail("the door opened")


def test_reading_cannot_write(database, rows):
    mine = demo(rows)
    with pytest.raises(ReadOnlyError), reading(database.engine, ANA) as conn:
        conn.execute(update(demos).where(demos.c.id == mine).values(name="changed"))


def test_the_bare_login_role_can_do_nothing(database):
    with database.engine.connect() as conn, pytest.raises(Exception, match="permission denied"):
        conn.execute(select(demos.c.id))


def test_a_door_leaves_nothing_behind_in_the_pool(database, rows):
    demo(rows, ANA)
    for _ in range(3):
        with pytest.raises(DatabaseError), reading(database.engine, ANA) as conn:
            conn.execute(text("select 1 / 0"))
        with database.engine.connect() as conn:
            left = conn.execute(
                select(func.current_user(), func.current_setting("request.jwt.claims", True))
            ).one()
        assert left[0] == "domo_insights"
        assert left[1] in (None, "")


def test_the_product_team_reads_everybody_but_no_words(database, rows):
    for owner in (ANA, BEN):
        message(rows, conversation(rows, demo(rows, owner)))
    with reading(database.engine, PIA) as conn:
        assert len(conn.scalars(select(conversation_messages.c.role)).all()) == 2
    with pytest.raises(NotAllowedError), reading(database.engine, PIA) as conn:
        conn.execute(select(conversation_messages.c.content))


def test_the_editor_changes_what_is_the_viewers_alone(database, rows):
    mine, theirs = demo(rows, ANA), demo(rows, BEN)
    conversation(rows, mine, tavus_conversation_id="mine")
    conversation(rows, theirs, tavus_conversation_id="theirs")
    kept = chunk(rows, theirs)

    with editing(database.engine, ANA) as conn:
        marked = conn.execute(update(conversation_details).values(is_test=True))
        assert marked.rowcount == 1
        conn.execute(insert(knowledge_chunks).values(demo_id=mine, content="New"))
        assert conn.execute(knowledge_chunks.delete()).rowcount == 1
        conn.execute(insert(demos).values(user_id=ANA.user_id, name="Draft", status="draft"))
    with pytest.raises(NotAllowedError), editing(database.engine, ANA) as conn:
        conn.execute(insert(knowledge_chunks).values(demo_id=theirs, content="Mine now"))
    with pytest.raises(NotAllowedError), editing(database.engine, ANA) as conn:
        conn.execute(insert(demos).values(user_id=ANA.user_id, name="Live", status="published"))
    with reading(database.engine, BEN) as conn:
        assert conn.scalars(select(knowledge_chunks.c.id)).all() == [kept]


def test_sessions_reach_no_row_of_the_platform(database):
    with sessions(database.engine) as conn:
        assert conn.scalar(select(func.count()).select_from(web_sessions)) == 0
    with pytest.raises(NotAllowedError), sessions(database.engine) as conn:
        conn.execute(select(demos.c.id))


def test_record_takes_the_user_from_the_claims(database, rows):
    with sessions(database.engine, ANA) as conn:
        conn.execute(select(func.insights.record("sign_in", "web_sessions")))
    row = rows.execute(select(audit_logs.c.user_id, audit_logs.c.action)).one()
    assert row == (ANA.user_id, "sign_in")


def test_the_worker_and_the_ingest_have_no_way_to_knowledge(database):
    for door in (ingesting, maintaining):
        with pytest.raises(NotAllowedError), door(database.engine) as conn:
            conn.execute(select(knowledge_chunks.c.id))


def test_a_constraint_speaks_in_our_words(database, rows):
    mine = demo(rows)
    with pytest.raises(ConflictingDataError) as told, editing(database.engine, ANA) as conn:
        conn.execute(insert(knowledge_chunks).values(demo_id=mine, content=""))
    assert told.value.__cause__ is not None


def test_a_slow_query_is_cut(database, monkeypatch):
    monkeypatch.setattr("domo_insights.database.doors.READ_TIMEOUT_MS", 50)
    with pytest.raises(QueryTimeoutError), reading(database.engine, ANA) as conn:
        conn.execute(select(func.pg_sleep(5)))


def test_an_unreachable_database_is_told():
    engine = engine_for("postgresql://domo_insights@127.0.0.1:1/postgres")
    with pytest.raises(DatabaseUnreachableError), reading(engine, ANA):
        pytest.fail("the door opened")


@pytest.mark.parametrize("url", ["not an address", "mysql://u:secret@h/d"])
def test_a_malformed_address_is_told_without_repeating_it(url):
    with pytest.raises(ConfigError) as told:
        engine_for(url)
    assert "secret" not in str(told.value)


def test_nobody_writes_into_the_audit_log_of_anothers_demo(database, rows):
    mine, theirs = demo(rows, ANA), demo(rows, BEN)
    with editing(database.engine, ANA) as conn:
        conn.execute(select(func.insights.record("edit", "demos", mine, mine)))
    with pytest.raises(NotAllowedError), editing(database.engine, ANA) as conn:
        conn.execute(select(func.insights.record("delete", "demos", theirs, theirs)))
