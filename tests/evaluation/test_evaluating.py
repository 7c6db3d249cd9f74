"""Question sets and their runs."""

import json
from datetime import timedelta

import pandas as pd
import pytest
from sqlalchemy import func, select, text

from domo_insights.database.doors import editing, reading
from domo_insights.database.tables_evaluation import evaluation_runs, question_sets, set_questions
from domo_insights.errors import DomoInsightsError, NotAllowedError, PayloadError
from domo_insights.evaluation import evaluating, measures
from domo_insights.evaluation import question_sets as sets
from domo_insights.queries import evaluations
from domo_insights.queries.knowledge import Mode
from tests.evaluation.interrupting import interruptions
from tests.factories import ANA, BEN, NOON, PIA, demo
from tests.queries.test_knowledge import ODD, learn

PASTED = """What does it cost\tHow much does it cost?
phone application => IS THERE A MOBILE APP?

Who are you?
"""


@pytest.fixture
def known(rows):
    where = demo(rows)
    return where, learn(rows, where)


def keep(database, where, written, name="Set", viewer=ANA):
    return sets.keep(database.engine, viewer, where, name, written)


def count(rows, table):
    return rows.execute(select(func.count()).select_from(table)).scalar_one()


def answers(database, run_id):
    with reading(database.engine, ANA) as conn:
        return evaluations.answers(conn, run_id)


def test_a_pasted_set_is_asked_and_measured(database, known):
    where, made = known
    set_id = keep(database, where, sets.pasted(PASTED))
    run_id = evaluating.evaluate(database.engine, ANA, set_id)
    came = answers(database, run_id)
    assert came["expected"].tolist() == [[made["price"]], [made["app"]], []]
    assert [found[0] for found in came["found"][:2]] == [made["price"], made["app"]]
    assert came["expected_similarity"].isna().tolist() == [False, False, True]
    assert (came["best_similarity"][:2] >= came["expected_similarity"][:2] - 1e-6).all()
    with reading(database.engine, ANA) as conn:
        run = evaluations.runs(conn, where).to_dict("records")[0]
        listed = evaluations.sets(conn, where).to_dict("records")[0]
    assert (run["mode"], run["k"], run["threshold"], run["chunks"]) == ("hybrid", 10, 0.35, 5)
    assert len(run["off_topic"]) == len(evaluating.off_topic()) == 40
    assert (listed["questions"], listed["judged"], listed["runs"]) == (3, 2, 1)
    found = measures.measures(came, run["threshold"])
    assert found["mrr@10"].value == found["recall@5"].value == 1
    assert found["below_threshold"].count == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "Question,Expected\n\"What, exactly, does it cost\",How much does it cost?\n"),
        ("a.csv", "expected;question\nHow much does it cost?;What does it cost\n"),
        ("a.jsonl", '{"question": "What does it cost", "expected": ["How much does it cost?"]}'),
        ("a.jsonl", '{"t":"d","id":1,"content":"How much does it cost?\\nThe team plan is 49 euro'
                    ' a month, billed yearly."}\n{"t":"q","text":"What does it cost","rel":[1]}'),
    ],
)  # fmt: skip
def test_files_of_every_shape(database, rows, known, name, content):
    where, made = known
    keep(database, where, sets.from_file(name, b"\xef\xbb\xbf" + content.encode()))
    assert sets.from_table(f"\n{content}\n").lines[0].question
    stored = rows.execute(select(set_questions)).mappings().one()
    assert stored["expected"] == [made["price"]]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "no column called question"),
        ("a.csv", b"words\nx", "no column called question"),
        ("a.csv", b"question,expected\n", "no question"),
        ("a.csv", b'question,expected\n"open', "no CSV"),
        ("a.csv", b"\xff\xfe\x00", "UTF-8"),
        ("a.jsonl", b"{", "Line 1"),
        ("a.jsonl", b"", "no questions"),
    ],
)
def test_files_that_are_none(name, content, words):
    with pytest.raises(PayloadError, match=words):
        sets.from_file(name, content)


