"""Everything of an owner, or of one demo, as one file: JSON to be put back, CSV to be read."""

import csv
import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import IO, Any, Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, Select, Text, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB

from domo_insights.database.doors import sessions, snapshot
from domo_insights.database.engine import engine_for
from domo_insights.errors import NotAllowedError, UnknownNameError
from domo_insights.exports.archive_tables import PARTS, Part
from domo_insights.exports.cells import cell
from domo_insights.settings import current
from domo_insights.viewer import Viewer

FORMAT: Final = "domo-insights-archive"
VERSION: Final = 2
"""2: with the counts of days whose rows are gone."""
BATCH: Final = 500
Progress = Callable[[str, int, int], None]
"""Is told a table's name, how many of its rows are written, and how many there are."""

_ABOUT: Final = """\
Everything that Domo Insights holds of {email}, as it was at {at}.

tables/NAME.json  one row per line, as the database has it; `domo-insights import` reads these
csv/NAME.csv      the same rows for a spreadsheet; text that it would take for a formula has a quote
                  before it
manifest.json     what is in here: rows, columns and a SHA-256 of each table

Videos are named in tables/demo_videos.json; the files themselves stay in the platform's storage.
"""


def write(
    file: IO[bytes],
    viewer: Viewer,
    now: datetime,
    *,
    demo_id: UUID | None = None,
    vectors: bool = False,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Write the archive of `viewer`, or of one demo of theirs, to `file`; rows by table.

    All of it is of one moment. What is read is what the database lets the viewer see, and a trace
    of it is left in the audit log first.
    Raises: NotAllowedError for the product team, UnknownNameError without such a demo, OSError,
    DatabaseError.
    """
    if viewer.product_team:
        raise NotAllowedError("The product team does not export what was said.")
    engine = engine_for(current().secret("database_url"))
    with snapshot(engine, viewer) as conn:
        demos = _demos(conn, demo_id)
        _record(viewer, {"demo": str(demo_id) if demo_id else "all", "vectors": vectors})
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "written_at": now.isoformat(),
            "owner": {"id": str(viewer.user_id), "email": viewer.email},
            "demos": demos,
            "everything": demo_id is None,
            "vectors": vectors,
            "tables": {},
        }
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README.txt", _ABOUT.format(email=viewer.email, at=now.isoformat()))
            for part in PARTS:
                manifest["tables"][part.name] = _table(
                    conn, archive, part, demo_id, vectors, progress
                )
            archive.writestr("manifest.json", json.dumps(manifest, indent=1))
    return {name: table["rows"] for name, table in manifest["tables"].items()}


def _demos(conn: Connection, demo_id: UUID | None) -> list[str]:
    table = PARTS[0].table
    found = conn.scalars(select(table.c.id).where(PARTS[0].rows_of(demo_id)).order_by(table.c.id))
    ids = [str(found_id) for found_id in found]
    if not ids:
        raise UnknownNameError(
            "There is no demo to export." if demo_id is None else "You have no such demo."
        )
    return ids


def _table(
    conn: Connection,
    archive: zipfile.ZipFile,
    part: Part,
    demo_id: UUID | None,
    vectors: bool,
    progress: Progress | None,
) -> dict[str, Any]:
    """Write one table both ways; what the manifest says of it."""
    columns, chosen = part.columns(vectors=vectors), part.rows_of(demo_id)
    total = conn.scalar(select(func.count()).select_from(part.table).where(chosen)) or 0
    rows = conn.execute(_rows(part, columns, chosen), execution_options={"yield_per": BATCH})
    digest, written = hashlib.sha256(), 0
    words = [isinstance(column.type, Text) for column in columns]
    with tempfile.TemporaryFile() as beside:
        sheet = io.TextIOWrapper(beside, "utf-8", newline="")
        cells = csv.writer(sheet, lineterminator="\n")
        cells.writerow([column.name for column in columns])
        with archive.open(f"tables/{part.name}.json", "w", force_zip64=True) as member:
            for line, *values in rows:
                text = (("," if written else "[") + "\n" + line).encode()
                digest.update(text)
                member.write(text)
                cells.writerow([cell(v) if w else v for v, w in zip(values, words, strict=True)])
                written += 1
                if progress and (written % BATCH == 0 or written == total):
                    progress(part.name, written, total)
            end = b"\n]\n" if written else b"[]\n"
            digest.update(end)
            member.write(end)
        sheet.flush()
        beside.seek(0)
        with archive.open(f"csv/{part.name}.csv", "w", force_zip64=True) as member:
            shutil.copyfileobj(beside, member)
    return {
        "rows": written,
        "columns": [column.name for column in columns],
        "sha256": digest.hexdigest(),
    }


def _rows(
    part: Part, columns: Sequence[Column[object]], chosen: ColumnElement[bool]
) -> Select[*tuple[Any, ...]]:
    """Each row as a line of JSON, and behind it each of `columns` as text."""
    order = (part.table.c[name] for name in part.order)
    whole = select(*columns).where(chosen).order_by(*order).subquery("whole")
    return select(
        cast(func.row_to_json(whole.table_valued()), Text),
        *(cast(whole.c[column.name], Text) for column in columns),
    )


def _record(viewer: Viewer, details: dict[str, Any]) -> None:
    with sessions(engine_for(current().secret("database_url")), viewer) as conn:
        trace = cast(details, JSONB)
        conn.execute(select(func.insights.record("export", "archive", None, None, trace)))
