"""A backup made into a data folder again: whole, compared with what it says of itself, or not."""

import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psycopg

from domo_insights.errors import EmbeddedError, WrongUseError
from domo_insights.local.backup import (
    DUMP,
    FORMAT,
    KEPT_FILES,
    MANIFEST,
    ROLES,
    VERSION,
    Progress,
    counted,
    digest_of,
    run,
)
from domo_insights.local.cluster import make_private
from domo_insights.local.locks import locked
from domo_insights.local.server import SUPERUSER, PostgresServer

_MEMBERS: Final = frozenset({MANIFEST, DUMP, ROLES, *KEPT_FILES})


class BackupError(EmbeddedError):
    """The file is no backup that can be restored here."""

    hint = "Nothing was changed. Take another backup."


def restore(backup: Path, data_dir: Path, say: Progress = lambda _line: None) -> int:
    """Make `data_dir`, which must not hold a database, what `backup` holds; rows that were put in.

    It grows beside its place and is moved there when every table has as many rows as the backup
    says, so that a failure or a kill leaves nothing that could be taken for it.
    Raises: WrongUseError, BackupError, EmbeddedError.
    """
    target = data_dir.expanduser().resolve()
    if (target / "postgres").exists() or (target.exists() and any(target.iterdir())):
        raise WrongUseError(
            f"{target} is not empty.", hint="Name a new folder, or move that one away first."
        )
    make_private(target.parent)
    grown = target.with_name(f"{target.name}.restoring")
    with locked(target.with_name(f"{target.name}.restoring.lock")):
        _clear(grown)
        try:
            rows = _grow(backup, grown, say)
        except BaseException:
            _clear(grown)
            raise
        if target.exists():
            target.rmdir()
        grown.rename(target)
    target.with_name(f"{target.name}.restoring.lock").unlink(missing_ok=True)
    return rows


def _clear(grown: Path) -> None:
    """Away with what a killed restore left, its Postgres included."""
    if (grown / "postgres").exists():
        with suppress(EmbeddedError), PostgresServer(grown):
            pass  # the last one out stops it
    shutil.rmtree(grown, ignore_errors=True)


def check(backup: Path, say: Progress = lambda _line: None) -> int:
    """Restore `backup` into a folder of no other use, compare, and keep nothing; rows compared.

    Raises: BackupError, EmbeddedError.
    """
    with tempfile.TemporaryDirectory(prefix="domo-insights-check-") as scratch:
        return _grow(backup, Path(scratch) / "data", say)


def _grow(backup: Path, folder: Path, say: Progress) -> int:
    with _unpacked(backup) as (unpacked, manifest):
        make_private(folder)
        say("Making a database")
        with PostgresServer(folder) as server:
            _make_roles(server, unpacked)
            say("Putting in its rows")
            run(
                server, "pg_restore", "--exit-on-error", "--single-transaction", "--clean",
                "--if-exists", str(unpacked / DUMP), folder=unpacked,
            )  # fmt: skip
            say("Comparing")
            with psycopg.connect(server.url(SUPERUSER)) as conn:
                found = counted(conn)
            if found != manifest["rows"]:
                differ = sorted(
                    name
                    for name in {*found, *manifest["rows"]}
                    if found.get(name) != manifest["rows"].get(name)
                )
                raise BackupError(f"These tables came back with other rows: {', '.join(differ)}.")
        for name in KEPT_FILES:
            if (unpacked / name).exists():
                shutil.copyfile(unpacked / name, folder / name)
                (folder / name).chmod(0o600)
    return sum(found.values())


def _make_roles(server: PostgresServer, unpacked: Path) -> None:
    """Roles lie outside the database; those that a new cluster has are there already."""
    with psycopg.connect(server.url(SUPERUSER), autocommit=True) as conn:
        for line in (unpacked / ROLES).read_text().splitlines():
            if line.startswith(("CREATE ROLE", "ALTER ROLE", "GRANT", "COMMENT ON ROLE")):
                try:
                    conn.execute(line.encode())
                except psycopg.errors.DuplicateObject:
                    continue


@contextmanager
def _unpacked(backup: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    with tempfile.TemporaryDirectory(prefix="domo-insights-backup-") as folder:
        unpacked = Path(folder)
        try:
            with tarfile.open(backup) as tar:
                for member in tar:
                    if member.name not in _MEMBERS or not member.isfile():
                        raise BackupError(f"{backup} holds {member.name!r}, which no backup has.")
                    tar.extract(member, unpacked, filter="data")
            manifest = json.loads((unpacked / MANIFEST).read_text())
            if manifest["format"] != FORMAT or manifest["version"] > VERSION:
                raise BackupError(f"{backup} was made by a newer version.")
            for name, digest in manifest["sha256"].items():
                if digest_of(unpacked / name) != digest:
                    raise BackupError(f"{backup} is damaged: {name}.")
        except (OSError, tarfile.TarError, ValueError, KeyError) as error:
            raise BackupError(f"{backup} cannot be read as a backup.") from error
        yield unpacked, manifest
