"""What the bench measures is what pages ask, and what it compares with is what is documented."""

from datetime import UTC, datetime, timedelta

import pytest

from domo_insights.bench import documented, pages
from domo_insights.bench.asked import questions
from domo_insights.bench.figures import FIGURES, Sample
from domo_insights.bench.people import Person
from domo_insights.bench.report import as_json
from domo_insights.database.engine import engine_for
from domo_insights.period import Period
from domo_insights.queries import QUERIES
from domo_insights.ui import places
from tests.factories import ANA, BEN, PIA, chunk, conversation, demo, event, message
from tests.ui.conftest import keys, sign_in  # noqa: F401 - fixtures

NOW = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
def talked(rows):
    mine = demo(rows, ANA)
    for where in (mine, demo(rows, BEN)):
        said = conversation(rows, where, started_at=NOW)
        message(rows, said, at=NOW)
        event(rows, said)
        chunk(rows, where)
    return mine


def test_questions_are_those_of_the_pages(sign_in, talked):  # noqa: F811
    owner = questions(ANA, sign_in(ANA), "90d", "UTC")
    team = questions(PIA, sign_in(PIA), "90d", "UTC")
    assert [place.title for place in owner] == [place.title for place in places.open_to(ANA)]
    assert places.PLATFORM in team
    overview = [pages.name(question) for question in owner[places.OVERVIEW]]
    assert {"conversations.measured", "messages.measured", "demos.ranked"} <= set(overview)
    assert overview.count("conversations.measured") == 2  # the period, and the one before
    assert {name for name in overview if not name.endswith(".measured")} <= set(QUERIES)
    asked = [part for question in owner[places.OVERVIEW] for part in question.args]
    spans = {part.days for part in asked if isinstance(part, Period)}
    assert 90 in spans


def test_a_question_is_timed_as_the_viewer_and_failures_are_told(sign_in, talked, rows, database):  # noqa: F811
    asked = questions(ANA, sign_in(ANA), "30d", "UTC")[places.OVERVIEW]
    took = pages.timed(database.engine, ANA, asked[0])
    assert not took.failed
    assert 0 < took.database < took.whole
    rows.exec_driver_sql("revoke select on public.demos from insights_reader")
    assert any(pages.timed(database.engine, ANA, question).failed for question in asked)


def test_the_documented_questions_see_the_owners_rows_and_leave_no_trace(talked, database):
    superuser = engine_for(database.superuser_url)
    policies = "select string_agg(p::text, '' order by p::text) from pg_policies p"
    with superuser.connect() as conn:
        before = conn.exec_driver_sql(policies).scalar()
        asked = documented.measure(superuser, ANA, 1, lambda *_: None)
        assert conn.exec_driver_sql(policies).scalar() == before
    with documented.as_documented(superuser, ANA) as driver:
        seen = driver.execute("select count(*), count(distinct demo_id) from conversation_messages")
        assert seen.fetchone() == (1, 1)
        assert driver.execute("select current_user").fetchone() == ("authenticated",)
    superuser.dispose()
    known = {*documented.COMPARED, "Webhooks", "Dashboard"}
    assert {question.page for question in asked.questions} == known
    assert not any(question.at_least for question in asked.questions)
    cells = [
        pages.Cell("heaviest", page, "90d", "UTC", Sample.of([2.0]), Sample.of([3.0]), (), (), 1)
        for page in (*documented.COMPARED, "Webhooks")
    ]
    ratios = documented.figures(asked, cells)
    assert ratios["ratio_to_documented"] == pytest.approx(
        min(asked.of(page) for page in documented.COMPARED) / 2
    )


def test_every_figure_has_its_key_measured_or_not():
    found = as_json({"run": {}, "page_30d_ms": 61.0})
    for figure in FIGURES:
        assert f'"{figure.key}":' in found
    assert '"page_30d_ms": 61.0' in found
    assert [f.key for f in FIGURES if f.reached(None) is not None] == []
    slow = next(f for f in FIGURES if f.key == "page_30d_ms")
    assert (slow.reached(60.0), slow.reached(61.0)) == (True, False)


def test_percentiles_are_discrete():
    sample = Sample.of([float(n) for n in range(1, 21)])
    assert (sample.median, sample.p95) == (10.5, 19.0)
    assert Sample.of([7.0]).p95 == 7.0


def test_figures_come_from_the_heaviest_owner_in_utc():
    def cell(person, page, ms, zone="UTC", period="90d"):
        return pages.Cell(person, page, period, zone, Sample.of([ms]), Sample.of([ms]), (), (), 1)

    found = pages.figures(
        [
            cell("heaviest", "Overview", 40.0, period="30d"),
            cell("heaviest", "Webhooks", 70.0, period="30d"),
            cell("heaviest", "Overview", 50.0),
            cell("heaviest", "Webhooks", 300.0),
            cell("heaviest", "Overview", 900.0, zone="Asia/Kolkata"),
            cell("tenth", "Overview", 25.0),
            cell("tenth", "Webhooks", 100.0),
            cell("product team", "Overview", 800.0),
        ]
    )
    assert found == {
        "page_30d_ms": 40.0,
        "webhooks_30d_ms": 70.0,
        "page_90d_ms": 50.0,
        "webhooks_90d_ms": 300.0,
        "ten_times_rows": 3.0,
    }
    assert Person("heaviest", ANA, 1).viewer is ANA
