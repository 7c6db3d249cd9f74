"""One test for each fault of the platform's database document that the migrations repair."""

import psycopg
import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from domo_insights.database.doors import editing, reading
from domo_insights.database.tables import (
    audit_logs,
    conversation_messages,
    demo_videos,
    demos,
    knowledge_chunks,
    processed_webhook_events,
)
from tests.factories import ANA, BEN, chunk, demo, event, message, video


def vector(*head):
    return [*head, *[0.0] * (1536 - len(head))]


def as_user(conn, viewer):
    conn.execute(
        select(
            func.set_config("request.jwt.claims", f'{{"sub": "{viewer.user_id}"}}', True),
            func.set_config("role", "authenticated", True),
        )
    )


@pytest.mark.parametrize("table", [conversation_messages, processed_webhook_events, audit_logs])
def test_analytics_tables_are_read_by_their_owner_and_written_by_no_user(database, rows, table):
    talk = "talk"
    for owner in (ANA, BEN):
        mine = demo(rows, owner, tavus_conversation_id=f"{talk}{owner.email}")
        message(rows, f"{talk}{owner.email}")
        event(rows, f"{talk}{owner.email}")
    with database.admin.begin() as conn:
        as_user(conn, BEN)
        assert set(conn.scalars(select(table.c.demo_id))) == {mine}
        with pytest.raises(DBAPIError, match="permission denied"):
            conn.execute(table.delete())


@pytest.mark.parametrize("table", ["conversation_messages", "processed_webhook_events"])
def test_policies_are_asked_once_and_drive_the_index(database, rows, table):
    for _ in range(3):
        demo(rows, ANA)
    with database.admin.begin() as conn:
        conn.execute(text("set local enable_seqscan = off"))
        as_user(conn, ANA)
        column = "occurred_at" if table == "conversation_messages" else "processed_at"
        plan = "\n".join(
            conn.scalars(
                text(
                    f"explain select count(*) from {table} where {column} > now() - '9 days'::"
                    "interval"
                )
            )
        )
    assert "InitPlan" in plan
    assert "Index Cond: ((demo_id = ANY ((" in plan
    assert f"{column} > " in plan.split("Index Cond")[1].split("\n")[0]


def test_the_dashboard_counts_each_child_on_its_own(database, rows):
    mine = demo(rows)
    for _ in range(3):
        video(rows, mine)
    for _ in range(5):
        chunk(rows, mine)
    with reading(database.engine, ANA) as conn:
        row = conn.execute(
            text("select video_count, knowledge_count from get_demo_dashboard(:me)"),
            {"me": ANA.user_id},
        ).one()
        others = conn.execute(
            text("select * from get_demo_dashboard(:other)"), {"other": BEN.user_id}
        ).all()
    assert row == (3, 5)
    assert others == []


def test_stats_do_not_overflow_and_find_the_last_event_by_its_demo(database, rows):
    mine = demo(rows, tavus_conversation_id="talk")
    for _ in range(2):
        video(rows, mine, duration_seconds=2_147_483_647)
    event(rows, "talk")
    with reading(database.engine, ANA) as conn:
        row = conn.execute(text("select * from get_demo_stats(:demo)"), {"demo": mine}).one()
    assert row.total_video_duration == 2 * 2_147_483_647
    assert row.last_conversation_at is not None


def test_the_export_has_empty_lists_no_product_of_children_and_no_vectors(database, rows):
    full, empty = demo(rows, name="Full"), demo(rows, name="Empty")
    for _ in range(2):
        video(rows, full)
    for _ in range(3):
        chunk(rows, full, vector_embedding=vector(1.0))
    with reading(database.engine, ANA) as conn:
        exported = conn.execute(
            text("select * from export_demo_data(:me)"), {"me": ANA.user_id}
        ).all()
    by_id = {row.demo["id"]: row for row in exported}
    assert len(by_id[str(full)].videos) == 2
    assert len(by_id[str(full)].knowledge_chunks) == 3
    assert by_id[str(empty)].videos == []
    assert by_id[str(empty)].knowledge_chunks == []
    assert "vector_embedding" not in by_id[str(full)].knowledge_chunks[0]


