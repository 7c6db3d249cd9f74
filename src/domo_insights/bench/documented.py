"""The same questions as the platform's database document asks them: its policies, in the role
`authenticated`, over the same rows in the same run.

All of it happens in one transaction that is rolled back. The document's own dashboard query, which
multiplies the rows of three child tables, is measured by itself and is part of no ratio.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final, cast

import psycopg
from sqlalchemy import Engine, func, select

from domo_insights.bench.figures import Sample
from domo_insights.bench.pages import BUDGET_SECONDS, COMPARED, Cell
from domo_insights.period import Period
from domo_insights.viewer import Viewer

DAYS: Final = 90
PATIENCE_MS: Final = 300_000
DASHBOARD_PATIENCE_MS: Final = 60_000
"""The dashboard query can take hours: given up after this, it is known to take at least so long."""
_SECTION: Final = re.compile(r"^-- ([^,]+), (.+), (\d)$", re.MULTILINE)
Driver = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Documented:
    """One question as documented. `times`: how often its page asks it, the period before
    included. `at_least`: it was given up after so long."""

    page: str
    what: str
    times: int
    took: Sample
    at_least: bool

    @property
    def ms(self) -> float:
        return self.took.median * self.times


@dataclass(frozen=True, slots=True)
class Asked:
    """All of them, at 90 days, for one owner."""

    questions: tuple[Documented, ...]

    def of(self, page: str) -> float:
        """ms of all questions of `page`."""
        return sum(question.ms for question in self.questions if question.page == page)

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                "page": q.page,
                "question": q.what,
                "asked": q.times,
                "ms": q.took.as_json(),
                "at_least": q.at_least,
            }
            for q in self.questions
        ]


def measure(
    superuser: Engine, owner: Viewer, repeat: int, progress: Callable[[str, float], None]
) -> Asked:
    """Ask all of them for `owner`, at 90 days."""
    period = Period.last_days(DAYS, datetime.now(UTC))
    given = {"since": period.start, "until": period.end, "owner": owner.user_id}
    sections = _sections()
    found = []
    with as_documented(superuser, owner) as conn:
        for number, (page, what, times, statement) in enumerate(sections):
            progress(f"as documented: {page}", number / len(sections))
            found.append(_asked(conn, page, what, times, statement, given, repeat))
    progress("as documented", 1.0)
    return Asked(tuple(found))


def figures(asked: Asked, cells: Sequence[Cell]) -> dict[str, Any]:
    """How many times faster the pages are, whole, than these questions alone."""
    own = {
        cell.page: cell.database.median
        for cell in cells
        if (cell.person, cell.period, cell.zone) == ("heaviest", f"{DAYS}d", "UTC")
    }
    ratios = {page: asked.of(page) / own[page] for page in (*COMPARED, "Webhooks")}
    return {
        "ratio_to_documented": min(ratios[page] for page in COMPARED),
        "webhooks_ratio_to_documented": ratios["Webhooks"],
        "ratios_to_documented": {page: round(ratio, 2) for page, ratio in ratios.items()},
        "documented_dashboard_ms": asked.of("Dashboard"),
    }


def _asked(
    conn: Driver, page: str, what: str, times: int, statement: bytes, given: Any, repeat: int
) -> Documented:
    values: list[float] = []
    at_least = False
    patience = DASHBOARD_PATIENCE_MS if page == "Dashboard" else PATIENCE_MS
    while not at_least and len(values) < repeat and sum(values) < BUDGET_SECONDS * 1000:
        began = time.perf_counter()
        try:
            with conn.transaction():
                conn.execute("select set_config('statement_timeout', %s, true)", [str(patience)])
                conn.execute(statement, given).fetchall()
        except psycopg.errors.QueryCanceled:
            at_least = True
        values.append((time.perf_counter() - began) * 1000)
    return Documented(page, what, times, Sample.of(values), at_least)


@contextmanager
def as_documented(superuser: Engine, owner: Viewer) -> Iterator[Driver]:
    claims = {"role": "authenticated", "request.jwt.claims": json.dumps(owner.claims)}
    with superuser.connect() as conn:
        driver = cast("Driver", conn.connection.driver_connection)
        conn.execute(select(func.set_config("search_path", "public, extensions, auth", True)))
        driver.execute(files(__package__).joinpath("documented_policies.sql").read_bytes())
        conn.execute(select(*(func.set_config(k, v, True) for k, v in claims.items())))
        try:
            yield driver
        finally:
            conn.rollback()


def _sections() -> list[tuple[str, str, int, bytes]]:
    """Page, question, how often, statement."""
    text = files(__package__).joinpath("documented_questions.sql").read_text()
    _, *parts = _SECTION.split(text)
    found = zip(parts[::4], parts[1::4], parts[2::4], parts[3::4], strict=True)
    return [
        (page, what, int(times), statement.strip().encode())
        for page, what, times, statement in found
    ]