def test_a_chunk_that_is_not_there_names_its_line_and_nothing_is_kept(database, rows, known):
    where, _ = known
    with pytest.raises(PayloadError, match=r"Line 2 expects .*: nothing like it"):
        keep(database, where, sets.pasted("What?\nAnd then\tnothing like it"))
    for written in ("", " \n "):
        with pytest.raises(PayloadError, match="no question"):
            sets.pasted(written)
    with pytest.raises(PayloadError, match="over 50,000"):
        sets.pasted("x" * 50_001)
    for name in ("", " \n", "x" * 121):
        with pytest.raises(DomoInsightsError, match="needs a name"):
            keep(database, where, sets.pasted("What?"), name)
    keep(database, where, sets.pasted("What?"))
    with pytest.raises(DomoInsightsError, match="already"):
        keep(database, where, sets.pasted("What?"))
    assert count(rows, question_sets) == 1


@pytest.mark.parametrize("viewer", [BEN, PIA], ids=["another owner", "product team"])
def test_anothers_set_is_refused(database, rows, known, viewer):
    where, _ = known
    with pytest.raises(NotAllowedError):
        keep(database, where, sets.pasted("What?"), viewer=viewer)
    set_id = keep(database, where, sets.pasted("What?"))
    with pytest.raises(NotAllowedError):
        evaluating.evaluate(database.engine, viewer, set_id)
    run_id = evaluating.evaluate(database.engine, ANA, set_id)
    with editing(database.engine, viewer) as conn:
        evaluating.forget(conn, run_id)
        sets.forget(conn, set_id)
    assert count(rows, evaluation_runs) == 1
    with editing(database.engine, ANA) as conn:
        sets.forget(conn, set_id)
    assert count(rows, evaluation_runs) == count(rows, set_questions) == 0


def test_the_demos_own_questions(database, known):
    where, made = known
    with reading(database.engine, ANA) as conn:
        written = sets.from_knowledge(conn, where)
    run_id = evaluating.evaluate(database.engine, ANA, keep(database, where, written))
    came = answers(database, run_id)
    assert {tuple(one) for one in came["expected"]} == {(one,) for one in made.values()}
    assert measures.measures(came, 0.35)["recall@1"].value == 1


@pytest.mark.parametrize("mode", list(Mode))
def test_odd_questions_are_asked_as_they_are(database, known, mode):
    where, _ = known
    lines = [" ".join(one.split())[:50_000] for one in ODD if one.strip()]
    set_id = keep(database, where, sets.pasted("\n".join(lines)))
    run_id = evaluating.evaluate(database.engine, ANA, set_id, mode)
    assert len(answers(database, run_id)) == len(lines)


def test_what_cannot_be_found_by_meaning_is_told(database, rows, known):
    where, _ = known
    set_id = keep(database, where, sets.pasted(PASTED))
    rows.execute(text("update knowledge_chunks set embedding_model = 'another'"))
    with pytest.raises(DomoInsightsError, match="not known here"):
        evaluating.evaluate(database.engine, ANA, set_id)
    run_id = evaluating.evaluate(database.engine, ANA, set_id, Mode.TEXT)
    came = answers(database, run_id)
    assert came["best_similarity"].isna().all()
    assert measures.measures(came, 0.7)["below_threshold"].value is None
    rows.execute(text("delete from knowledge_chunks"))
    with pytest.raises(DomoInsightsError, match="no knowledge"):
        evaluating.evaluate(database.engine, ANA, set_id, Mode.TEXT)


def test_an_interrupted_run_leaves_nothing(database, rows, known):
    set_id = keep(database, known[0], sets.pasted(PASTED))
    told = []
    evaluating.evaluate(database.engine, ANA, set_id, progress=lambda *w: told.append(w))
    for interrupt in interruptions(len(told)):
        with pytest.raises(KeyboardInterrupt):
            evaluating.evaluate(database.engine, ANA, set_id, progress=interrupt)
    assert count(rows, evaluation_runs) == 1


