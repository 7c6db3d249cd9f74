"""Questions about what the viewer may see, and what was done to it."""

from typing import Any, Final

import pandas as pd
from sqlalchemy import (
    Connection,
    Text,
    Uuid,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    null,
    select,
    table,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from domo_insights.database import catalogs
from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import audit_logs, demos

IDENTITY: Final[Columns] = {"role": "str", "user_id": "object", "demos": "int64"}
TABLES: Final[Columns] = {"table": "str", "rows": "int64", "rule": "str", "withheld": "str"}
AUDIT_LOG: Final[Columns] = {
    "at": "datetime64[us, UTC]",
    "who": "str",
    "action": "str",
    "table": "str",
    "demo": "object",
    "changed": "str",
    "of": "int64",
}


def identity(conn: Connection) -> pd.DataFrame:
    """Who the database takes the viewer for: role, user_id, demos (how many they may see).

    Raises: DatabaseError.
    """
    statement = select(
        cast(literal_column("current_user"), Text).label("role"),
        func.insights.viewer_id(type_=Uuid()).label("user_id"),
        select(func.count(demos.c.id)).scalar_subquery().label("demos"),
    )
    return read_frame(conn, statement, IDENTITY)


def tables(conn: Connection) -> pd.DataFrame:
    """Each table that the viewer's role may read.

    Columns: table, rows (that the viewer sees), rule (the condition of the role's restrictive
    policy, as Postgres writes it), withheld (columns that the role may not read).
    Raises: DatabaseError.
    """
    fenced = conn.execute(catalogs.fences()).all()
    if not fenced:
        return pd.DataFrame([], columns=list(TABLES)).astype(dict(TABLES))
    counts = [
        select(
            literal(n).label("n"),
            select(func.count()).select_from(table(row[1], schema=row[0])).scalar_subquery(),
        )
        for n, row in enumerate(fenced)
    ]
    counted = dict(map(tuple, conn.execute(union_all(*counts))))
    rows = [(f"{r[0]}.{r[1]}", counted[n], r[2], r[3]) for n, r in enumerate(fenced)]
    return pd.DataFrame(rows, columns=list(TABLES)).astype(dict(TABLES))


def audit_log(conn: Connection, limit: int = 25, offset: int = 0) -> pd.DataFrame:
    """What was done to the viewer's demos and by the viewer, the latest first.

    Columns: at, who ("you", "an operator", "the platform", "somebody else"), action, table, demo
    (or None), changed (names of the fields that an update changed; never their values), of (rows
    in all). The product team may not run it. Raises: NotAllowedError, DatabaseError.
    """
    who = case(
        # Written in the name of the one who was asked for: it was not they who asked.
        (audit_logs.c.action == "impersonate", "an operator"),
        (audit_logs.c.user_id == func.insights.viewer_id(), "you"),
        (audit_logs.c.user_id.is_(None), "the platform"),
        else_="somebody else",
    )
    statement = (
        select(
            audit_logs.c.created_at.label("at"),
            who.label("who"),
            audit_logs.c.action,
            audit_logs.c.table_name.label("table"),
            demos.c.name.label("demo"),
            func.coalesce(_changed(), "").label("changed"),
            func.count().over().label("of"),
        )
        .outerjoin(demos, demos.c.id == audit_logs.c.demo_id)
        .order_by(audit_logs.c.created_at.desc(), audit_logs.c.id)
        .limit(limit)
        .offset(offset)
    )
    return read_frame(conn, statement, AUDIT_LOG)


def _changed() -> Any:
    new = _fields(audit_logs.c.new_values, "new")
    was = audit_logs.c.old_values.op("->")(new.c.key)
    names = func.string_agg(new.c.key, literal(", "))
    listed = select(names).where(new.c.value.is_distinct_from(was), new.c.key != "updated_at")
    return case((audit_logs.c.action == "update", listed.scalar_subquery()), else_=null())


def _fields(value: Any, name: str) -> Any:
    whole = case((func.jsonb_typeof(value) == "object", value), else_=cast("{}", JSONB))
    return (
        func.jsonb_each(whole).table_valued(column("key", Text), column("value", JSONB)).alias(name)
    )
