"""Putting the sample data into a database, all of it or nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Table, create_engine, delete, exists, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.pool import NullPool

from domo_insights.database import tables
from domo_insights.database.engine import address
from domo_insights.embedding import chunk_text, embedder_for
from domo_insights.errors import EmbeddingError
from domo_insights.sample.catalogue import Row
from domo_insights.sample.rows import generate


def load(admin_url: str, owners: Sequence[UUID], now: datetime) -> bool:
    """Load the sample data as the database's owner, in one transaction.

    owners: ids in auth.users; the first gets five demos and most of the traffic.
    now: aware; nothing in the data is later than that.
    Answers False, and changes nothing, where one of the owners has a demo already.
    """
    engine = create_engine(address(admin_url), poolclass=NullPool)
    with engine.begin() as conn:
        conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("sample data", 0))))
        has_demos = exists().where(tables.demos.c.user_id.in_(owners))
        if conn.execute(select(has_demos)).scalar_one():
            return False
        rows = generate(owners, now.astimezone(UTC))
        _insert(conn, rows | {"knowledge_chunks": _embedded(rows["knowledge_chunks"])})
    return True


def _embedded(chunks: list[Row]) -> list[Row]:
    """The chunks with their embeddings, so that they can be searched from the first page on.

    Always by the local model: samples cost nobody anything. It takes two seconds, and the samples
    are whole or not there at all; in the background they would be half there for as long.
    """
    embedder = embedder_for("local")
    texts = [chunk_text(row["content"], row["question"], row["answer"]) for row in chunks]
    try:
        vectors = embedder.embed(texts)
    except EmbeddingError:
        return chunks  # `domo-insights embed` says what is wrong with the model
    return [
        row | {"vector_embedding": str(vector.tolist()), "embedding_model": embedder.name}
        for row, vector in zip(chunks, vectors, strict=True)
    ]


def _insert(conn: Connection, rows: dict[str, list[Row]]) -> None:
    ours = [row["id"] for row in rows["demos"]]
    for name, own in rows.items():
        table: Table = getattr(tables, name)
        if table is tables.audit_logs:
            # The triggers have just logged these inserts as done now; what replaces them is when
            # the owners did it.
            conn.execute(delete(table).where(table.c.demo_id.in_(ours)))
        _copy(conn, table, own)
        # Else the first pages are planned as if the tables were empty.
        conn.execute(text(f"analyze {table.fullname}"))


def _copy(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    columns = list(rows[0])
    driver = cast("psycopg.Connection[Any]", conn.connection.driver_connection)
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table.schema or "public", table.name),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
    )
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([_value(table, column, row[column]) for column in columns])


def _value(table: Table, column: str, value: Any) -> Any:
    is_json = isinstance(table.c[column].type, JSONB)
    return Jsonb(value) if is_json and value is not None else value
