import random

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import dialect

from domo_insights.database.doors import reading
from domo_insights.errors import DatabaseError, NotAllowedError
from tests.factories import ANA, BEN, PIA
from tests.security.inventory import CALLABLE, CLOSED, INLINED, KEPT, OWNED, SHARED
from tests.security.world import found_in

WORDS = {
    "public.demos": {"description", "metadata"},
    "public.demo_videos": {"title", "transcript"},
    "public.knowledge_chunks": {"content", "question", "answer", "vector_embedding"},
    "public.conversation_details": {"conversation_name", "transcript", "perception_analysis"},
    "public.custom_objectives": {"name", "description", "objectives"},
    "public.processed_webhook_events": {"event_data"},
    "public.conversation_messages": {"content"},
    "public.audit_logs": {"old_values", "new_values"},
    "insights.question_sets": {"name"},
    "insights.set_questions": {"question", "expected"},
    "insights.evaluation_answers": {"found"},
    "insights.replayed_questions": {"question", "wordings", "conversations", "found"},
    "insights.reviews": {"note"},
}
VIEWS = {"insights.conversations", "insights.judged_messages", "insights.messages_counted"}


def everything(relation):
    schema, _, name = relation.partition(".")
    quote = dialect().identifier_preparer.quote
    return text(f"select * from {quote(schema)}.{quote(name)}")


def test_every_table_and_view_is_known_to_the_harness(rows):
    there = (
        rows.execute(
            text("""
        select n.nspname || '.' || c.relname from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('public', 'insights', 'insights_private')
          and c.relkind in ('r', 'p', 'v', 'm', 'f')""")
        )
        .scalars()
        .all()
    )
    assert set(there) == OWNED | CLOSED | SHARED


@pytest.mark.parametrize("relation", sorted(OWNED))
def test_an_owner_sees_their_own_rows_and_not_one_foreign(database, world, relation):
    for viewer, own in ((ANA, world.ana), (BEN, world.ben)):
        with reading(database.engine, viewer) as conn:
            seen = conn.execute(everything(relation)).all()
        assert found_in(own, seen)
        assert not found_in(world.foreign_to(viewer), seen)
        assert not [row for row in seen if "NOBODY" in str(row) or "nobodys" in str(row)]


@pytest.mark.parametrize("relation", sorted(CLOSED))
def test_an_owner_gets_nothing_from_what_is_not_theirs_to_read(database, world, relation):
    with pytest.raises(NotAllowedError), reading(database.engine, ANA) as conn:
        conn.execute(everything(relation))


@pytest.mark.changes
def test_a_foreign_public_policy_on_every_table_widens_nothing(database, rows, world):
    tables = (
        rows.execute(
            text("""
        select oid::regclass::text from pg_class
        where relkind = 'r' and relnamespace::regnamespace::text in
          ('public', 'insights', 'insights_private')""")
        )
        .scalars()
        .all()
    )
    for name in tables:
        rows.execute(text(f"create policy everybody on {name} to public using (true)"))
    for viewer, own in ((ANA, world.ana), (BEN, world.ben)):
        for relation in sorted(OWNED):
            with reading(database.engine, viewer) as conn:
                seen = conn.execute(everything(relation)).all()
            assert found_in(own, seen), relation
            assert not found_in(world.foreign_to(viewer), seen), relation


def test_interleaved_owners_over_one_connection_with_aborted_transactions(narrow, world):
    turns = random.Random(7)
    for _ in range(150):
        viewer = turns.choice([ANA, BEN])
        relation = turns.choice(sorted(OWNED))
        try:
            with reading(narrow, viewer) as conn:
                seen = conn.execute(everything(relation)).all()
                assert not found_in(world.foreign_to(viewer), seen)
                if turns.random() < 0.4:
                    conn.execute(text("select 1 / 0"))
        except DatabaseError:
            continue


def test_a_viewer_without_anything_and_a_made_up_one_see_nothing(database, world):
    from uuid import uuid4

    from domo_insights.viewer import Viewer

    with reading(database.engine, Viewer(uuid4())) as conn:
        for relation in sorted(OWNED):
            assert conn.execute(everything(relation)).all() == []


@pytest.mark.parametrize("claims", ["", "{}", '{"sub": null}', '{"role": "service_role"}'])
def test_a_reader_without_a_user_in_the_claims_sees_nothing(database, world, claims):
    with database.engine.begin() as conn:
        conn.execute(
            select(
                func.set_config("role", "insights_reader", True),
                func.set_config("request.jwt.claims", claims, True),
            )
        )
        for relation in sorted(OWNED):
            assert conn.execute(everything(relation)).all() == []


