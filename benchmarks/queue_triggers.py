"""What the queue of changes costs the writers: a file of callbacks with and without its triggers.

python benchmarks/queue_triggers.py FILE [ROUNDS]
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psycopg
from psycopg import sql

sys.path.insert(0, str(Path(__file__).parents[1]))

from domo_insights import settings
from domo_insights.ingest.files import ingest_files
from domo_insights.ingest.owners import adopt, owner_of
from domo_insights.local.server import SUPERUSER, PostgresServer
from domo_insights.local.stack import prepare_database
from tests.conftest import add_users, create_database, drop_database
from tests.factories import ANA


def run(server: PostgresServer, path: str, name: str, *, triggers: bool) -> float:
    """Seconds to ingest `path` into a fresh database."""
    database = create_database(server, name, "bench_template")
    settings.activate(database.settings)
    if not triggers:
        with psycopg.connect(server.url(SUPERUSER, name), autocommit=True) as conn:
            made = conn.execute(
                "select tgrelid::regclass::text, tgname from pg_trigger"
                " where tgname like 'queue\\_%' and not tgisinternal"
            ).fetchall()
            for table, trigger in made:
                drop = sql.SQL("drop trigger {} on {}").format(
                    sql.Identifier(trigger), sql.Identifier(*table.split("."))
                )
                conn.execute(drop)
    owner = owner_of(database.admin, ANA.email)
    since = time.perf_counter()
    ingest_files(database.engine, [path], meet=lambda f: adopt(database.admin, owner, f))
    spent = time.perf_counter() - since
    drop_database(database)
    return spent


def main(path: str, rounds: int = 3) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        PostgresServer(Path(folder) / "data") as server,
    ):
        create_database(server, "bench_template")
        prepare_database(server, "bench_template")
        with psycopg.connect(server.url(SUPERUSER, "bench_template")) as conn:
            add_users(conn)
        spent: dict[bool, list[float]] = {True: [], False: []}
        for n in range(rounds):
            for triggers in (False, True) if n % 2 else (True, False):
                name = f"bench_{n}_{triggers}".lower()
                spent[triggers].append(run(server, path, name, triggers=triggers))
        without, having = median(spent[False]), median(spent[True])
        print(f"without {without:.2f} s, with {having:.2f} s: {having / without:.3f} of the time")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:3]))
