"""What holds for every question: typed when empty, fenced, and known by its name."""

import importlib
import inspect
import pkgutil
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, text, update

from domo_insights import queries
from domo_insights.actions import views
from domo_insights.database.doors import editing, reading
from domo_insights.database.tables import audit_logs, conversation_map, delivery_counts
from domo_insights.database.tables_detail import detail_kept
from domo_insights.errors import NotAllowedError
from domo_insights.period import Period
from domo_insights.queries import (
    PRODUCT_ONLY,
    QUERIES,
    READS_WORDS,
    SEARCHES,
    availability,
    conversations,
)
from domo_insights.queries.derived import derivation_of
from tests.factories import ANA, BEN, NOON, PIA, chunk, conversation, demo, event, message, video
from tests.factories_evaluation import evaluation_run, question_set, replay_run

PERIOD = Period.parse("2026-03-01..2026-03-04", NOON + timedelta(days=5))


def ask(conn, name, **given):
    """Run a question with what its signature asks for."""
    wanted = inspect.signature(QUERIES[name]).parameters
    given = {"period": PERIOD, "conversation_id": "c", "words": "much"} | given
    given = {"run_id": UUID(int=0), "set_id": UUID(int=0)} | given
    if "demo_id" in wanted and wanted["demo_id"].default is inspect.Parameter.empty:
        given.setdefault("demo_id", UUID(int=0))
    return QUERIES[name](conn, **{key: given[key] for key in wanted if key in given})


def asks(name):
    """Somebody who may ask."""
    return PIA if name in PRODUCT_ONLY else ANA


def as_text(frame):
    return frame.to_csv()


def columns_of(name):
    module = importlib.import_module(QUERIES[name].__module__)
    declared = {
        "availability.conversations_ever": "CONVERSATIONS",
        "availability.unmapped_events": "UNMAPPED",
        "knowledge.listing": "CHUNKS",
    }
    return dict(getattr(module, declared.get(name, QUERIES[name].__name__.upper())))


def test_every_public_question_is_listed():
    found = set()
    for module in pkgutil.iter_modules(queries.__path__):
        subject = importlib.import_module(f"domo_insights.queries.{module.name}")
        for name, thing in inspect.getmembers(subject, inspect.isfunction):
            parameters = list(inspect.signature(thing).parameters)
            own = thing.__module__ == subject.__name__ and not name.startswith("_")
            if own and parameters[:1] == ["conn"] and module.name not in {"buckets", "packed"}:
                found.add(f"{module.name}.{name}")
    # What others are derived from is asked by asking those.
    bases = {derivation.base for derivation in map(derivation_of, QUERIES.values()) if derivation}
    found -= {f"{base.__module__.rpartition('.')[2]}.measured" for base in bases}
    assert found == set(QUERIES) | SEARCHES


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_an_empty_answer_is_typed(database, name):
    with reading(database.engine, asks(name)) as conn:
        frame = ask(conn, name)
    assert frame.dtypes.astype(str).to_dict() == columns_of(name)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_full_answer_has_the_same_types(database, rows, name):
    where = demo(rows)
    talk = conversation(rows, where)
    message(rows, talk, sentiment="negative", intent="book_demo", confidence=0.9)
    event(rows, talk, "system.shutdown", NOON + timedelta(minutes=2))
    video(rows, where, processing_status="failed", transcript="A tour.")
    chunk(rows, where)
    conversation(rows, where)
    odd = "known-by-its-map-alone"
    rows.execute(insert(conversation_map).values(conversation_id=odd, demo_id=where,
                                                 mapped_by="address"))  # fmt: skip
    seen = event(rows, odd)
    rows.execute(insert(delivery_counts).values(demo_id=where, bucket=NOON, duplicates=1,
                                                conflicts=1, refused=0))  # fmt: skip
    rows.execute(insert(detail_kept).values(demo_id=where, deleted_before=NOON))
    rows.execute(update(audit_logs).values(created_at=NOON))
    with editing(database.engine, ANA) as conn:
        views.keep(conn, "Mine", "overview", "period=7d")
    for content in ("x", "twins", "twins"):
        vector = [1.0] + [0.0] * 1535 if content == "twins" else None
        model = "all-MiniLM-L6-v2" if vector else None
        chunk(rows, where, content=content, vector_embedding=vector, embedding_model=model)
    kept = question_set(rows, where, ("How much is it?", []))
    answered = evaluation_run(rows, where, kept, [where])
    replayed = replay_run(rows, where, {"found": [where], "similarities": [0.1]})
    run_id = replayed if name in ("replays.questions", "xray.reach") else answered
    more = {"event_id": seen, "set_id": kept, "run_id": run_id}
    with reading(database.engine, asks(name)) as conn:
        frame = ask(conn, name, conversation_id=talk, demo_id=where, **more)
    assert len(frame) or name in {"operations.slow", "operations.indexes"}
    assert frame.dtypes.astype(str).to_dict() == columns_of(name)


