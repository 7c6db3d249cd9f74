import threading

import pytest
from sqlalchemy import select, update

from domo_insights import settings
from domo_insights.actions import knowledge as actions
from domo_insights.actions.knowledge_embedding import embed_missing, waiting
from domo_insights.database.doors import reading
from domo_insights.database.tables import audit_logs, knowledge_chunks
from domo_insights.embedding import chunk_text, embedder_for
from domo_insights.errors import ConflictingDataError, DomoInsightsError, NotAllowedError
from domo_insights.queries import knowledge
from domo_insights.queries.knowledge_answer import answer
from tests.factories import ANA, BEN, PIA, chunk, demo

MINILM = "all-MiniLM-L6-v2"


@pytest.fixture
def where(rows):
    return demo(rows)


def stored(rows, chunk_id):
    statement = select(knowledge_chunks).where(knowledge_chunks.c.id == chunk_id)
    return rows.execute(statement).mappings().one_or_none()


def last_change(database, where):
    with reading(database.engine, ANA) as conn:
        return knowledge.history(conn, where).iloc[0]


def found(database, where, text):
    with reading(database.engine, ANA) as conn:
        return list(answer(conn, where, text).results["chunk_id"])


def test_what_is_saved_is_found_at_once(database, rows, where):
    saved = actions.save(database.engine, ANA, where, "Do you refund?", "Within 30 days.")
    assert saved.problem == ""
    assert found(database, where, "refunds") == [saved.chunk_id]
    row = stored(rows, saved.chunk_id)
    assert (row["content"], row["embedding_model"]) == ("Do you refund?\nWithin 30 days.", MINILM)
    logged = rows.execute(
        select(audit_logs).where(audit_logs.c.record_id == saved.chunk_id)
    ).mappings().one()  # fmt: skip
    assert logged["user_id"] == ANA.user_id
    assert not {"vector_embedding", "search_bits", "search_words"} & set(logged["new_values"])


def test_edit_and_delete_and_back_again(database, rows, where):
    saved = actions.save(database.engine, ANA, where, "Do you refund?", "Within 30 days.")
    seen = stored(rows, saved.chunk_id)["updated_at"]
    actions.edit(database.engine, ANA, saved.chunk_id, seen, "Do you refund?", "Within 60 days.")
    now = stored(rows, saved.chunk_id)
    assert now["answer"] == "Within 60 days."
    assert now["embedding_model"] == MINILM
    assert now["updated_at"] > seen

    actions.undo(database.engine, ANA, last_change(database, where)["audit_id"])
    assert stored(rows, saved.chunk_id)["answer"] == "Within 30 days."

    seen = stored(rows, saved.chunk_id)["updated_at"]
    actions.remove(database.engine, ANA, saved.chunk_id, seen)
    assert stored(rows, saved.chunk_id) is None
    actions.undo(database.engine, ANA, last_change(database, where)["audit_id"])
    assert stored(rows, saved.chunk_id)["answer"] == "Within 30 days."
    assert found(database, where, "refunds") == [saved.chunk_id]


def test_two_people_do_not_overwrite_each_other_unseen(database, rows, where):
    saved = actions.save(database.engine, ANA, where, "Do you refund?", "Within 30 days.")
    seen = stored(rows, saved.chunk_id)["updated_at"]
    actions.edit(database.engine, ANA, saved.chunk_id, seen, "Do you refund?", "First.")
    with pytest.raises(ConflictingDataError, match="Somebody changed"):
        actions.edit(database.engine, ANA, saved.chunk_id, seen, "Do you refund?", "Second.")
    with pytest.raises(ConflictingDataError, match="Somebody changed"):
        actions.remove(database.engine, ANA, saved.chunk_id, seen)
    assert stored(rows, saved.chunk_id)["answer"] == "First."
    now = stored(rows, saved.chunk_id)["updated_at"]
    actions.remove(database.engine, ANA, saved.chunk_id, now)
    with pytest.raises(ConflictingDataError, match="no longer there"):
        actions.edit(database.engine, ANA, saved.chunk_id, now, "Do you refund?", "Third.")


def test_undo_does_not_undo_what_came_after(database, rows, where):
    saved = actions.save(database.engine, ANA, where, "Do you refund?", "Within 30 days.")
    first = last_change(database, where)["audit_id"]
    seen = stored(rows, saved.chunk_id)["updated_at"]
    actions.edit(database.engine, ANA, saved.chunk_id, seen, "Do you refund?", "Later.")
    with pytest.raises(ConflictingDataError):
        actions.undo(database.engine, ANA, first)
    assert stored(rows, saved.chunk_id)["answer"] == "Later."


