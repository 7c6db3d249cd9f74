"""From when on there is detail: conversations before that were deleted, or lost their words."""

from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection, select, true

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables_detail import detail_kept

SINCE: Final[Columns] = {
    "demo_id": "object",
    "deleted_before": "datetime64[us, UTC]",
    "anonymised_before": "datetime64[us, UTC]",
}


def since(conn: Connection, demo_id: UUID | None = None) -> pd.DataFrame:
    """One row per demo of the viewer that lost detail: demo_id, deleted_before and
    anonymised_before, each a moment or missing. Raises: DatabaseError."""
    statement = (
        select(detail_kept.c.demo_id, detail_kept.c.deleted_before, detail_kept.c.anonymised_before)
        .where(detail_kept.c.demo_id == demo_id if demo_id else true())
        .order_by(detail_kept.c.demo_id)
    )
    return read_frame(conn, statement, SINCE)
