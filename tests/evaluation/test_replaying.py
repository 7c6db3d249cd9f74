"""Replays: what visitors asked, against what the knowledge says now."""

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import func, select, text

from domo_insights.database.doors import editing, reading
from domo_insights.database.tables_evaluation import replay_runs, replayed_questions
from domo_insights.embedding import embedder_for
from domo_insights.errors import ConflictingDataError, DomoInsightsError, NotAllowedError
from domo_insights.evaluation.replaying import forget, replay, verdict
from domo_insights.period import Period
from domo_insights.queries import knowledge, knowledge_vectors, replays
from domo_insights.queries.knowledge import Mode
from domo_insights.queries.replays_compared import compared, in_words
from tests.evaluation.interrupting import interruptions
from tests.factories import ANA, BEN, NOON, PIA, chunk, conversation, demo, message
from tests.queries.test_knowledge import MINILM, TEXTS, learn

WEEK = Period.parse("2026-02-25..2026-03-04", NOON + timedelta(days=1))
QUESTIONS = [
    "How much does it cost?", "how much does it cost", "Can I export my data?",
    "Do you have a partner program for resellers in Norway?", "Hi there!", "and then",
    "We are a team of nine.",
]  # fmt: skip


@pytest.fixture
def visited(rows):
    """A demo with knowledge, and what visitors said in it."""
    where = demo(rows)
    made = learn(rows, where)
    for number, said in enumerate(QUESTIONS):
        talk = conversation(rows, where, started_at=NOON - timedelta(hours=1))
        message(rows, talk, content=said, at=NOON + timedelta(minutes=number))
        message(rows, talk, "assistant", NOON + timedelta(minutes=number, seconds=5), seq=1)
    return where, made


def run(database, where, viewer=ANA, **more):
    return replay(database.engine, viewer, where, WEEK, **more)


def shown(database, run_id):
    with reading(database.engine, ANA) as conn:
        return replays.questions(conn, run_id)


def stored(rows):
    return rows.execute(select(func.count()).select_from(replay_runs)).scalar_one()


def test_a_replay_counts_and_ranks(database, rows, visited):
    where, made = visited
    run_id = run(database, where)
    with reading(database.engine, ANA) as conn:
        row = replays.runs(conn, where).to_dict("records")[0]
    assert {n: row[n] for n in ("messages", "small_talk", "fragments", "remarks", "questions")} == {
        "messages": 7, "small_talk": 1, "fragments": 1, "remarks": 1, "questions": 4,
    }  # fmt: skip
    assert (row["answered_well"], row["not_answered"], row["coverage"]) == (3, 1, 0.75)
    asked = shown(database, run_id)
    assert asked["verdict"].tolist() == ["not", "well", "well"]
    assert asked["asked"].tolist() == [1, 2, 1]
    assert asked["chunk_id"].tolist()[1:] == [made["price"], made["export"]]
    assert len(asked["conversations"][1]) == 2


def test_the_verdict_is_that_of_the_playground(database, visited):
    where, _ = visited
    asked = shown(database, run(database, where))
    for row in asked.to_dict("records"):
        vector = embedder_for("local").embed([row["question"]])[0]
        with reading(database.engine, ANA) as conn:
            best = knowledge.search(
                conn, where, vector, row["question"], Mode.VECTOR, 1, None, MINILM
            )
        assert best["chunk_id"][0] == row["chunk_id"]
        assert best["similarity"][0] == pytest.approx(row["similarity"], abs=1e-5)


def test_an_edit_fixes_a_question_and_breaks_another(database, rows, visited):
    where, made = visited
    before = run(database, where)
    learn(rows, where, partner=(QUESTIONS[3], "Yes, resellers in Norway get 20 percent."))
    rows.execute(text("delete from knowledge_chunks where id = :id"), {"id": made["export"]})
    now = run(database, where)
    changes = compared(shown(database, before), shown(database, now))
    moved = dict(zip(changes["question"], changes["moved"], strict=True))
    assert moved == {QUESTIONS[0]: "same", QUESTIONS[2]: "worse", QUESTIONS[3]: "fixed"}
    assert in_words(changes) == (
        "Since the replay before: 1 fixed (asked 1 times), 0 better, 1 worse (asked 1 times),"
        " 0 new, 1 as before."
    )
    with reading(database.engine, ANA) as conn:
        row = replays.coverage(conn).to_dict("records")[0]
    assert (row["answered_well"], row["answered_well_before"]) == (3, 3)


def test_the_first_replay_has_nothing_to_compare_with(database, visited):
    assert in_words(compared(None, shown(database, run(database, visited[0])))) == ""


def test_an_interruption_at_any_point_leaves_nothing(database, rows, visited):
    told = []
    run(database, visited[0], progress=lambda *what: told.append(what))
    assert {what for what, _, _ in told} == {"Reading questions", "Comparing chunks"}
    assert stored(rows) == 1
    for interrupt in interruptions(len(told)):
        with pytest.raises(KeyboardInterrupt):
            run(database, visited[0], progress=interrupt)
        assert stored(rows) == 1
    run(database, visited[0])
    assert stored(rows) == 2