@pytest.mark.parametrize("viewer", [BEN, PIA], ids=["another owner", "product team"])
def test_nobody_else_writes(database, rows, where, viewer):
    saved = actions.save(database.engine, ANA, where, "Do you refund?", "Within 30 days.")
    row, entry = stored(rows, saved.chunk_id), last_change(database, where)["audit_id"]
    for act in (
        lambda: actions.save(database.engine, viewer, where, "q", "a"),
        lambda: actions.edit(database.engine, viewer, saved.chunk_id, row["updated_at"], "q", "a"),
        lambda: actions.remove(database.engine, viewer, saved.chunk_id, row["updated_at"]),
        lambda: actions.undo(database.engine, viewer, entry),
    ):
        with pytest.raises((NotAllowedError, ConflictingDataError)):
            act()
    assert stored(rows, saved.chunk_id) == row


@pytest.mark.parametrize(("question", "said"), [("", "a"), ("q", " \n"), ("q" * 20_001, "a")])
def test_words_that_cannot_be_kept(database, where, question, said):
    with pytest.raises(DomoInsightsError, match=r"needed|fit"):
        actions.save(database.engine, ANA, where, question, said)


def test_odd_words_are_kept_as_they_are(database, rows, where):
    said = "'); drop table knowledge_chunks; -- <script>alert(1)</script> ![x](http://x) 界\0\ud800"
    saved = actions.save(database.engine, ANA, where, said, said)
    assert stored(rows, saved.chunk_id)["answer"] == said.replace("\0", "").replace("\ud800", "")


def test_without_the_model_the_words_are_kept_and_it_is_said(database, rows, where, monkeypatch):
    chunk(rows, where, embedding_model="text-embedding-3-small", vector_embedding=[1.0] * 1536)
    saved = actions.save(database.engine, ANA, where, "Do you refund?", "Within 30 days.")
    assert "OPENAI_API_KEY" in saved.problem
    row = stored(rows, saved.chunk_id)
    assert row["vector_embedding"] is None
    assert row["embedding_model"] is None


class Interfering:
    """The local model, and something that happens while it works."""

    name, dimensions = MINILM, 384

    def __init__(self, happens):
        self.happens, self.calls = happens, 0

    def embed(self, texts):
        self.calls += 1
        vectors = embedder_for("local").embed(texts)
        self.happens(self.calls)
        return vectors


def test_an_edit_while_it_is_embedded_never_gets_the_old_vector(database, rows, where):
    one = chunk(rows, where, content="The old text about prices")

    def edited(call):
        if call == 1:
            rows.execute(
                update(knowledge_chunks)
                .where(knowledge_chunks.c.id == one)
                .values(content="The new text about cats")
            )

    made = embed_missing(database.admin.begin, Interfering(edited), where)
    assert (made.done, made.left) == (1, 0)
    wanted = embedder_for("local").embed(["The new text about cats"])[0]
    assert stored(rows, one)["vector_embedding"] @ wanted == pytest.approx(1, abs=1e-4)


def test_it_can_be_stopped_at_any_point_and_goes_on(database, rows, where):
    for number in range(70):
        chunk(rows, where, content=f"Chunk number {number}")
    foreign = chunk(rows, where, embedding_model="another", vector_embedding=[1.0] * 1536)

    def stop(call):
        if call == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_missing(database.admin.begin, Interfering(stop), where)
    every = rows.execute(select(knowledge_chunks)).mappings().all()
    for row in every:
        whole = row["vector_embedding"] is not None and row["embedding_model"] is not None
        none = row["vector_embedding"] is None and row["embedding_model"] is None
        assert whole or none
    with database.admin.begin() as conn:
        assert waiting(conn, MINILM, where) == 71 - 32
    told = []
    made = embed_missing(database.admin.begin, embedder_for("local"), where, told.append)
    assert (made.done, made.left, sum(told)) == (39, 0, 39)
    assert stored(rows, foreign)["embedding_model"] == MINILM


def test_embedding_is_no_edit(database, rows, where):
    one = chunk(rows, where)
    before = stored(rows, one)["updated_at"]
    entries = len(rows.execute(select(audit_logs.c.id)).all())
    embed_missing(database.admin.begin, embedder_for("local"))
    assert stored(rows, one)["updated_at"] == before
    assert len(rows.execute(select(audit_logs.c.id)).all()) == entries


def test_two_at_once_do_no_harm(database, rows, where):
    for number in range(40):
        chunk(rows, where, content=f"Chunk number {number}")
    model = embedder_for("local")
    threads = [
        threading.Thread(target=embed_missing, args=(database.admin.begin, model, where))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for row in rows.execute(select(knowledge_chunks)).mappings():
        own = model.embed([chunk_text(row["content"], row["question"], row["answer"])])[0]
        assert row["vector_embedding"] @ own == pytest.approx(1, abs=1e-4)


def test_the_models_of_a_demo_stay_together(database, rows, where):
    settings.activate(
        settings.current().model_copy(update={"insights_embedding_model": "text-embedding-3-small"})
    )
    vector = embedder_for("local").embed(["x"])[0]
    chunk(rows, where, content="x", embedding_model=MINILM, vector_embedding=vector)
    saved = actions.save(database.engine, ANA, where, "Do you refund?", "Within 30 days.")
    assert saved.problem == ""
    assert stored(rows, saved.chunk_id)["embedding_model"] == MINILM