def test_monitoring_knows_todays_names_and_mixed_case_tables(rows):
    rows.execute(text('create table public."Mixed Case" (id int)'))
    sizes = rows.execute(text("select table_name from insights.table_sizes")).scalars().all()
    assert "Mixed Case" in sizes
    assert rows.execute(text("select mean_ms from insights.slow_queries(3)")).all()
    assert rows.execute(text("select index_name from insights.index_usage")).all()


def test_the_enum_types_are_what_the_checks_hold_columns_to(rows):
    checks = rows.execute(
        text("select conname, pg_get_constraintdef(oid) from pg_constraint where contype = 'c'")
    )
    by_name = dict(map(tuple, checks))
    assert "demo_status" in by_name["demos_status_check"]
    assert "processing_status" in by_name["demo_videos_processing_status_check"]
    assert "message_role" in by_name["conversation_messages_role_check"]


@pytest.mark.parametrize(
    ("table", "change"),
    [
        (conversation_messages, {"role": "robot"}),
        (conversation_messages, {"confidence": 1.5}),
        (conversation_messages, {"role": None}),
        (demo_videos, {"processing_status": "lost"}),
        (demo_videos, {"duration_seconds": 0}),
        (demo_videos, {"order_index": -1}),
        (demos, {"status": "gone"}),
        (demos, {"name": ""}),
        (demos, {"name": "x" * 256}),
        (knowledge_chunks, {"content": ""}),
        (processed_webhook_events, {"event_hash": None}),
    ],
)
def test_what_was_unchecked_is_refused(rows, table, change):
    mine = demo(rows)
    video(rows, mine)
    chunk(rows, mine)
    message(rows, "talk")
    event(rows, "talk")
    with pytest.raises(DBAPIError, match="violates"):
        rows.execute(update(table).values(**change))


def test_a_message_id_counts_once_per_role_and_an_index_once_per_demo(rows):
    mine = demo(rows)
    message(rows, "talk", "user", message_id="m1")
    message(rows, "talk", "assistant", message_id="m1")
    message(rows, "talk", message_id=None)
    message(rows, "talk", message_id=None)
    with pytest.raises(DBAPIError, match="duplicate key"):
        message(rows, "talk", "user", message_id="m1")
    video(rows, mine, order_index=4)
    with pytest.raises(DBAPIError, match="duplicate key"):
        video(rows, mine, order_index=4)


def test_two_videos_can_change_places(database, rows):
    mine = demo(rows)
    video(rows, mine, order_index=0, title="a")
    video(rows, mine, order_index=1, title="b")
    with database.admin.begin() as conn:
        conn.execute(text("set constraints all deferred"))
        conn.execute(update(demo_videos).values(order_index=1 - demo_videos.c.order_index))
    order = rows.scalars(select(demo_videos.c.title).order_by(demo_videos.c.order_index)).all()
    assert order == ["b", "a"]


def test_edits_are_audited_with_their_user_and_without_vectors(database, rows):
    mine = demo(rows)
    with editing(database.engine, ANA) as conn:
        conn.execute(
            insert(knowledge_chunks).values(
                demo_id=mine, content="first", vector_embedding=vector(1.0)
            )
        )
    with editing(database.engine, ANA) as conn:
        conn.execute(
            update(knowledge_chunks).values(
                vector_embedding=vector(0.0, 1.0), embedding_model="all-MiniLM-L6-v2"
            )
        )
    with editing(database.engine, ANA) as conn:
        conn.execute(update(knowledge_chunks).values(content="second"))
        conn.execute(knowledge_chunks.delete())
    log = rows.execute(
        select(audit_logs)
        .where(audit_logs.c.table_name == "knowledge_chunks")
        .order_by(audit_logs.c.created_at)
    ).all()
    assert sorted(row.action for row in log) == ["delete", "insert", "update"]
    assert {row.user_id for row in log} == {ANA.user_id}
    assert {row.demo_id for row in log} == {mine}
    edit = next(row for row in log if row.action == "update")
    assert (edit.old_values["content"], edit.new_values["content"]) == ("first", "second")
    assert not any("vector_embedding" in (row.old_values or row.new_values) for row in log)


