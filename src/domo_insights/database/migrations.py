"""Applies supabase/migrations/, each file all or nothing, two runners at once being safe."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from domo_insights.database.engine import address
from domo_insights.errors import DatabaseUnreachableError, MigrationError

FOLDER: Final = Path(__file__).parents[3] / "supabase/migrations"
_LOCK: Final = 0x646F6D6F  # "domo": one number for all runners of all versions
_NAME: Final = re.compile(r"(\d{14})_([a-z0-9_]+)\.sql")
_REMADE: Final = re.compile(r'drop policy if exists "([^"]+)"')
_LEDGER: Final = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
  version text primary key, statements text[], name text);
alter table supabase_migrations.schema_migrations
  add column if not exists statements text[], add column if not exists name text;
"""
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its version, its name, and its SQL."""

    version: str
    name: str
    text: str

    @property
    def purpose(self) -> str:
        """Its first line, which says what it is for."""
        return self.text.split("\n", 1)[0].removeprefix("--").strip()


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """All of ours, oldest first. Raises: MigrationError."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        named = _NAME.fullmatch(path.name)
        if named is None:
            raise MigrationError(f"{path.name} is not named YYYYMMDDHHMMSS_verb_object.sql.")
        found.append(Migration(named[1], named[2], path.read_text()))
    if not found:
        raise MigrationError(f"There are no migrations in {folder}.")
    return found


def policies_made_by(chosen: Iterable[Migration]) -> set[str]:
    """Names of the policies that these migrations make anew, whoever made them before."""
    return {name for m in chosen for name in _REMADE.findall(m.text)}


def pending(admin_url: str) -> list[Migration]:
    """What `migrate` would do; nothing is changed. Raises: as `migrate`."""
    with _connect(admin_url) as conn:
        return [m for m in migrations() if not _is_recorded(conn, m)]


def migrate(admin_url: str, progress: Progress | None = None) -> list[str]:
    """Apply what is missing to the database of `admin_url`; answer the names of what was applied.

    Raises: MigrationError, DatabaseUnreachableError, ConfigError.
    """
    applied = []
    with _connect(admin_url) as conn:
        conn.add_notice_handler(lambda notice: _tell(notice, progress))
        for migration in migrations():
            if _apply(conn, migration):
                applied.append(migration.name)
                if progress:
                    progress(f"{migration.version} {migration.name}")
    return applied


def _connect(admin_url: str) -> psycopg.Connection[tuple[object, ...]]:
    # Keywords, not an address: written back, a space in a folder's name would become a plus.
    url = address(admin_url)
    keywords = url.translate_connect_args(username="user", database="dbname") | dict(url.query)
    try:
        conn = psycopg.connect(
            **{"connect_timeout": 10} | keywords, autocommit=True, prepare_threshold=None
        )
        copy = conn.execute("select pg_is_in_recovery()").fetchone()
    except psycopg.OperationalError as error:
        raise DatabaseUnreachableError(hint="Check DATABASE_ADMIN_URL and the network.") from error
    if copy == (True,):
        conn.close()
        raise MigrationError(
            "DATABASE_ADMIN_URL is the address of a read replica.",
            hint="Name the primary there: what is migrated there reaches its replicas by itself.",
        )
    return conn


def _apply(conn: psycopg.Connection[tuple[object, ...]], migration: Migration) -> bool:
    try:
        with conn.transaction():
            conn.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
            if _is_recorded(conn, migration):
                return False
            conn.execute("set local statement_timeout = 0")
            conn.execute("set local lock_timeout = '15s'")
            conn.execute("set local search_path = public, extensions")
            conn.execute("set local timezone = 'UTC'")
            conn.execute(sql.SQL(_LEDGER))
            conn.execute(sql.SQL(migration.text))
            conn.execute(
                "insert into supabase_migrations.schema_migrations (version, name, statements)"
                " values (%s, %s, %s)",
                [migration.version, migration.name, [migration.text]],
            )
    except psycopg.Error as error:
        reason = error.diag.message_primary or "the connection was lost"
        where = f" ({error.diag.context.splitlines()[0]})" if error.diag.context else ""
        raise MigrationError(
            f"Migration {migration.version}_{migration.name} failed: {reason}{where}. "
            "Nothing of it was kept.",
            hint="Mend what it names and run `domo-insights migrate` again.",
        ) from error
    return True


def _is_recorded(conn: psycopg.Connection[tuple[object, ...]], migration: Migration) -> bool:
    ledger = conn.execute("select to_regclass('supabase_migrations.schema_migrations')").fetchone()
    if ledger is None or ledger[0] is None:
        return False
    row = conn.execute(
        "select to_jsonb(m) ->> 'name' from supabase_migrations.schema_migrations m"
        " where version = %s",
        [migration.version],
    ).fetchone()
    if row is None:
        return False
    if row[0] is not None and row[0] != migration.name:
        raise MigrationError(
            f"Version {migration.version} is recorded as {row[0]!r}, not {migration.name!r}.",
            hint="Versions that begin with 2026 belong to Domo Insights: rename the other one.",
        )
    return True


def _tell(notice: psycopg.errors.Diagnostic, progress: Progress | None) -> None:
    """Pass on what a migration says of what it left; not Postgres's "already exists, skipping"."""
    told = notice.severity_nonlocalized == "WARNING" or (notice.context or "").startswith(
        "PL/pgSQL function insights.note"
    )
    if progress and told:
        progress(f"  {notice.message_primary}")
