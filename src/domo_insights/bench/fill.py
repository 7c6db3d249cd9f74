"""Fills a scratch database: as many conversations as `scale` says, seeded, skewed, set by set."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final, cast

import bcrypt
import psycopg
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Double,
    Engine,
    Integer,
    MetaData,
    Table,
    create_engine,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.pool import NullPool

from domo_insights.database import rollups
from domo_insights.database.engine import address
from domo_insights.embedding import embedder_for
from domo_insights.errors import WrongUseError

MESSAGES: Final = 5_000_000
"""Messages at scale 1; 3 million events come with them."""
MESSAGES_EACH: Final = 12.03
"""Messages per conversation, on average, as fill.sql draws them."""
OWNERS: Final = 120
HEAVIEST: Final = 0.34
"""The share of all data that the heaviest owner has."""
CHUNKS_EACH: Final = 30
CHUNKS_OF_ONE: Final = 20_000
"""Chunks of the largest knowledge base at scale 1."""
_STEP: Final = 5_000
_SCHEMAS: Final = ("auth", "public", "insights", "insights_private")
Progress = Callable[[str, float], None]

sizes = Table(
    "sizes",
    MetaData(schema="bench"),
    Column("conversations", Integer),
    Column("seed", Double),
    Column("now", DateTime(timezone=True)),
    Column("filled", Integer),
    Column("done", Boolean),
)


def fill(superuser_url: str, worker: Engine, scale: float, seed: int, progress: Progress) -> None:
    """Fill the database of `superuser_url`, or finish what an interrupted run began; one that was
    filled is left as it is. `worker` is the engine whose doors refresh what is derived.

    progress: is told what is done, and the share of it, 0 to 1.
    Raises: WrongUseError when it was filled to another scale.
    """
    wanted = max(50, round(MESSAGES * scale / MESSAGES_EACH))
    engine = create_engine(address(superuser_url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        row = _begun(conn, wanted, seed, scale)
        if row.done:
            return
        for first in range(row.filled, wanted, _STEP):
            progress("conversations", first / wanted)
            conn.execute(select(func.bench.fill(first, min(first + _STEP, wanted))))
        progress("conversations", 1.0)
        _finish(conn, worker, progress)
        conn.execute(update(sizes).values(done=True))


def _begun(conn: Connection, wanted: int, seed: int, scale: float) -> Any:
    if not inspect(conn).has_table("sizes", schema="bench"):
        # Past SQLAlchemy, to which a percent sign in a text would be a parameter.
        driver = cast("psycopg.Connection[Any]", conn.connection.driver_connection)
        driver.execute(files(__package__).joinpath("fill.sql").read_bytes())
    if conn.execute(select(sizes)).first() is None:
        password = bcrypt.hashpw(secrets.token_bytes(16).hex().encode(), bcrypt.gensalt(4))
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        chunks = max(200, round(CHUNKS_OF_ONE * scale))
        with conn.engine.execution_options(isolation_level="READ COMMITTED").begin() as whole:
            whole.execute(
                insert(sizes).values(conversations=wanted, seed=seed % 1000 / 1000, now=now)
            )
            whole.execute(select(func.bench.make_owners(OWNERS, HEAVIEST, password.decode())))
            model = embedder_for("local").name
            whole.execute(select(func.bench.make_chunks(CHUNKS_EACH, chunks, model)))
            whole.execute(select(func.bench.set_indexes_aside()))
    row = conn.execute(select(sizes)).one()
    if row.conversations != wanted:
        raise WrongUseError(
            f"The scratch database was filled with {row.conversations:,} conversations, not with"
            f" {wanted:,}.",
            hint="Name another folder with --data-dir, or say the --scale it has.",
        )
    return row


def _finish(conn: Connection, worker: Engine, progress: Progress) -> None:
    left = 1
    while left:
        left = conn.scalar(select(func.bench.put_index_back())) or 0
        progress("indexes", 1 / (1 + left))
    tidy(conn, progress)
    # What is put in past the triggers is in no queue.
    rollups.start_over(worker)
    for _ in rollups.refresh(worker):
        parts = rollups.progress(worker)
        done, total = (sum(getattr(part, name) for part in parts) for name in ("done", "total"))
        progress("rollups", done / max(total, 1))
    while rollups.sum_up(worker):
        progress("rollups", 1)
    tidy(conn, progress)


def tidy(conn: Connection, progress: Progress) -> None:
    """Vacuum and analyze what is counted, on a connection without transactions: pages are
    answered from indexes alone where nothing was written since."""
    found = inspect(conn)
    names = [(schema, name) for schema in _SCHEMAS for name in found.get_table_names(schema)]
    quote = conn.dialect.identifier_preparer.quote
    for done, (schema, name) in enumerate(names):
        progress("statistics", done / len(names))
        conn.execute(text(f"vacuum (analyze, freeze) {quote(schema)}.{quote(name)}"))
    progress("statistics", 1.0)
