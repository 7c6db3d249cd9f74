import csv
import inspect
import io
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from domo_insights.cli.output import as_table
from domo_insights.database.tables import audit_logs
from domo_insights.errors import DomoInsightsError, WrongUseError
from domo_insights.exports.cells import as_csv, as_json
from domo_insights.queries import PRODUCT_ONLY, QUERIES
from tests.factories import ANA, BEN, PIA, conversation, demo, message

NOW = datetime.now(UTC)


@pytest.fixture
def ask(program, database):
    """Run `domo-insights query ...`; the error it raised, if any, is left to the test."""

    def asked(*words):
        result = CliRunner().invoke(program, ["query", *words])
        if isinstance(result.exception, DomoInsightsError):
            assert not result.stdout
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    return asked


@pytest.fixture
def talked(rows):
    where = demo(rows, name="=Alpha")
    made = conversation(rows, where, started_at=NOW - timedelta(hours=1))
    message(rows, made, "user", NOW - timedelta(hours=1), content="-1+1\nHello")
    message(rows, made, "assistant", NOW)
    tested = conversation(rows, where, started_at=NOW - timedelta(hours=1), is_test=True)
    message(rows, tested, "user", NOW - timedelta(hours=1))
    return where, made


def test_the_list_names_every_query(ask):
    listed = ask("--list")
    for name in ("conversations.messages_per_day", "demos.ranked", "webhooks.kpis"):
        assert name in listed


def test_messages_per_day_as_json(ask, talked):
    answer = json.loads(
        ask("conversations.messages_per_day", "--as", ANA.email, "--period", "7d",
            "--format", "json")
    )  # fmt: skip
    assert len(answer) == 14
    assert list(answer[0]) == ["day", "role", "messages"]
    assert answer[-1] == {"day": NOW.date().isoformat(), "role": "assistant", "messages": 1}
    assert sum(row["messages"] for row in answer) == 2


def test_test_conversations_only_when_asked_for(ask, talked):
    def messages(*more):
        words = ["messages.kpis", "--as", ANA.email, "--format", "json", *more]
        return json.loads(ask(*words))[0]["messages"]

    assert messages() == 2
    assert messages("--include-test") == 3
    assert messages("--demo", str(talked[0])) == 2


def test_every_query_of_the_list_can_be_written_in_every_format(ask, talked):
    listed = [line.split()[0] for line in ask("--list").splitlines()]
    assert len(listed) > len(QUERIES) * 0.8
    for name in listed:
        takes = inspect.signature(QUERIES[name]).parameters
        needs = {k for k, p in takes.items() if p.default is inspect.Parameter.empty}
        words = [name, "--as", (PIA if name in PRODUCT_ONLY else ANA).email.upper()]
        words += ["--conversation", talked[1]] if "conversation_id" in needs else []
        words += ["--demo", str(talked[0])] if "demo_id" in needs else []
        rows = json.loads(ask(*words, "--format", "json"))
        assert isinstance(rows, list)
        table = list(csv.DictReader(io.StringIO(ask(*words, "--format", "csv"))))
        assert ask(*words)
        # What tells of the asking itself has moved meanwhile.
        if name != "access.audit_log" and not name.startswith("operations."):
            assert len(table) == len(rows), name


@pytest.mark.parametrize(
    ("name", "missing"),
    [("conversations.transcript", "conversation"), ("demos_now.videos", "demo")],
)
def test_what_a_query_cannot_be_asked_without_is_named(ask, name, missing):
    with pytest.raises(WrongUseError, match=f"This query needs a {missing}") as told:
        ask(name, "--as", ANA.email)
    assert f"--{missing}" in told.value.hint


def test_text_cannot_become_a_formula(ask, talked):
    words = ["conversations.transcript", "--as", ANA.email, "--conversation", talked[1]]
    rows = list(csv.DictReader(io.StringIO(ask(*words, "--format", "csv"))))
    assert rows[0]["content"] == "'-1+1\nHello"
    names = list(csv.DictReader(io.StringIO(ask("demos.mine", "--as", ANA.email,
                                                "--format", "csv"))))  # fmt: skip
    assert names[0]["demo"] == "'=Alpha"


