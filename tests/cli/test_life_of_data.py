"""`export`, `import`, `retention` and `erase`, as somebody types them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from typer.testing import CliRunner

from domo_insights.database import retention
from domo_insights.database.queue import drain
from domo_insights.database.tables import audit_logs, conversation_messages, conversations
from domo_insights.errors import UnknownNameError, WrongUseError
from tests.factories import ANA, BEN, NOON, conversation, demo, event, message

CUTOFF = NOON.replace(hour=0)


@pytest.fixture
def run(program, database):
    def ran(*words):
        result = CliRunner().invoke(program, list(words))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    return ran


@pytest.fixture
def talks(rows):
    """Before the cut three conversations of Ana's, one of Ben's, one of nobody's; after it two."""
    found = []
    for owner, days in ((ANA, (3, 2, 1)), (BEN, (1,))):
        where = demo(rows, owner, name=f"{owner.email} demo")
        for back in (*days, 0):
            at = CUTOFF - timedelta(days=back) + timedelta(hours=1)
            found.append(conversation(rows, where, started_at=at))
            message(rows, found[-1], at=at)
            message(rows, found[-1], "assistant", at + timedelta(seconds=5))
            event(rows, found[-1], at=at)
    message(rows, "nobodys", at=CUTOFF - timedelta(days=9))
    return found


@pytest.fixture
def days():
    """How many days back from today the cut is."""
    return (datetime.now(UTC).date() - CUTOFF.date()).days


def count(rows, table=conversation_messages):
    return rows.scalar(select(func.count()).select_from(table))


def test_retention_shows_first_and_changes_nothing(run, rows, talks, days):
    before = count(rows)
    said = run("retention", "--older-than", str(days))
    assert "ben@harbor.example demo" in said
    assert "(nobody's)" in said
    assert [line.split()[-5:-2] for line in said.splitlines()[1:]] == [
        ["1", "1", "0"], ["3", "6", "3"], ["1", "2", "1"],
    ]  # fmt: skip
    assert count(rows) == before
    assert rows.scalar(text("select count(*) from insights.detail_kept")) == 0


def test_retention_deletes_what_is_older_and_says_from_when_on_there_is_detail(
    run, database, rows, talks, days
):
    counts = select(conversations.c.n_user, conversations.c.n_assistant, conversations.c.started_at)
    before = sorted(rows.execute(counts).all())
    run("retention", "--older-than", str(days), "--apply")
    assert set(rows.scalars(select(conversation_messages.c.conversation_id))) == {
        talks[3], talks[5],
    }  # fmt: skip
    assert count(rows) == 4
    # What was counted stays counted, whatever is worked off later, under ids that lead nowhere.
    assert sorted(rows.execute(counts).all()) == before
    drain(database.engine)
    assert sorted(rows.execute(counts).all()) == before
    ids = set(rows.scalars(select(conversations.c.conversation_id)))
    assert ids & set(talks) == {talks[3], talks[5]}
    kept = rows.execute(text("select deleted_before, anonymised_before from insights.detail_kept"))
    assert kept.all() == [(CUTOFF, None)] * 2
    assert run("retention", "--older-than", str(days), "--apply") == ""


def test_retention_of_one_demo_leaves_the_others(run, rows, talks, days):
    where = rows.scalar(
        select(conversations.c.demo_id).where(conversations.c.conversation_id == talks[4])
    )
    run("retention", "--older-than", str(days), "--demo", str(where), "--apply")
    left = set(rows.scalars(select(conversation_messages.c.conversation_id)))
    assert left == {*talks, "nobodys"} - {talks[4]}


def test_retention_makes_anonymous_and_keeps_the_numbers(run, rows, talks, days):
    counts = select(conversations.c.n_user, conversations.c.n_assistant, conversations.c.started_at)
    before = sorted(rows.execute(counts).all())
    run("retention", "--older-than", str(days), "--anonymise", "--apply")
    assert sorted(rows.execute(counts).all()) == before
    words = select(conversation_messages.c.content).where(
        conversation_messages.c.occurred_at < CUTOFF
    )
    assert set(rows.scalars(words)) == {None}
    assert run("retention", "--older-than", str(days), "--anonymise") == ""


def test_retention_goes_on_where_it_was_stopped(database, rows, talks, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 1)
    old = retention.older_than(database.admin, CUTOFF)
    halfway = iter([False, False, True])
    done = retention.take_out(
        database.admin, database.engine, old, CUTOFF, stopping=lambda: next(halfway)
    )
    assert done.conversations == 2
    rest = retention.older_than(database.admin, CUTOFF)
    assert rest == old[2:]
    assert retention.take_out(database.admin, database.engine, rest, CUTOFF).conversations == 3
    assert retention.older_than(database.admin, CUTOFF) == []


def test_erase_shows_first_and_then_takes_it_out(run, rows, talks):
    assert "ana@northwind.example demo" in run("erase", talks[0])
    assert talks[0] in set(rows.scalars(select(conversation_messages.c.conversation_id)))
    run("erase", talks[0], "--apply")
    assert talks[0] not in set(rows.scalars(select(conversation_messages.c.conversation_id)))
    with pytest.raises(UnknownNameError):
        run("erase", talks[0], "--apply")


def test_export_and_import_leave_traces_and_never_overwrite(run, rows, talks, tmp_path):
    made = str(tmp_path / "all.zip")
    said = run("export", made, "--as", ANA.email)
    assert said.splitlines()[0].split() == ["demos", "1"]
    with pytest.raises(WrongUseError, match="exists"):
        run("export", made, "--as", ANA.email)
    # The owner of the demo moves to another database; here it is deleted and comes back as Ben's.
    rows.execute(text("delete from demos where user_id = :u"), {"u": ANA.user_id})
    put = run("import", made, "--owner", BEN.email)
    rows_put = [line for line in said.splitlines() if "audit_logs" not in line]
    assert rows_put == put.splitlines()  # traces outlive the demo
    actions = set(rows.scalars(select(audit_logs.c.action)))
    assert {"impersonate", "export", "import"} <= actions
    assert rows.scalar(text("select count(distinct user_id) from demos")) == 1