def test_an_edit_in_the_middle_is_told_and_nothing_stored(database, rows, visited):
    where, _ = visited

    def edit(what, _done, _of):
        if what == "Comparing chunks":
            chunk(rows, where, content="Written meanwhile.")

    with pytest.raises(ConflictingDataError, match="during the replay"):
        run(database, where, progress=edit)
    assert stored(rows) == 0


def test_a_demo_without_knowledge_answers_nothing(database, rows, visited):
    where, _ = visited
    rows.execute(text("delete from knowledge_chunks"))
    asked = shown(database, run(database, where))
    assert set(asked["verdict"]) == {"not"}
    assert asked["chunk_id"].isna().all()


@pytest.mark.parametrize("model", [None, "somebody-elses-model"])
def test_knowledge_that_cannot_be_compared_is_no_zero(database, rows, visited, model):
    where, _ = visited
    rows.execute(text("update knowledge_chunks set embedding_model = :m"), {"m": model})
    with pytest.raises(DomoInsightsError) as told:
        run(database, where)
    assert "embed" in told.value.hint
    assert stored(rows) == 0


def test_a_period_without_questions_says_so(database, rows, visited):
    where, _ = visited
    early = Period.parse("2026-01-01..2026-01-08", NOON)
    with pytest.raises(DomoInsightsError, match="asked nothing"):
        replay(database.engine, ANA, where, early)
    rows.execute(text("update conversation_messages set content = 'hello'"))
    with pytest.raises(DomoInsightsError, match="none of them a question"):
        run(database, where)


@pytest.mark.parametrize("viewer", [BEN, PIA], ids=["another owner", "product team"])
def test_anothers_demo_is_refused(database, rows, visited, viewer):
    where, _ = visited
    with pytest.raises(NotAllowedError):
        run(database, where, viewer)
    run_id = run(database, where)
    with editing(database.engine, viewer) as conn:
        forget(conn, run_id)
    assert stored(rows) == 1
    with editing(database.engine, ANA) as conn:
        forget(conn, run_id)
    assert stored(rows) == 0
    assert not rows.execute(select(replayed_questions)).all()


def test_odd_texts_are_replayed_as_they_are(database, rows, visited):
    where, _ = visited
    odd = ["'; drop table knowledge_chunks; -- now?", "<img src=x onerror=alert(1)> what is it?",
           "price " * 8_000,
           "Wie viel kostet das im Monat?", "料金はいくらですか", "%s %(x)s {0} ok?"]  # fmt: skip
    for number, said in enumerate(odd):
        talk = conversation(rows, where, started_at=NOON)
        message(rows, talk, content=said, at=NOON + timedelta(hours=1, minutes=number))
    asked = shown(database, run(database, where))
    assert set(odd) <= set(asked["question"])


@pytest.mark.parametrize(
    ("similarity", "word"),
    [(0.35, "well"), (0.3499, "weakly"), (0.25, "weakly"), (0.2499, "not"), (None, "not")],
)
def test_where_the_verdicts_begin(similarity, word):
    assert verdict(similarity, 0.35) == word


def test_nearest_in_batches_is_what_plain_numpy_says(database, rows, monkeypatch):
    monkeypatch.setattr(knowledge_vectors, "_BATCH", 7)
    random = np.random.default_rng(5)
    where, vectors = demo(rows), {}
    for number in range(30):
        vector = np.zeros(1536, np.float32)
        vector[:384] = random.normal(size=384)
        made = chunk(rows, where, content=f"c{number}", vector_embedding=vector,
                     embedding_model=MINILM)  # fmt: skip
        vectors[made] = vector / np.linalg.norm(vector)
    chunk(rows, where, content="of another model", vector_embedding=vector, embedding_model="x")
    chunk(rows, where, content="without")
    asked = embedder_for("local").embed(list(TEXTS))
    with reading(database.engine, ANA) as conn:
        wanted = [set(list(vectors)[:2])] + [set()] * (len(asked) - 1)
        found = knowledge_vectors.nearest(conn, where, MINILM, asked, 4, wanted)
    for row, question in enumerate(asked):
        ranked = sorted(vectors, key=lambda one: -(vectors[one] @ question))
        assert found.found[row] == ranked[:4]
        exact = [float(vectors[one] @ question) for one in ranked[:4]]
        assert found.similarities[row] == pytest.approx(exact, abs=1e-5)
    best = max(float(vectors[one] @ asked[0]) for one in wanted[0])
    assert found.expected[0] == pytest.approx(best, abs=1e-5)
    assert np.isnan(found.expected[1:]).all()


def test_the_fingerprint_moves_with_words_and_models_and_nothing_else(database, rows):
    def now(where):
        with reading(database.engine, ANA) as conn:
            return knowledge_vectors.fingerprint(conn, where)

    where, other = demo(rows), demo(rows)
    empty = now(where)
    one = chunk(rows, where, content="One")
    first = now(where)
    assert first not in (empty, now(other))
    chunk(rows, other, content="Elsewhere")
    rows.execute(text("update knowledge_chunks set source = 'a book' where id = :id"), {"id": one})
    assert now(where) == first
    for change in ("content = 'Two'", "question = 'Two?'", "answer = 'Two'"):
        before = now(where)
        rows.execute(text(f"update knowledge_chunks set {change} where id = :id"), {"id": one})
        assert now(where) != before