@pytest.mark.parametrize("name", sorted(set(QUERIES) - PRODUCT_ONLY))
def test_another_owner_changes_no_answer(database, rows, name):
    theirs = demo(rows, ANA)
    with reading(database.engine, BEN) as conn:
        nothing = ask(conn, name)
    talk = conversation(rows, theirs)
    message(rows, talk)
    for table in ("demos", "conversation_details", "conversation_messages"):
        rows.execute(text(f"create policy everybody on public.{table} using (true)"))
    with reading(database.engine, BEN) as conn:
        for asked in (None, theirs):
            answer = ask(conn, name, conversation_id=talk, demo_id=asked)
            assert as_text(answer) == as_text(nothing)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_the_product_team_reads_no_words(database, rows, name):
    talk = conversation(rows, demo(rows))
    message(rows, talk, content="my secret words")
    with reading(database.engine, PIA) as conn:
        if name not in READS_WORDS:
            assert "my secret words" not in as_text(ask(conn, name, conversation_id=talk))
    if name in READS_WORDS:
        with pytest.raises(NotAllowedError), reading(database.engine, PIA) as conn:
            ask(conn, name, conversation_id=talk)


def test_a_transcript_keeps_order_and_system_messages(database, rows):
    talk = conversation(rows, demo(rows))
    message(rows, talk, "assistant", seq=2, content="second")
    message(rows, talk, "user", seq=1, content="first")
    message(rows, talk, "system", NOON + timedelta(seconds=1), content="third", timestamp=None)
    with reading(database.engine, ANA) as conn:
        said = conversations.transcript(conn, talk)
    assert said["content"].tolist() == ["first", "second", "third"]
    assert said["has_time"].tolist() == [True, True, False]


def test_what_there_is_at_any_time(database, rows):
    mine = demo(rows)
    conversation(rows, mine, started_at=NOON)
    conversation(rows, mine, started_at=NOON + timedelta(days=9), is_test=True)
    with reading(database.engine, ANA) as conn:
        ever = availability.conversations_ever(conn).iloc[0]
        with_tests = availability.conversations_ever(conn, mine, True).iloc[0]
        before = [
            availability.earlier(conn, Period.parse(period, NOON)).iloc[0, 0]
            for period in ("2026-03-02..2026-03-05", "2026-03-03..2026-03-05")
        ]
    assert (ever["conversations"], ever["test_conversations"]) == (1, 1)
    assert ever["last_start"] == NOON
    assert with_tests["last_start"] == NOON + timedelta(days=9)
    assert before == [False, True]


def test_only_the_product_team_sees_how_many_events_belong_to_nobody(database, rows):
    event(rows, "of-nobody")
    period = Period.last_days(1, datetime(2026, 3, 2, 23, tzinfo=UTC))
    with reading(database.engine, PIA) as conn:
        assert availability.unmapped_events(conn, period).iloc[0, 0] == 1
    with reading(database.engine, ANA) as conn:
        assert availability.unmapped_events(conn, period).iloc[0, 0] == 0
