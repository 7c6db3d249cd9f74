"""What owners did that a number may have moved with: edits of knowledge, and publishing."""

from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection, and_, func, or_, select, true

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import audit_logs, demos
from domo_insights.period import Period
from domo_insights.queries.buckets import number_of, within

KNOWLEDGE: Final[Columns] = {
    "number": "int64",
    "demo_id": "object",
    "demo": "str",
    "edits": "int64",
}
PUBLISHING: Final[Columns] = {
    "number": "int64",
    "at": "datetime64[us, UTC]",
    "demo_id": "object",
    "demo": "str",
}


def knowledge(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """Chunks added, changed or removed, by bucket and demo, quiet ones left out.

    Columns: number (of the period's bucket, from 1), demo_id, demo, edits.
    Source: audit_logs, dated by created_at. Raises: DatabaseError.
    """
    number = number_of(audit_logs.c.created_at, period.buckets())
    statement = (
        select(
            number, audit_logs.c.demo_id, demos.c.name.label("demo"), func.count().label("edits")
        )
        .join(demos, demos.c.id == audit_logs.c.demo_id)
        .where(
            audit_logs.c.table_name == "knowledge_chunks",
            audit_logs.c.action.in_(["insert", "update", "delete"]),
            within(audit_logs.c.created_at, period),
            audit_logs.c.demo_id == demo_id if demo_id else true(),
        )
        .group_by(number, audit_logs.c.demo_id, demos.c.name)
        .order_by(number, demos.c.name, audit_logs.c.demo_id)
    )
    return read_frame(conn, statement, KNOWLEDGE)


def publishing(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """Demos that became published in the period, in order.

    Columns: number (of the period's bucket, from 1), at, demo_id, demo. The product team may not
    run it, since the audit log holds words. Source: audit_logs. Raises: NotAllowedError,
    DatabaseError.
    """
    status, was = (
        values["status"].as_string()
        for values in (audit_logs.c.new_values, audit_logs.c.old_values)
    )
    became = or_(
        audit_logs.c.action == "insert",
        and_(audit_logs.c.action == "update", was.is_distinct_from("published")),
    )
    statement = (
        select(
            number_of(audit_logs.c.created_at, period.buckets()),
            audit_logs.c.created_at.label("at"),
            audit_logs.c.demo_id,
            demos.c.name.label("demo"),
        )
        .join(demos, demos.c.id == audit_logs.c.demo_id)
        .where(
            audit_logs.c.table_name == "demos",
            status == "published",
            became,
            within(audit_logs.c.created_at, period),
            audit_logs.c.demo_id == demo_id if demo_id else true(),
        )
        .order_by(audit_logs.c.created_at, audit_logs.c.id)
    )
    return read_frame(conn, statement, PUBLISHING)
