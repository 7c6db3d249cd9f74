"""The files of one Postgres: made once, its settings written at every start."""

import os
import pwd
import re
import shutil
from pathlib import Path
from typing import Final

from domo_insights.errors import EmbeddedError
from domo_insights.local import permissions, postmaster

SUPERUSER: Final = "supabase_admin"
_PORT: Final = 5432
_LONGEST_SOCKET: Final = 100
"""Bytes. The kernel takes 103 (macOS) or 107 (Linux) for the whole path of a socket."""

_PLAIN: Final = re.compile(r"[\w/. +@=~-]+")
"""Paths that need no quoting anywhere. To clients a comma separates several hosts."""

_SETTINGS: Final = """\
listen_addresses = ''
unix_socket_directories = '"{sockets}"'
unix_socket_permissions = 0700
shared_preload_libraries = 'pg_stat_statements'
wal_level = logical
fsync = on
synchronous_commit = on
full_page_writes = on
max_connections = 100
shared_buffers = 128MB
work_mem = 16MB
maintenance_work_mem = 64MB
effective_cache_size = 1GB
random_page_cost = 1.1
io_method = sync
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
# Messages of errors and the statements below them can hold visitors' words. What begins with
# `log` keeps what Postgres says of itself.
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_checkpoints = off
"""


def create(pgdata: Path, account: pwd.struct_passwd | None) -> None:
    """Made beside its place and moved there whole, so that a kill leaves no half of one.

    Raises: EmbeddedError.
    """
    unfinished = pgdata.with_name(f"{pgdata.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    _give(unfinished, account)
    command = ["-D", ".", "-U", SUPERUSER, "-A", "trust", "-E", "UTF8"]
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    done = postmaster.run("initdb", [*command, *locale], account, unfinished)
    if done.returncode != 0:
        raise EmbeddedError(
            f"Postgres cannot make its files in {pgdata.parent}.\n{done.stdout[-2000:]}",
            hint="Check free space and permissions there, or choose another --data-dir.",
        )
    with (unfinished / "postgresql.conf").open("a") as conf:
        conf.write("\ninclude 'domo-insights.conf'\n")
    unfinished.rename(pgdata)


def write_settings(pgdata: Path, sockets: Path, account: pwd.struct_passwd | None) -> None:
    """Make the private folder `sockets` and the settings that name it. Raises: EmbeddedError."""
    try:
        sockets.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise EmbeddedError(f"The socket folder {sockets} cannot be made.") from error
    ours = {os.geteuid()} if account is None else {os.geteuid(), account.pw_uid}
    if sockets.is_symlink() or sockets.stat().st_uid not in ours:
        raise EmbeddedError(
            f"The socket folder {sockets} belongs to somebody else.",
            hint="Remove it, or choose a --data-dir with a shorter path.",
        )
    sockets.chmod(0o700)
    _give(sockets, account)
    conf = pgdata / "domo-insights.conf"
    conf.write_text(_SETTINGS.format(sockets=sockets))
    _give(conf, account)


def socket_dir(data_dir: Path) -> Path:
    """Where the socket of `data_dir` lies: in it, unless its path cannot be one of a socket."""
    beside = data_dir / "run"
    short = len(os.fsencode(beside / f".s.PGSQL.{_PORT}")) <= _LONGEST_SOCKET
    if short and _PLAIN.fullmatch(str(beside)):
        return beside
    return postmaster.short_socket_dir(data_dir)


def open_paths(pgdata: Path, account: pwd.struct_passwd) -> None:
    """Let `account` reach the programs and its files, and nobody else. Raises: EmbeddedError."""
    home = postmaster.home()
    permissions.let_enter(home / "bin", account)
    if not os.stat(home / "bin" / "postgres").st_mode & 0o001:
        permissions.let_read(home, account)
    permissions.let_enter(pgdata, account)


def make_private(folder: Path) -> None:
    """Make a data folder, closed to others, where there is none. Raises: EmbeddedError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedError(
            f"The data folder {folder} cannot be made: {error.strerror}.",
            hint="Choose another one with --data-dir or INSIGHTS_DATA_DIR.",
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise EmbeddedError(
            f"The data folder {folder} is not yours to write to.",
            hint="Choose another one with --data-dir or INSIGHTS_DATA_DIR.",
        )


def _give(path: Path, account: pwd.struct_passwd | None) -> None:
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid)
