from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from domo_insights.cli import digest
from domo_insights.errors import DomoInsightsError, WrongUseError
from tests.factories import ANA, BEN, conversation, demo, message

NOW = datetime.now(UTC)


@pytest.fixture
def run(database):
    import typer

    app = typer.Typer()
    digest.register(app)
    return lambda *words: CliRunner().invoke(app, words, catch_exceptions=True)


def test_a_digest_has_a_page_for_each_demo_and_for_no_other(run, rows):
    alpha = demo(rows, name="Alpha | <b>")
    demo(rows, name="Beta")
    demo(rows, BEN, name="Gamma")
    talk = conversation(rows, alpha, started_at=NOW - timedelta(hours=1))
    message(rows, talk, "user", NOW - timedelta(hours=1), content="my words", sentiment="negative")
    page = run("--as", ANA.email).stdout
    assert page.count("<article>") == 2
    assert "Alpha | &lt;b&gt;" in page
    assert "<style>" in page
    assert "<link" not in page
    assert "Gamma" not in page
    assert "my words" not in page
    told = run("--as", ANA.email, "--format", "markdown", "--period", "7d").stdout
    assert "# Alpha \\| \\<b\\>" in told
    assert "| Conversations | 1 |" in told
    assert "Unhappy end" in told
    trace = rows.execute(text("select new_values from audit_logs where action = 'impersonate'"))
    assert {row.new_values["query"] for row in trace} == {"digest"}


def test_what_cannot_be_written_is_said(run):
    assert isinstance(run("--as", "nobody@x.example").exception, DomoInsightsError)
    assert isinstance(run("--as", BEN.email).exception, DomoInsightsError)
    assert isinstance(run("--as", BEN.email, "--period", "soon").exception, WrongUseError)
