import numpy as np
import pandas as pd
import pytest
from sqlalchemy import update

from domo_insights.database.doors import reading
from domo_insights.database.tables import knowledge_chunks
from domo_insights.embedding import embedder_for
from domo_insights.errors import NotAllowedError
from domo_insights.queries import knowledge, knowledge_arms
from domo_insights.queries.knowledge import Mode
from domo_insights.queries.knowledge_answer import answer
from tests.factories import ANA, BEN, PIA, chunk, demo

MINILM = "all-MiniLM-L6-v2"
TEXTS = {
    "price": ("How much does it cost?", "The team plan is 49 euro a month, billed yearly."),
    "export": ("Can I export my data?", "Exports run each night and land in your bucket as CSV."),
    "login": ("How do I sign in?", "With e-mail and password, or through Google."),
    "security": ("Where is data stored?", "On servers in Frankfurt, encrypted at rest."),
    "app": ("Is there a mobile app?", "Yes, for iOS and Android, with offline mode."),
}
ODD = [
    "", "   ", "?!… ---", "Wie viel kostet das im Monat?", "料金はいくらですか", "كم السعر؟",
    "price " * 8_334, "x" * 50_000, "'; drop table knowledge_chunks; --", "a & b | !c:* <-> (d",
    "<script>alert(1)</script>", "back\\slash 'quote' \"double\"", "a\0b", "a\ud800b", "%_%",
]  # fmt: skip


def learn(rows, where, model=MINILM, **texts):
    """Chunks of question and answer, embedded as the product does it."""
    embedder = embedder_for("local")
    made = {}
    for name, (asked, said) in (texts or TEXTS).items():
        text = f"{asked}\n{said}"
        vector = embedder.embed([text])[0] if model else None
        made[name] = chunk(
            rows, where, question=asked, answer=said, content=text, source="Tests",
            vector_embedding=vector, embedding_model=model,
        )  # fmt: skip
    return made


def ask(database, where, text, mode=Mode.HYBRID, viewer=ANA, **more):
    with reading(database.engine, viewer) as conn:
        return answer(conn, where, text, mode, **more)


def names(found, made):
    back = {str(chunk_id): name for name, chunk_id in made.items()}
    return [back[str(chunk_id)] for chunk_id in found.results["chunk_id"]]


@pytest.fixture
def known(rows):
    where = demo(rows)
    return where, learn(rows, where)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    ("asked", "best"),
    [("what does it cost", "price"), ("export of data at night", "export"), ("mobile", "app")],
)
def test_the_right_chunk_comes_first(database, known, mode, asked, best):
    where, made = known
    found = ask(database, where, asked, mode, threshold=-1)
    assert names(found, made)[0] == best
    first = found.results.iloc[0]
    assert first["rank"] == 1
    assert first["source"] == "Tests"
    assert list(found.results["rank"]) == list(range(1, len(found.results) + 1))


def test_similarity_is_the_cosine_and_ranks_are_those_of_each_arm(database, known):
    where, made = known
    asked = "Can data be exported?"
    embedder = embedder_for("local")
    own = embedder.embed([f"{q}\n{a}" for q, a in TEXTS.values()]) @ embedder.embed([asked])[0]
    cosines = dict(zip(TEXTS, own, strict=True))
    found = ask(database, where, asked, threshold=-1).results
    by_id = {chunk_id: name for name, chunk_id in made.items()}
    for row in found.itertuples():
        assert row.similarity == pytest.approx(cosines[by_id[row.chunk_id]], abs=1e-4)
        ranks = [rank for rank in (row.vector_rank, row.text_rank) if pd.notna(rank)]
        assert row.score == pytest.approx(sum(1 / (60 + rank) for rank in ranks))
    ranked = sorted(cosines, key=cosines.get, reverse=True)
    assert [by_id[i] for i in found.sort_values("vector_rank")["chunk_id"]] == ranked


def test_matched_words_are_those_of_the_chunk(database, known):
    where, _ = known
    found = ask(database, where, "exporting nights", Mode.TEXT).results
    assert set(found["matched"].iloc[0]) == {"export", "exports", "night"}


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("text", ODD)
def test_any_question_gets_an_answer(database, known, mode, text):
    found = ask(database, known[0], text, mode)
    assert len(found.results) <= 5
    assert found.note or len(found.results) == 5


