"""A backup of an embedded database: one file with its rows, roles, users and keys."""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Final

import psycopg
from psycopg import sql

from domo_insights.errors import EmbeddedError
from domo_insights.local import postmaster
from domo_insights.local.server import SUPERUSER, PostgresServer

FORMAT: Final = "domo-insights-backup"
VERSION: Final = 1
DUMP, ROLES, MANIFEST = "database.dump", "roles.sql", "manifest.json"
KEPT_FILES: Final = ("keys.json", "logins.json", "sample.loaded")
"""Files of a data folder that Postgres does not have: keys, sample passwords, what was loaded."""
Progress = Callable[[str], None]


def write(server: PostgresServer, file: IO[bytes], say: Progress = lambda _line: None) -> int:
    """Write all of `server`, which runs, to `file`; how many rows that were.

    Everything in the database is of one moment; people may go on working meanwhile.
    Raises: EmbeddedError, OSError.
    """
    with tempfile.TemporaryDirectory(dir=server.data_dir, prefix="backup-") as folder:
        beside = Path(folder)
        with psycopg.connect(server.url(SUPERUSER)) as conn:
            conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            row = conn.execute("select pg_export_snapshot()").fetchone()
            say("Dumping the database")
            _dump(server, beside, str(row[0]) if row else "")
            say("Counting its rows")
            rows = counted(conn)
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "written_at": datetime.now(UTC).isoformat(),
            "written_by": version("domo-insights"),
            "rows": rows,
        }
        _pack(server.data_dir, beside, file, manifest)
    return sum(rows.values())


def counted(conn: psycopg.Connection[Any]) -> dict[str, int]:
    """How many rows each table of the database has, Postgres' own aside."""
    tables = conn.execute(
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> "
        "'information_schema' order by 1, 2"
    ).fetchall()
    counts = {}
    for schema, name in tables:
        asked = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
        found = conn.execute(asked).fetchone()
        counts[f"{schema}.{name}"] = int(found[0]) if found else 0
    return counts


def run(server: PostgresServer, program: str, *arguments: str, folder: Path) -> str:
    """A program of Postgres' own on `server`, as its superuser; what it said.

    Raises: EmbeddedError with the end of what it said.
    """
    where = ["--dbname", server.url(SUPERUSER)]
    done = postmaster.run(program, [*where, *arguments], None, folder)
    if done.returncode != 0:
        raise EmbeddedError(f"{program} failed.\n{done.stdout[-2000:].strip()}")
    return done.stdout


def _dump(server: PostgresServer, beside: Path, snapshot: str) -> None:
    run(
        server, "pg_dump", "--format=custom", "--compress=6", f"--snapshot={snapshot}",
        f"--file={beside / DUMP}", folder=beside,
    )  # fmt: skip
    run(server, "pg_dumpall", "--roles-only", f"--file={beside / ROLES}", folder=beside)


def _pack(data_dir: Path, beside: Path, file: IO[bytes], manifest: dict[str, Any]) -> None:
    members = {name: beside / name for name in (DUMP, ROLES)}
    members |= {name: data_dir / name for name in KEPT_FILES if (data_dir / name).exists()}
    manifest["sha256"] = {name: digest_of(path) for name, path in members.items()}
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        told = json.dumps(manifest, indent=1).encode()
        tar.addfile(_entry(MANIFEST, len(told)), io.BytesIO(told))
        for name, path in members.items():
            with path.open("rb") as content:
                tar.addfile(_entry(name, os.fstat(content.fileno()).st_size), content)


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    entry.mtime = int(datetime.now(UTC).timestamp())
    return entry