def test_asking_in_somebodys_name_leaves_a_trace(ask, talked, rows):
    ask("conversations.kpis", "--as", ANA.email)
    trace = rows.execute(select(audit_logs).where(audit_logs.c.action == "impersonate")).one()
    assert trace.user_id == ANA.user_id
    assert trace.new_values["query"] == "conversations.kpis"


def test_each_sees_what_is_theirs(ask, talked):
    def counted(viewer):
        words = ["conversations.kpis", "--as", viewer.email, "--format", "json"]
        return json.loads(ask(*words))[0]["conversations"]

    assert (counted(ANA), counted(BEN), counted(PIA)) == (1, 0, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing.here", "--as", ANA.email], "There is no query nothing.here."),
        ([], "No query is named."),
        (["demos.mine"], "Nobody to ask for."),
        (["demos.mine", "--as", ANA.email, "--period", "7d"], "does not take --period"),
        (["conversations.kpis", "--as", ANA.email, "--zone", "Mars/Base"], "not a time zone"),
        (["conversations.kpis", "--as", ANA.email, "--period", "later"], "not a period"),
        (["conversations.kpis", "--as", ANA.email, "--period", "2026-02-02..2026-02-01"], "end"),
        (["conversations.kpis", "--as", ANA.email, "--demo", "1"], "not the id of a demo"),
        (["conversations.transcript", "--as", ANA.email], "This query needs a conversation"),
    ],
)
def test_wrong_use_is_told_before_anything_is_asked(ask, words, said):
    with pytest.raises(WrongUseError, match=said):
        ask(*words)


def test_what_is_not_there_is_a_failure_and_not_wrong_use(ask, talked):
    with pytest.raises(DomoInsightsError, match="There is no user") as nobody:
        ask("demos.mine", "--as", "nobody@nowhere.example")
    with pytest.raises(DomoInsightsError, match="has no demo") as no_demo:
        ask("conversations.kpis", "--as", ANA.email, "--demo", str(uuid4()))
    with pytest.raises(DomoInsightsError, match="has no demo"):
        ask("conversations.kpis", "--as", BEN.email, "--demo", str(talked[0]))
    assert not isinstance(nobody.value, WrongUseError)
    assert not isinstance(no_demo.value, WrongUseError)


def test_missing_values_are_null_in_json_and_empty_in_csv(ask, database):
    words = ["conversations.kpis", "--as", ANA.email]
    row = json.loads(ask(*words, "--format", "json"))[0]
    assert row["conversations"] == 0
    assert row["active_share"] is None
    assert ask(*words, "--format", "csv").splitlines()[1] == "0,0,,,,0"


def test_hours_keep_their_time_and_moments_their_zone(ask, talked):
    words = ["--as", ANA.email, "--period", "24h", "--format", "json"]
    buckets = json.loads(ask("conversations.over_time", *words))
    assert len(buckets) in (24, 25)
    assert "T" in buckets[-1]["bucket"]
    started = json.loads(ask("conversations.listing", *words))[0]["started_at"]
    assert datetime.fromisoformat(started) == NOW - timedelta(hours=1)


def test_numbers_stay_numbers():
    import pandas as pd

    frame = pd.DataFrame({"n": [-5], "share": [-0.25], "text": ["@SUM(A1)"], "many": [[1, 2]]})
    assert as_csv(frame).splitlines()[1] == '-5,-0.25,\'@SUM(A1),"[1, 2]"'
    assert json.loads(as_json(frame)) == [
        {"n": -5, "share": -0.25, "text": "@SUM(A1)", "many": [1, 2]}
    ]
    assert as_table(frame).splitlines()[0].split() == ["n", "share", "text", "many"]
