"""A Postgres whose disk is full: a small file system of its own, where mounting is allowed."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from domo_insights import settings
from domo_insights.database.doors import editing, reading
from domo_insights.database.tables import knowledge_chunks
from domo_insights.errors import DatabaseError, NoRoomError
from domo_insights.local.server import PostgresServer
from domo_insights.local.users import add_user
from domo_insights.viewer import Viewer
from tests.factories import demo
from tests.faults.conftest import in_force, prepared
from tests.local.processes import eventually

MEGABYTE = 1 << 20
MEGABYTES = 220


@pytest.fixture
def small():
    folder = Path(tempfile.mkdtemp(prefix="domo-small-"))
    mount = shutil.which("mount")
    command = [mount, "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)]
    if not mount or subprocess.run(command, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("a file system cannot be mounted here")
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=False)
        folder.rmdir()


def fill(folder):
    """Leave about 2 MB."""
    file = folder / "filler"
    with file.open("wb") as filler:
        while os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize > 2 * MEGABYTE:
            filler.write(bytes(MEGABYTE // 2))
            filler.flush()
    return file


def test_a_full_disk_is_told_and_what_was_kept_is_there_when_there_is_room(small):
    with PostgresServer(small / "data") as server:
        database = prepared(server)
        in_force(database)
        server.watch()
        with database.admin.begin() as conn:
            owner = Viewer(add_user(conn, "ana@northwind.example", "correct horse"), "ana")
            where = demo(conn, user_id=owner.user_id)
        filler = fill(small)
        kept, problem = 0, None
        for n in range(400):
            try:
                with editing(database.engine, owner) as conn:
                    words = os.urandom(30_000).hex()  # does not compress
                    row = {"demo_id": where, "content": f"{n} {words}"}
                    conn.execute(insert(knowledge_chunks).values(row))
                kept += 1
            except DatabaseError as error:
                problem = error
                break
        assert problem is not None, "the disk never filled"
        # Where the journal itself has no room Postgres ends and cannot be reached until it has.
        assert isinstance(problem, NoRoomError) or "cannot be reached" in str(problem)
        filler.unlink()

        def counted():
            try:
                with reading(database.engine, owner) as conn:
                    return conn.scalar(select(func.count()).select_from(knowledge_chunks)) == kept
            except DatabaseError:
                return False

        eventually(counted, "every change that was kept is there, and no other")
        with editing(database.engine, owner) as conn:
            conn.execute(insert(knowledge_chunks).values(demo_id=where, content="room again"))
        settings.activate(None)
        database.engine.dispose()
        database.admin.dispose()
