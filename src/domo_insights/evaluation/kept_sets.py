"""Question sets that are asked for by name: runs of one set can be held against each other."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Engine, select

from domo_insights.database.doors import reading
from domo_insights.database.tables_evaluation import question_sets, set_questions
from domo_insights.errors import DomoInsightsError
from domo_insights.evaluation.question_sets import Line, Written, checked, clean_name, keep
from domo_insights.evaluation.replaying import mine
from domo_insights.viewer import Viewer

Judged = tuple[str, set[UUID]]
"""A question and the chunks that should answer it."""


def set_named(
    engine: Engine, viewer: Viewer, demo_id: UUID, name: str, judged: Iterable[Judged]
) -> UUID:
    """The set of this name, made if the demo has none.

    Raises: as `question_sets.keep`, and DomoInsightsError for a set that asks something else.
    """
    called = clean_name(name)
    lines = [
        Line(number, text, tuple(sorted(map(str, expected))))
        for number, (text, expected) in enumerate(judged, 1)
    ]
    written = checked(Written(lines, [], "file"))
    named = select(question_sets.c.id).where(
        question_sets.c.demo_id == demo_id, question_sets.c.name == called
    )
    asked = select(set_questions.c.question, set_questions.c.expected)
    with reading(engine, viewer) as conn:
        mine(conn, demo_id)
        known: UUID | None = conn.scalars(named).first()
        there = conn.execute(
            asked.where(set_questions.c.set_id == known).order_by(set_questions.c.number)
        ).all()
    if known is None:
        return keep(engine, viewer, demo_id, called, written)
    held = [(row.question, tuple(sorted(map(str, row.expected)))) for row in there]
    if held != [(line.question, line.expected) for line in written.lines]:
        raise DomoInsightsError(
            f"The question set {called} of this demo asks something else.",
            hint="Choose another name, or delete the set on the page Evaluation.",
        )
    return known