def test_run_against_run_says_what_broke_and_what_improved(database, rows, known):
    where, made = known
    set_id = keep(database, where, sets.pasted(PASTED + "stored where\tWhere is data stored?"))
    before = answers(database, evaluating.evaluate(database.engine, ANA, set_id))
    rows.execute(text("delete from knowledge_chunks where id = :id"), {"id": made["price"]})
    after = answers(database, evaluating.evaluate(database.engine, ANA, set_id))
    moved = measures.moves(before, after)
    assert moved["moved"].tolist() == ["broke", "same", "same"]
    assert moved["question"][0] == "What does it cost"
    assert (moved["rank_before"][0], moved["rank"][0] is pd.NA) == (1, True)
    assert measures.moves(after, before)["moved"].tolist() == ["improved", "same", "same"]
    difference = measures.differences(before, after)["recall@5"]
    assert (difference.value, difference.count) == (pytest.approx(-1 / 3), 3)
    assert difference.low <= difference.value <= difference.high


def frame(*rows_):
    columns = ["number", "question", "expected", "found", "best_similarity", "expected_similarity"]
    return pd.DataFrame(rows_, columns=columns)


def test_a_threshold_is_recommended_where_true_matches_part_from_the_rest():
    came = frame(*((n, "?", ["a"], ["a"], 0.5 + n / 100, 0.5 + n / 100) for n in range(10)),
                 (10, "?", [], ["b"], 0.9, None))  # fmt: skip
    found = measures.calibrate(came, [0.1, 0.2, 0.3], 0.55)
    assert 0.3 < found.recommended <= 0.5
    assert (found.kept.value, found.let_through.value) == (1, 0)
    assert (found.kept_now.value, found.let_through_now.value) == (0.5, 0)
    assert found.frame["kept"].is_monotonic_decreasing
    assert found.frame["let_through"].is_monotonic_decreasing
    assert measures.calibrate(came, [], 0.5) is None
    assert measures.calibrate(came[came["number"] == 10], [0.1], 0.5) is None


def test_measures_by_hand():
    came = frame(
        (1, "?", ["a"], ["a", "b"], 0.9, 0.9), (2, "?", ["a"], ["b", "a"], 0.3, 0.2),
        (3, "?", ["a", "c"], ["b", "c"], 0.34, 0.1), (4, "?", [], ["b"], 0.2, None),
    )  # fmt: skip
    found = measures.measures(came, 0.35)
    assert found["recall@1"].value == pytest.approx(1 / 3)
    assert found["recall@5"].value == pytest.approx((1 + 1 + 0.5) / 3)
    assert found["mrr@10"].value == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert (found["below_threshold"].value, found["below_threshold"].count) == (0.75, 4)


def test_runs_are_listed_newest_first(database, rows, known):
    set_id = keep(database, known[0], sets.pasted(PASTED))
    ids = [evaluating.evaluate(database.engine, ANA, set_id) for _ in range(2)]
    for number, run_id in enumerate(ids):
        rows.execute(
            evaluation_runs.update().where(evaluation_runs.c.id == run_id)
            .values(ran_at=NOON + timedelta(days=number))
        )  # fmt: skip
    with reading(database.engine, ANA) as conn:
        assert evaluations.runs(conn, known[0])["run_id"].tolist() == ids[::-1]


def test_jsonl_of_the_command_line_is_a_question_set(database, known):
    where, made = known
    rows_ = [
        {"text": "cost", "rel": [str(made["price"])]},
        {"text": "app", "rel": str(made["app"])},
    ]
    written = sets.from_file("x.jsonl", "\n".join(map(json.dumps, rows_)).encode())
    assert [line.number for line in written.lines] == [1, 2]
    keep(database, where, written)
