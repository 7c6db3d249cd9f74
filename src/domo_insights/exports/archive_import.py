"""An archive put into a database: all of it or nothing, each row as it was written."""

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Engine,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert

from domo_insights.database.failures import translated
from domo_insights.database.tables import audit_logs, demos
from domo_insights.errors import ConflictingDataError, DomoInsightsError
from domo_insights.exports.archive import FORMAT, VERSION
from domo_insights.exports.archive_tables import PARTS, Part

BATCH: Final = 500
Progress = Callable[[str, int, int], None]


class ArchiveError(DomoInsightsError):
    """The file is not an archive that can be read here."""

    hint = "Nothing was put in. Export it again, with this version or an older one."


class _Table(BaseModel):
    model_config = ConfigDict(extra="ignore")
    rows: int
    columns: list[str]
    sha256: str


class _Owner(BaseModel):
    id: UUID
    email: str


class Manifest(BaseModel):
    """What an archive says of itself."""

    model_config = ConfigDict(extra="ignore")
    format: str
    version: int
    owner: _Owner
    demos: list[UUID]
    tables: dict[str, _Table]


def read_manifest(archive: zipfile.ZipFile) -> Manifest:
    """What is in `archive`, each table's digest compared. Raises: ArchiveError."""
    try:
        manifest = Manifest.model_validate_json(archive.read("manifest.json"))
    except (KeyError, ValidationError, zipfile.BadZipFile) as error:
        raise ArchiveError("The file says nothing of what is in it.") from error
    if manifest.format != FORMAT or manifest.version > VERSION:
        raise ArchiveError(f"This is {manifest.format} {manifest.version}, not {FORMAT} {VERSION}.")
    known = {part.name: part for part in PARTS}
    for name, told in manifest.tables.items():
        if name not in known:
            raise ArchiveError(f"The table {name} is not known here.")
        if more := set(told.columns) - {c.name for c in known[name].columns(vectors=True)}:
            raise ArchiveError(f"The table {name} has columns not known here: {sorted(more)}.")
        if _digest(archive, name) != told.sha256:
            raise ArchiveError(f"The table {name} is damaged.")
    return manifest


def put_in(
    admin: Engine, file: Path, owner: UUID, progress: Progress | None = None
) -> dict[str, int]:
    """Put the archive `file` into the database of `admin`, its owner's engine, as demos of the user
    `owner`; rows by table. Conversations that were erased here stay away.

    Writers of the same tables wait meanwhile.
    Raises: ArchiveError, ConflictingDataError where one of its demos or conversations is there,
    DatabaseError.
    """
    try:
        with zipfile.ZipFile(file) as archive, translated(), admin.begin() as conn:
            manifest = read_manifest(archive)
            _refuse_known(conn, manifest)
            conn.execute(select(func.set_config("timezone", "UTC", True)))
            conn.execute(select(func.insights.take_rows_as_they_are(true())))
            done = {
                part.name: _put_table(conn, archive, part, manifest, owner, progress)
                for part in PARTS
                if part.name in manifest.tables
            }
            conn.execute(select(func.insights.take_rows_as_they_are(~true())))
            _note(conn, manifest, owner, done)
            return done
    except (OSError, zipfile.BadZipFile) as error:
        raise ArchiveError(f"{file} cannot be read as an archive.") from error


def _digest(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    try:
        with archive.open(f"tables/{name}.json") as member:
            while piece := member.read(1 << 16):
                digest.update(piece)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ArchiveError(f"The table {name} is missing or damaged.") from error
    return digest.hexdigest()


def _refuse_known(conn: Connection, manifest: Manifest) -> None:
    there = conn.scalars(select(demos.c.name).where(demos.c.id.in_(manifest.demos))).first()
    if there is not None:
        raise ConflictingDataError(
            f"The demo {there!r} of this archive is in this database already.",
            hint="Nothing was put in. Delete it there first, or choose another database.",
        )


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[list[str]]:
    """The rows of a table as JSON texts, batch by batch."""
    batch: list[str] = []
    with archive.open(f"tables/{name}.json") as member:
        for raw in member:
            line = raw.decode().strip().removesuffix(",")
            if line in {"[", "]", "[]", ""}:
                continue
            batch.append(line)
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _put_table(
    conn: Connection,
    archive: zipfile.ZipFile,
    part: Part,
    manifest: Manifest,
    owner: UUID,
    progress: Progress | None,
) -> int:
    told = manifest.tables[part.name]
    names = [name for name in told.columns if name in part.table.c]
    put = read = 0
    for batch in _lines(archive, part.name):
        read += len(batch)
        put += _put_batch(conn, part, names, batch, manifest, owner)
        if progress:
            progress(part.name, read, told.rows)
    if read != told.rows:
        raise ArchiveError(f"The table {part.name} has {read} rows and says {told.rows}.")
    return put


def _put_batch(
    conn: Connection,
    part: Part,
    names: list[str],
    batch: list[str],
    manifest: Manifest,
    owner: UUID,
) -> int:
    document = cast(bindparam(None, f"[{','.join(batch)}]", type_=Text()), JSON)
    typed = [column(name, part.table.c[name].type) for name in names]
    sent = func.json_to_recordset(document).table_valued(*typed)
    rows = sent.render_derived(name="sent", with_types=True)
    values = [
        _of_here(rows.c[name], manifest, owner).label(name) if name in part.users else rows.c[name]
        for name in names
    ]
    erased: ColumnElement[bool] = ~true()
    if part.conversation and part.table is not demos:
        erased = func.coalesce(func.insights.is_erased(rows.c[part.conversation]), False)
    gone = conn.scalar(select(func.count()).select_from(rows).where(erased)) or 0
    statement = insert(part.table).from_select(
        names, select(*values).select_from(rows).where(~erased, _belongs(part, rows, manifest))
    )
    if part.may_be_there:
        statement = statement.on_conflict_do_nothing()
    put = conn.execute(statement, execution_options={"preserve_rowcount": True}).rowcount
    if put + gone != len(batch) and not part.may_be_there:
        raise ArchiveError(f"The table {part.name} has rows of demos that are not in the archive.")
    return put


def _belongs(part: Part, rows: Any, manifest: Manifest) -> ColumnElement[bool]:
    """Rows of the archive's own demos; traces that name no demo are the owner's."""
    if part.demo is None:
        return true()
    demo = rows.c[part.demo]
    named = demo.in_(manifest.demos)
    return or_(named, demo.is_(None)) if part.table is audit_logs else named


def _of_here(user: ColumnElement[Any], manifest: Manifest, owner: UUID) -> ColumnElement[Any]:
    """The owner is `owner` here; of anybody else nothing is known."""
    return case((user == manifest.owner.id, literal(owner, Uuid())), else_=null())


def _note(conn: Connection, manifest: Manifest, owner: UUID, done: dict[str, int]) -> None:
    values = {"from": str(manifest.owner.id), "rows": sum(done.values())}
    conn.execute(
        insert(audit_logs),
        [
            {
                "user_id": owner,
                "action": "import",
                "table_name": "demos",
                "record_id": demo_id,
                "demo_id": demo_id,
                "new_values": values,
            }
            for demo_id in manifest.demos
        ],
    )
