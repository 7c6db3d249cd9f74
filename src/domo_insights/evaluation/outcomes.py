"""What came of a replay or of a run of questions, as it is kept."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, Table, insert

from domo_insights.database.doors import editing
from domo_insights.errors import ConflictingDataError
from domo_insights.queries import knowledge_vectors
from domo_insights.viewer import Viewer

_ROWS: Final = 500
Row = Mapping[str, Any]


def must_be_unchanged(conn: Connection, demo_id: UUID, fingerprint: str, what: str) -> None:
    """Raises: ConflictingDataError when the demo's knowledge is no longer what `what` began with,
    by its `fingerprint`; DatabaseError."""
    if knowledge_vectors.fingerprint(conn, demo_id) != fingerprint:
        raise ConflictingDataError(
            f"The knowledge was changed during the {what}. Nothing was stored.",
            hint="Run it again.",
        )


def stored(
    engine: Engine, viewer: Viewer, run: tuple[Table, Row], lines: tuple[Table, Sequence[Row]]
) -> UUID:
    """Keep a run and its lines, each with its table, in one transaction; the id of the run.

    Raises: DatabaseError.
    """
    (runs, about), (table, rows) = run, lines
    with editing(engine, viewer) as conn:
        conn.execute(insert(runs).values(about))
        for first in range(0, len(rows), _ROWS):
            conn.execute(insert(table).values(rows[first : first + _ROWS]))
    return UUID(str(about["id"]))