def test_a_user_who_leaves_takes_no_audit_row_along(database, rows):
    demo(rows, BEN)
    with database.admin.begin() as conn:
        as_user(conn, BEN)
        conn.execute(update(demos).values(name="renamed"))
    with database.admin.begin() as conn:
        conn.execute(demos.delete())
    before = rows.scalar(select(func.count()).select_from(audit_logs))
    with psycopg.connect(database.superuser_url) as conn:
        conn.execute("delete from auth.users where id = %s", [BEN.user_id])
    assert rows.scalar(select(func.count()).select_from(audit_logs)) == before


def test_search_holds_each_chunk_against_its_own_models_threshold(database, rows):
    mine, other = demo(rows), demo(rows, BEN)
    near, far = vector(0.5, 0.866), vector(0.2, 0.98)
    chunk(rows, mine, content="near", vector_embedding=near, embedding_model="all-MiniLM-L6-v2")
    chunk(rows, mine, content="far", vector_embedding=far, embedding_model="all-MiniLM-L6-v2")
    chunk(rows, mine, content="unknown", vector_embedding=near)
    chunk(rows, mine, content="none")
    chunk(rows, other, content="foreign", vector_embedding=near)
    ask = text(
        "select content, similarity from search_knowledge_chunks("
        "cast(:q as extensions.vector), :demo, :threshold, :k)"
    )
    question = str(vector(1.0))
    with reading(database.engine, ANA) as conn:

        def found(demo_id, threshold=None, k=5):
            answer = conn.execute(
                ask, {"q": question, "demo": demo_id, "threshold": threshold, "k": k}
            )
            return [row.content for row in answer]

        assert found(mine) == ["near"]
        assert set(found(mine, 0.1)) == {"near", "unknown", "far"}
        assert len(found(mine, -1.0, 2)) == 2
        assert found(other, -1.0) == []


def test_search_stays_exact_whatever_the_planner_is_offered(database, rows):
    mine = demo(rows)
    for n in range(20):
        chunk(rows, mine, content=str(n), vector_embedding=vector(float(n + 1), 1.0))
    ivfflat = "knowledge_chunks_vector_embedding_idx"
    there = rows.scalar(
        text("select count(*) from pg_indexes where indexname = :n"), {"n": ivfflat}
    )
    assert there == 1
    with database.admin.begin() as conn:
        conn.execute(text("set local enable_seqscan = off"))
        conn.execute(text("set local search_path = public, extensions"))
        plan = "\n".join(
            conn.scalars(
                text(
                    "explain select id from knowledge_chunks k where demo_id = :d"
                    " order by (vector_embedding <=> cast(:q as vector)) + 0 limit 3"
                ),
                {"d": mine, "q": str(vector(1.0))},
            )
        )
        offered = "\n".join(
            conn.scalars(
                text(
                    "explain select id from knowledge_chunks k"
                    " order by vector_embedding <=> cast(:q as vector) limit 3"
                ),
                {"q": str(vector(1.0))},
            )
        )
    assert ivfflat in offered
    assert ivfflat not in plan
    body = rows.scalar(text("select prosrc from pg_proc where proname = 'search_knowledge_chunks'"))
    assert "+ 0" in body


def test_search_and_stats_promise_not_to_write(rows):
    kinds = (
        rows.execute(
            text(
                "select provolatile from pg_proc where proname in ('search_knowledge_chunks',"
                " 'get_demo_stats', 'get_demo_dashboard', 'export_demo_data')"
            )
        )
        .scalars()
        .all()
    )
    assert kinds == ["s"] * 4
