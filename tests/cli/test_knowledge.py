import json

import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from domo_insights.cli import evaluate as evaluate_command
from domo_insights.cli import knowledge as knowledge_commands
from domo_insights.database.doors import reading
from domo_insights.database.tables import audit_logs, demos, knowledge_chunks
from domo_insights.database.tables_evaluation import evaluation_runs
from domo_insights.errors import DomoInsightsError, EmbeddingError, PayloadError, WrongUseError
from domo_insights.queries import evaluations
from tests.factories import ANA, BEN, chunk, demo
from tests.queries.test_knowledge import TEXTS, learn

FILE = [
    *({"t": "d", "id": name, "content": f"{q}\n{a}", "question": q, "answer": a, "source": "s"}
      for name, (q, a) in TEXTS.items()),
    {"t": "d", "id": 7, "content": "A paragraph without a question, about penguins."},
    {"t": "q", "text": "what does it cost", "rel": ["price"]},
    {"t": "q", "text": "phone application", "rel": ["app"]},
    {"t": "q", "text": "birds of the south pole", "rel": [7]},
    {"t": "q", "text": "nobody knows", "rel": ["missing"]},
]  # fmt: skip


@pytest.fixture
def run(database):
    app = typer.Typer()
    knowledge_commands.register(app)
    evaluate_command.register(app)

    def ran(*words):
        return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)

    return ran


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in FILE) + "\n")
    return path


def test_embed_fills_what_is_missing_and_then_nothing(run, rows):
    where, other = demo(rows), demo(rows, BEN)
    for number in range(3):
        chunk(rows, where, content=f"Chunk {number}")
    left = chunk(rows, other)
    assert "3 chunks embedded by all-MiniLM-L6-v2" in run("embed", "--demo", where).output
    models = select(knowledge_chunks.c.embedding_model).where(knowledge_chunks.c.id == left)
    assert rows.execute(models).scalar_one() is None
    assert "1 chunks" in run("embed").output
    assert "0 chunks" in run("embed").output


def test_embed_says_what_it_cannot(run, rows):
    chunk(rows, demo(rows))
    with pytest.raises(EmbeddingError, match="does not know"):
        run("embed", "--model", "another")
    with pytest.raises(WrongUseError):
        run("embed", "--demo", "x")
    with pytest.raises(DomoInsightsError, match="no demo"):
        run("embed", "--demo", ANA.user_id)


def test_search_answers_and_leaves_a_trace(run, rows):
    where = demo(rows)
    made = learn(rows, where)
    words = ("search", "what does it cost", "--as", ANA.email, "--demo", where)
    answer = json.loads(run(*words, "--format", "json").stdout)
    assert answer["results"][0]["chunk_id"] == str(made["price"])
    assert (answer["model"], answer["mode"], answer["k"]) == ("all-MiniLM-L6-v2", "hybrid", 5)
    assert answer["threshold"] == 0.35
    assert "Asked for 5" in answer["note"]
    assert (
        len(
            json.loads(run(*words, "-k", 2, "--threshold", -1, "--format", "json").stdout)[
                "results"
            ]
        )
        == 2
    )
    assert "How much does it cost?" in run(*words).stdout
    traces = select(audit_logs.c.action).where(audit_logs.c.user_id == ANA.user_id)
    assert "impersonate" in rows.execute(traces).scalars().all()


def test_search_of_anothers_demo(run, rows):
    where = demo(rows, BEN)
    learn(rows, where)
    with pytest.raises(DomoInsightsError, match="has no demo"):
        run("search", "cost", "--as", ANA.email, "--demo", where)
    with pytest.raises(WrongUseError):
        run("search", " ", "--as", ANA.email, "--demo", where)
    with pytest.raises(WrongUseError):
        run("search", "cost", "--demo", where)


