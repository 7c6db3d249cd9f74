"""Questions of the product team about the database itself. Anybody else is refused."""

from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, column, func, select, table

from domo_insights.database import catalogs
from domo_insights.database.frames import Columns, read_frame

HEALTH: Final[Columns] = {
    "server_version": "str",
    "database_bytes": "int64",
    "cache_hit_ratio": "float64",
    "connections": "int64",
    "active_connections": "int64",
    "max_connections": "int64",
    "queued": "int64",
    "oldest_queued_at": "datetime64[us, UTC]",
    "drained_at": "datetime64[us, UTC]",
    "migrations": "int64",
    "latest_migration": "str",
    "deadlocks": "int64",
    "started_at": "datetime64[us, UTC]",
}
TABLES: Final[Columns] = {"table": "str", "bytes": "int64", "estimated_rows": "int64"}
INDEXES: Final[Columns] = {
    "index": "str",
    "table": "str",
    "bytes": "int64",
    "scans": "int64",
    "served_by": "object",
}
SLOW: Final[Columns] = {
    "query": "str",
    "calls": "int64",
    "total_ms": "float64",
    "mean_ms": "float64",
    "result_rows": "int64",
}
_sizes: Final[Any] = table(
    "table_sizes",
    *map(column, ("schema_name", "table_name", "total_bytes", "estimated_rows")),
    schema="insights",
)
_usage: Final[Any] = table(
    "index_usage",
    *map(column, ("schema_name", "table_name", "index_name", "idx_scan", "bytes")),
    schema="insights",
)


def health(conn: Connection) -> pd.DataFrame:
    """The state of the database in one row.

    Columns: server_version, database_bytes, cache_hit_ratio (fraction of 1), connections,
    active_connections, max_connections, queued (changes not worked off yet), oldest_queued_at,
    drained_at, migrations, latest_migration, deadlocks, started_at. Raises: NotAllowedError.
    """
    _product_team_only(conn)
    named = func.insights.health().table_valued(*map(column, HEALTH)).render_derived(name="h")
    return read_frame(conn, select(*named.c), HEALTH)


def tables(conn: Connection) -> pd.DataFrame:
    """table, bytes (with indexes), estimated_rows; the largest first. Raises: NotAllowedError."""
    _product_team_only(conn)
    statement = select(
        (_sizes.c.schema_name + "." + _sizes.c.table_name).label("table"),
        _sizes.c.total_bytes.label("bytes"),
        _sizes.c.estimated_rows,
    ).order_by(_sizes.c.total_bytes.desc(), "table")
    return read_frame(conn, statement, TABLES)


def indexes(conn: Connection) -> pd.DataFrame:
    """Indexes that were never read and keep nothing unique, or that another one serves as well.

    Columns: index, table, bytes, scans, served_by (the other index, or None).
    Raises: NotAllowedError.
    """
    _product_team_only(conn)
    other = catalogs.redundant_indexes().subquery("redundant")
    doubled = select(other.c[0].label("name"), func.min(other.c[1]).label("served_by"))
    twice = doubled.group_by(other.c[0]).subquery("twice")
    statement = (
        select(
            _usage.c.index_name.label("index"),
            (_usage.c.schema_name + "." + _usage.c.table_name).label("table"),
            _usage.c.bytes,
            _usage.c.idx_scan.label("scans"),
            twice.c.served_by,
        )
        .select_from(_usage)
        .outerjoin(twice, twice.c.name == _usage.c.index_name)
        .where(
            ((_usage.c.idx_scan == 0) & _usage.c.index_name.not_in(catalogs.unique_indexes()))
            | twice.c.served_by.is_not(None)
        )
        .order_by(_usage.c.bytes.desc(), "index")
    )
    return read_frame(conn, statement, INDEXES)


def slow(conn: Connection, limit: int = 10) -> pd.DataFrame:
    """The statements that take longest on average, constants cut out.

    Columns: query, calls, total_ms, mean_ms, result_rows. Empty without pg_stat_statements.
    Raises: NotAllowedError.
    """
    _product_team_only(conn)
    named = func.insights.slow_queries(limit).table_valued(*map(column, SLOW))
    return read_frame(conn, select(*named.render_derived(name="s").c), SLOW)


def _product_team_only(conn: Connection) -> None:
    """Raises: NotAllowedError for anybody else."""
    conn.execute(select(func.insights.product_only()))
