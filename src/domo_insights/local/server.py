"""Postgres in a folder of its own, shared by every process that uses that folder.

The first one in starts it, the last one out stops it. Who is in is told by file locks, which the
kernel gives back when a process dies, so that a killed process leaves nothing to clean up: the
next one takes over the Postgres it finds running.
"""

import os
import pwd
import shutil
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from domo_insights.errors import EmbeddedError
from domo_insights.local import permissions, postmaster
from domo_insights.local.locks import FileLock, locked

SUPERUSER: Final = "supabase_admin"
_PORT: Final = 5432
_LONGEST_SOCKET: Final = 100
"""Bytes. The kernel takes 103 (macOS) or 107 (Linux) for the whole path of a socket."""

_SETTINGS: Final = """\
listen_addresses = ''
unix_socket_directories = '{sockets}'
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
# Statements and row values can hold visitors' words, so errors are logged without them.
log_min_error_statement = panic
log_error_verbosity = terse
log_checkpoints = off
"""


class PostgresServer:
    """The Postgres of `data_dir`: `with PostgresServer(folder) as server: server.url(user)`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.expanduser().resolve()
        self.pgdata = self.data_dir / "postgres"
        self._users = FileLock(self.data_dir / "users.lock")
        self._closing = threading.Event()
        self._watcher: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Come in: make the folder and start Postgres where needed. Raises: EmbeddedError."""
        make_private(self.data_dir)
        with self._starting():
            self._users.share()
            try:
                self._ensure_running()
            except BaseException:
                self._leave()
                raise

    def stop(self) -> None:
        """Leave; the last one out stops Postgres."""
        self._closing.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        self._closing.clear()
        if not self._users.held:
            return
        with self._starting():
            self._leave()

    def watch(self) -> None:
        """From now on start Postgres again when it dies, until `stop`."""
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._keep_alive, daemon=True, name="postgres")
            self._watcher.start()

    def is_running(self) -> bool:
        return postmaster.pid_of(self.pgdata) is not None

    def url(self, user: str, database: str = "postgres") -> str:
        """Address of `database` for `user`, over the private socket."""
        folder = quote(str(self._socket_dir()), safe="/")
        return f"postgresql://{quote(user)}@/{quote(database, safe='')}?host={folder}"

    def _leave(self) -> None:
        self._users.release()
        if self._users.try_alone():
            try:
                self._stop_postgres()
            finally:
                self._users.release()

    def _starting(self) -> AbstractContextManager[None]:
        return locked(self.data_dir / "start.lock")

    def _keep_alive(self) -> None:
        while not self._closing.wait(0.5):
            if not self.is_running():
                try:
                    with self._starting():
                        self._ensure_running()
                except EmbeddedError:
                    # The next round tries again; requests meanwhile say what is wrong.
                    continue

    def _ensure_running(self) -> None:
        if self.is_running():
            return
        account = postmaster.account_for(self.pgdata)
        if account is not None:
            self._open_paths(account)
        if not self.pgdata.exists():
            self._create_cluster(account)
        self._write_settings(account)
        deadline = time.monotonic() + 15
        while (failure := self._try_start(account)) is not None:
            leftovers = "lock file" in failure or "shared memory" in failure
            if not leftovers or time.monotonic() > deadline:
                raise EmbeddedError(
                    f"Postgres does not start in {self.data_dir}.\n{failure}",
                    hint=f"The whole log is {self._log()}.",
                )
            postmaster.forget_dead(self.pgdata)
            time.sleep(0.2)

    def _try_start(self, account: pwd.struct_passwd | None) -> str | None:
        """None when it runs, else the end of its log."""
        begin = self._log().stat().st_size if self._log().exists() else 0
        command = ["-D", ".", "-w", "-t", "60", "-l", self._log().name, "start"]
        done = postmaster.run("pg_ctl", command, account, self.pgdata)
        if done.returncode == 0:
            return None
        if not self._log().exists():
            return done.stdout.strip()
        with self._log().open("rb") as log:
            log.seek(begin)
            return log.read().decode(errors="replace")[-2000:].strip()

    def _stop_postgres(self) -> None:
        if not self.is_running():
            return
        command = ["-D", ".", "-w", "-t", "60", "-m", "fast", "stop"]
        done = postmaster.run("pg_ctl", command, postmaster.account_for(self.pgdata), self.pgdata)
        if done.returncode != 0 and self.is_running():
            raise EmbeddedError(
                f"Postgres in {self.data_dir} does not stop.\n{done.stdout.strip()}",
                hint="Wait a minute and run the command again; it takes over what still runs.",
            )

    def _create_cluster(self, account: pwd.struct_passwd | None) -> None:
        """Made beside its place and moved there whole, so that a kill leaves no half of one."""
        unfinished = self.data_dir / "postgres.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        _give(unfinished, account)
        command = ["-D", ".", "-U", SUPERUSER, "-A", "trust", "-E", "UTF8"]
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = postmaster.run("initdb", [*command, *locale], account, unfinished)
        if done.returncode != 0:
            raise EmbeddedError(
                f"Postgres cannot make its files in {self.data_dir}.\n{done.stdout[-2000:]}",
                hint="Check free space and permissions there, or choose another --data-dir.",
            )
        with (unfinished / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude 'domo-insights.conf'\n")
        unfinished.rename(self.pgdata)

    def _write_settings(self, account: pwd.struct_passwd | None) -> None:
        sockets = self._socket_dir()
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
        quoted = '"' + str(sockets).replace('"', '""').replace("'", "''") + '"'
        conf = self.pgdata / "domo-insights.conf"
        conf.write_text(_SETTINGS.format(sockets=quoted))
        _give(conf, account)

    def _socket_dir(self) -> Path:
        beside = self.data_dir / "run"
        if len(os.fsencode(beside / f".s.PGSQL.{_PORT}")) <= _LONGEST_SOCKET:
            return beside
        return postmaster.short_socket_dir(self.data_dir)

    def _open_paths(self, account: pwd.struct_passwd) -> None:
        home = postmaster.home()
        permissions.let_enter(home / "bin", account)
        if not os.stat(home / "bin" / "postgres").st_mode & 0o001:
            permissions.let_read(home, account)
        permissions.let_enter(self.pgdata, account)

    def _log(self) -> Path:
        return self.pgdata / "server.log"


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