@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
def test_evaluate_with_a_new_demo(run, rows, file, mode):
    told = run(
        "evaluate", file, "--as", ANA.email, "--new-demo", "Set", "--mode", mode, "--format", "json"
    )
    measured = json.loads(told.stdout)
    assert (measured["questions"], measured["left_out"], measured["chunks"]) == (3, 1, 6)
    assert measured["mode"] == mode
    assert measured["model"] == "all-MiniLM-L6-v2"
    if mode != "text":
        assert measured["recall@5"] == measured["mrr@10"] == measured["ndcg@10"] == 1
    made = rows.execute(select(demos).where(demos.c.name == "Set")).mappings().one()
    assert (made["user_id"], made["status"]) == (ANA.user_id, "draft")

    again = run("evaluate", file, "--as", ANA.email, "--demo", made["id"], "--format", "json")
    assert json.loads(again.stdout)["questions"] == 3


def test_evaluate_keeps_its_run_as_the_page_does(run, rows, file, database):
    where = demo(rows)
    learn(rows, where)
    words = ("evaluate", file, "--as", ANA.email, "--demo", where, "--format", "json")
    plain = json.loads(run(*words).stdout)
    kept = [json.loads(run(*words, "--keep", " Mine ").stdout) for _ in range(2)]
    for told in kept:
        assert {**plain, "seconds": 0} == {
            **{name: value for name, value in told.items() if name != "run_id"}, "seconds": 0,
        }  # fmt: skip
    with reading(database.engine, ANA) as conn:
        sets = evaluations.sets(conn, where)
        runs = evaluations.runs(conn, where)
    assert sets["name"].tolist() == ["Mine"]
    assert sets["questions"].tolist() == [plain["questions"]]
    assert {str(one) for one in runs["run_id"]} == {told["run_id"] for told in kept}
    assert set(rows.scalars(select(evaluation_runs.c.ran_by))) == {ANA.user_id}


def test_a_set_of_another_content_or_owner_is_not_run(run, rows, file, tmp_path):
    where = demo(rows)
    learn(rows, where)
    words = ("--as", ANA.email, "--demo", where, "--keep", "Mine")
    run("evaluate", file, *words)
    other = tmp_path / "other.jsonl"
    other.write_text(
        json.dumps({"text": "How much does it cost?", "rel": ["How much does it cost?"]})
    )
    with pytest.raises(DomoInsightsError, match="asks something else"):
        run("evaluate", other, *words)
    with pytest.raises(DomoInsightsError, match="needs a name"):
        run("evaluate", other, *words[:-1], " ")
    theirs = demo(rows, BEN)
    learn(rows, theirs)
    with pytest.raises(DomoInsightsError, match="no knowledge"):
        run("evaluate", other, "--as", ANA.email, "--demo", theirs, "--keep", "Mine")
    assert len(rows.execute(select(evaluation_runs.c.id)).all()) == 1


def test_evaluate_of_anothers_demo(run, rows, file):
    where = demo(rows, BEN)
    learn(rows, where)
    with pytest.raises(DomoInsightsError, match="no knowledge"):
        run("evaluate", file, "--as", ANA.email, "--demo", where)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "Line 2"),
        ("[1]", "Line 2"),
        ('{"id": 1}', "no content"),
        ('{"content": "x"}', "lacks 'id'"),
        ('{"id": "a", "content": "x"}', "twice"),
        ('{"id": 2, "content": 5}', "no text"),
        ('{"text": "x"}', "lacks 'rel'"),
        ("", "no questions"),
    ],
)
def test_evaluate_of_a_bad_file(run, rows, tmp_path, line, words):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"id": "a", "content": "x"}\n' + line)
    with pytest.raises(PayloadError, match=words):
        run("evaluate", path, "--as", ANA.email, "--new-demo", "x")
    assert rows.execute(select(demos.c.id)).first() is None


def test_evaluate_wants_one_demo(run, file, tmp_path):
    for words in ((), ("--demo", ANA.user_id, "--new-demo", "x"), ("--new-demo", " ")):
        with pytest.raises(WrongUseError):
            run("evaluate", file, "--as", ANA.email, *words)
    with pytest.raises(WrongUseError, match="cannot be read"):
        run("evaluate", tmp_path / "missing", "--as", ANA.email, "--new-demo", "x")
