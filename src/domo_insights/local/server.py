"""Postgres in a folder of its own, shared by every process that uses that folder.

The first one in starts it, the last one out stops it. Who is in is told by file locks, which the
kernel gives back when a process dies, so that a killed process leaves nothing to clean up: the
next one takes over the Postgres it finds running.
"""

import pwd
import shutil
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psycopg

from domo_insights.errors import EmbeddedError
from domo_insights.local import cluster, postmaster
from domo_insights.local.locks import FileLock, locked

SUPERUSER: Final = cluster.SUPERUSER
_PATIENCE: Final = 60
"""Seconds for Postgres to recover what a kill left, at most."""


class PostgresServer:
    """The Postgres of `data_dir`: `with PostgresServer(folder) as server: server.url(user)`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.expanduser().resolve()
        self.pgdata = self.data_dir / "postgres"
        self._sockets = cluster.socket_dir(self.data_dir)
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
        cluster.make_private(self.data_dir)
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
        folder = quote(str(self._sockets), safe="/")
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
        """Start it where it does not run, and wait until it answers: what is found running may be
        about to end, or still be recovering."""
        deadline = time.monotonic() + _PATIENCE
        while not (self.is_running() and self._answers()):
            if not self.is_running():
                self._start_postgres()
            elif time.monotonic() > deadline:
                raise EmbeddedError(
                    f"Postgres in {self.data_dir} runs and does not answer.",
                    hint=f"Its log is {self._log()}.",
                )
            else:
                time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(SUPERUSER), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _start_postgres(self) -> None:
        account = postmaster.account_for(self.pgdata)
        if account is not None:
            cluster.open_paths(self.pgdata, account)
        if not self.pgdata.exists():
            cluster.create(self.pgdata, account)
        cluster.write_settings(self.pgdata, self._sockets, account)
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
        if self._sockets.parent != self.data_dir:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def _log(self) -> Path:
        return self.pgdata / "server.log"