def test_the_role_of_the_product_team_sees_nothing_without_its_claim(database, world):
    with database.engine.begin() as conn:
        conn.execute(
            select(
                func.set_config("role", "insights_product", True),
                func.set_config("request.jwt.claims", f'{{"sub": "{ANA.user_id}"}}', True),
            )
        )
        for relation in ("insights.conversations", "insights.conversation_map"):
            assert conn.execute(everything(relation)).all() == []
        assert conn.execute(text("select * from insights.owner_labels()")).all() == []


@pytest.mark.parametrize("relation", sorted(WORDS))
def test_the_product_team_reads_no_column_with_words(database, world, relation):
    for column in sorted(WORDS[relation]):
        with pytest.raises(NotAllowedError), reading(database.engine, PIA) as conn:
            conn.execute(text(f"select {column} from {relation}"))


def test_the_product_team_counts_every_owner_and_the_unmapped(database, world):
    with reading(database.engine, PIA) as conn:
        seen = conn.execute(text("select demo_id from processed_webhook_events")).scalars().all()
        labels = conn.execute(text("select label from insights.owner_labels()")).scalars().all()
    assert {world.ana.demo_id, world.ben.demo_id, None} == set(seen)
    assert {label.split(" · ")[0] for label in labels} == {"northwind.example", "harbor.example"}
    assert not any("ana" in label or "ben@" in label for label in labels)


def test_no_door_role_may_write_where_it_should_not(database, world):
    for role in ("insights_reader", "insights_product", "insights_worker", "insights_sessions"):
        kept = KEPT if role == "insights_worker" else set()
        for relation in sorted(OWNED - VIEWS - kept):
            with database.engine.connect() as conn, conn.begin() as open_one:
                conn.execute(select(func.set_config("role", role, True)))
                with pytest.raises(Exception, match="permission denied"):
                    conn.execute(text(f"delete from {relation}"))
                open_one.rollback()


def test_every_function_a_role_may_call_is_known_to_the_harness(rows):
    for role, known in CALLABLE.items():
        may = rows.execute(
            text("""
            select p.oid::regprocedure::text from pg_proc p
            where p.pronamespace::regnamespace::text in ('public', 'insights', 'insights_private')
              and p.prorettype <> 'trigger'::regtype
              and has_schema_privilege(:role, p.pronamespace, 'usage')
              and has_function_privilege(:role, p.oid, 'execute')"""),
            {"role": role},
        )
        names = {name.replace("extensions.", "").replace("public.", "") for name in may.scalars()}
        assert names == known, role


def test_no_security_definer_function_lies_in_public(rows):
    assert (
        rows.execute(
            text("""
        select proname from pg_proc where prosecdef
          and pronamespace = 'public'::regnamespace""")
        ).all()
        == []
    )


def test_every_function_of_ours_has_a_search_path(rows):
    assert (
        rows.execute(
            text("""
        select p.oid::regprocedure::text from pg_proc p
        where p.pronamespace::regnamespace::text in ('public', 'insights', 'insights_private')
          and not coalesce(p.proconfig::text, '') ~ 'search_path'
          and not (p.oid = any (cast(:inlined as regprocedure[]))
                   and p.prolang = (select oid from pg_language where lanname = 'sql')
                   and not p.prosecdef and p.provolatile <> 'v')"""),
            {"inlined": list(INLINED)},
        ).all()
        == []
    )


def test_authenticated_and_anon_through_the_platforms_own_way(database, rows, world):
    """As the REST API would ask: the repaired documented policies, nothing for anon."""
    for relation in sorted(t for t in OWNED if t.startswith("public.")):
        with database.admin.connect() as conn, conn.begin() as open_one:
            conn.execute(text(f"""set local request.jwt.claims = '{{"sub": "{ANA.user_id}"}}'"""))
            conn.execute(text("set local role authenticated"))
            seen = conn.execute(everything(relation)).all()
            assert found_in(world.ana, seen), relation
            assert not found_in(world.ben, seen), relation
            open_one.rollback()
        with database.admin.connect() as conn, conn.begin() as open_one:
            conn.execute(text("set local role anon"))
            with pytest.raises(Exception, match="permission denied"):
                conn.execute(everything(relation))
            open_one.rollback()


@pytest.mark.parametrize(
    "relation",
    [
        "public.processed_webhook_events",
        "public.audit_logs",
        "public.conversation_messages",
        "public.conversation_details",
    ],
)
@pytest.mark.parametrize("command", ["delete from {}", "update {} set id = id"])
def test_a_user_writes_no_analytics(database, world, relation, command):
    with database.admin.connect() as conn, conn.begin() as open_one:
        conn.execute(text(f"""set local request.jwt.claims = '{{"sub": "{ANA.user_id}"}}'"""))
        conn.execute(text("set local role authenticated"))
        with pytest.raises(Exception, match="permission denied"):
            conn.execute(text(command.format(relation)))
        open_one.rollback()
