"""The database time of all that a page asks, for different viewers and periods."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

from domo_insights.bench.asked import questions
from domo_insights.bench.figures import Sample
from domo_insights.bench.people import PRODUCT, Person
from domo_insights.database.doors import reading
from domo_insights.errors import DatabaseError
from domo_insights.period import PRESETS
from domo_insights.ui.data import Question
from domo_insights.ui.places import WEBHOOKS, Place
from domo_insights.viewer import Viewer

BUDGET_SECONDS: Final = 10.0
"""What the repetitions of one page may take together."""
ELSEWHERE: Final = "Asia/Kolkata"
"""A zone without days of its own in the rollups, half an hour off the hours of UTC."""
COMPARED: Final = ("Overview", "Conversations", "Sentiment and intent")


@dataclass(frozen=True, slots=True)
class Cell:
    """One page for one viewer and period. Times in ms, each the sum over all its questions;
    `whole` includes the doors and what the process makes of the rows."""

    person: str
    page: str
    period: str
    zone: str
    database: Sample
    whole: Sample
    slowest: tuple[tuple[str, float], ...]
    failed: tuple[str, ...]
    questions: int

    def as_json(self) -> dict[str, Any]:
        return {
            "viewer": self.person,
            "page": self.page,
            "period": self.period,
            "zone": self.zone,
            "queries": self.questions,
            "database_ms": self.database.as_json(),
            "whole_ms": self.whole.as_json(),
            "slowest": [{"query": name, "ms": round(ms, 2)} for name, ms in self.slowest],
            "failed": list(self.failed),
        }


def measure(
    engine: Engine,
    persons: Sequence[Person],
    cookies: Mapping[Viewer, Mapping[str, str]],
    repeat: int,
    progress: Callable[[str, float], None],
) -> list[Cell]:
    """Every page for each of `persons`, in each period; the heaviest owner in another zone too."""
    runs = [(person, period, "UTC") for person in persons for period in PRESETS]
    runs = [run for run in runs if run[0].label != "tenth" or run[1] == "90d"]
    runs += [(persons[0], period, ELSEWHERE) for period in ("30d", "90d")]
    cells: list[Cell] = []
    for number, (person, period, zone) in enumerate(runs):
        progress(f"pages: {person.label}, {period}, {zone}", number / len(runs))
        asked = questions(person.viewer, cookies[person.viewer], period, zone)
        for place, own in asked.items():
            cells.append(_cell(engine, person, place, own, period, zone, repeat))
    progress("pages", 1.0)
    return cells


def _cell(
    engine: Engine,
    person: Person,
    place: Place,
    asked: Sequence[Question],
    period: str,
    zone: str,
    repeat: int,
) -> Cell:
    began = time.perf_counter()
    first = [timed(engine, person.viewer, question) for question in asked]
    spent = time.perf_counter() - began
    runs = [first] if spent > BUDGET_SECONDS / 2 else []
    while len(runs) < min(repeat, max(1, int(BUDGET_SECONDS / max(spent, 0.001)))):
        runs.append([timed(engine, person.viewer, question) for question in asked])
    last = zip(asked, runs[-1], strict=True)
    slowest = sorted(((name(q), took.database) for q, took in last), key=lambda x: -x[1])[:3]
    return Cell(
        person.label,
        place.title,
        period,
        zone,
        Sample.of([sum(took.database for took in run) for run in runs] or [0.0]),
        Sample.of([sum(took.whole for took in run) for run in runs] or [0.0]),
        tuple(slowest),
        tuple(name(q) for q, took in zip(asked, runs[-1], strict=True) if took.failed),
        len(asked),
    )


@dataclass(frozen=True, slots=True)
class Took:
    """What one question took, in ms."""

    database: float
    whole: float
    failed: bool


def timed(engine: Engine, viewer: Viewer, question: Question) -> Took:
    """Ask `question` once in the name of `viewer`, with nothing cached."""
    began, spent, failed = time.perf_counter(), 0.0, False
    since = 0.0

    def before(*_: Any) -> None:
        nonlocal since
        since = time.perf_counter()

    def after(*_: Any) -> None:
        nonlocal spent
        spent += time.perf_counter() - since

    try:
        with reading(engine, viewer) as conn:
            _listen(conn, before, after)
            question.query(conn, *question.args, **question.kwargs)
    except DatabaseError:
        failed = True
        spent += time.perf_counter() - since if since else 0.0
    return Took(spent * 1000, (time.perf_counter() - began) * 1000, failed)


def name(question: Question) -> str:
    """As the command line knows it."""
    return f"{question.query.__module__.rpartition('.')[2]}.{question.query.__name__}"


def figures(cells: Sequence[Cell]) -> dict[str, float]:
    """The figures about pages, from the heaviest owner's in UTC."""
    found: dict[str, float] = {}
    heaviest = [c for c in cells if c.person == "heaviest" and c.zone == "UTC"]
    for period in ("30d", "90d"):
        own = {c.page: c.database.median for c in heaviest if c.period == period}
        found[f"webhooks_{period}_ms"] = own.pop(WEBHOOKS.title)
        found[f"page_{period}_ms"] = max(own.values())
    tenth = {c.page: c.database.median for c in cells if c.person == "tenth"}
    both = [(c, tenth[c.page]) for c in heaviest if c.period == "90d" and c.database.median > 10]
    if both:
        found["ten_times_rows"] = max(c.database.median / less for c, less in both)
    return found


def _listen(conn: Connection, before: Any, after: Any) -> None:
    event.listen(conn, "before_cursor_execute", before)
    event.listen(conn, "after_cursor_execute", after)


__all__ = ["COMPARED", "PRODUCT", "Cell", "figures", "measure", "name", "timed"]