def test_fewer_than_asked_for_says_why(database, known):
    where, _ = known
    found = ask(database, where, "what does it cost", Mode.VECTOR)
    got = len(found.results)
    assert 0 < got < 5
    assert found.note.startswith(f"Asked for 5, got {got}: {5 - got} more ")
    assert "below the threshold of 0.35" in found.note
    assert (found.results["similarity"] >= 0.35).all()
    assert "only 5 chunks" in ask(database, where, "cost", threshold=-1, k=9).note


def test_a_demo_without_chunks(database, rows):
    found = ask(database, demo(rows), "anything")
    assert found.results.empty
    assert list(found.results) == list(knowledge.FOUND)
    assert "no knowledge yet" in found.note


def test_chunks_without_an_embedding_are_found_by_words(database, rows):
    where = demo(rows)
    made = learn(rows, where, model=None)
    found = ask(database, where, "export")
    assert names(found, made) == ["export"]
    assert found.results["similarity"].isna().all()
    assert "No chunk has an embedding yet" in found.knowledge.obstacle
    assert ask(database, where, "export", Mode.VECTOR).results.empty


def test_models_are_never_mixed(database, rows):
    where = demo(rows)
    made = learn(rows, where)
    rows.execute(
        update(knowledge_chunks)
        .where(knowledge_chunks.c.id == made["price"])
        .values(embedding_model="text-embedding-3-small")
    )
    found = ask(database, where, "How much does it cost?", Mode.VECTOR, threshold=-1)
    assert "price" not in names(found, made)
    assert found.knowledge.others == {"text-embedding-3-small": 1}
    assert "1 of 5 chunks" in found.knowledge.obstacle
    hybrid = ask(database, where, "How much does it cost?", threshold=-1)
    row = hybrid.results.set_index("chunk_id").loc[made["price"]]
    assert np.isnan(row["similarity"])


def test_chunks_of_an_unknown_model(database, rows):
    where = demo(rows)
    learn(rows, where, model="somebodys-own")
    found = ask(database, where, "How much does it cost?")
    assert len(found.results)
    assert "somebodys-own" in found.knowledge.obstacle
    assert found.results["similarity"].isna().all()


@pytest.mark.parametrize("mode", list(Mode))
def test_anothers_demo_answers_with_nothing(database, rows, mode):
    where = demo(rows, BEN)
    learn(rows, where)
    found = ask(database, where, "How much does it cost?", mode)
    assert found.results.empty
    assert found.knowledge.chunks == 0
    with reading(database.engine, ANA) as conn:
        vector = embedder_for("local").embed(["How much does it cost?"])[0]
        assert knowledge.search(conn, where, vector, "cost", mode, 5, None, MINILM).empty


def test_the_product_team_may_count_and_not_search(database, known):
    where, _ = known
    with reading(database.engine, PIA) as conn:
        assert knowledge.overview(conn, where)["chunks"].sum() == 5
    with pytest.raises(NotAllowedError):
        ask(database, where, "cost", viewer=PIA)


def test_signs_first_gives_what_the_exact_way_gives(database, rows, monkeypatch):
    where = demo(rows)
    learn(rows, where)
    vectors = np.random.default_rng(1).normal(size=(300, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows.execute(
        knowledge_chunks.insert(),
        [
            {"demo_id": where, "content": f"chunk {n}", "embedding_model": MINILM,
             "vector_embedding": np.pad(vector, (0, 1152))}
            for n, vector in enumerate(vectors)
        ],
    )  # fmt: skip
    question = "how much is it"
    exact = ask(database, where, question, Mode.VECTOR, threshold=-1).results
    monkeypatch.setattr(knowledge_arms, "EXACT_UP_TO", 10)
    quick = ask(database, where, question, Mode.VECTOR, threshold=-1).results
    assert list(quick["chunk_id"]) == list(exact["chunk_id"])
    assert np.allclose(quick["similarity"], exact["similarity"])


def test_an_edited_text_is_not_found_by_its_old_vector(database, rows):
    where = demo(rows)
    made = learn(rows, where)
    rows.execute(
        update(knowledge_chunks)
        .where(knowledge_chunks.c.id == made["price"])
        .values(content="Something else", question=None, answer=None)
    )
    found = ask(database, where, "How much does it cost?", Mode.VECTOR, threshold=-1)
    assert "price" not in names(found, made)
    assert found.knowledge.without == 1
