"""Addresses of pages that the viewer keeps."""

from typing import Final

import pandas as pd
from sqlalchemy import Connection, func, select

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables_kept import saved_views

KEPT: Final[Columns] = {"view_id": "object", "name": "str", "page": "str", "query": "str"}


def kept(conn: Connection) -> pd.DataFrame:
    """The viewer's saved views, by name: columns view_id, name, page, query (a query string).

    Raises: DatabaseError.
    """
    statement = select(
        saved_views.c.id.label("view_id"),
        saved_views.c.name,
        saved_views.c.page,
        saved_views.c.query,
    ).order_by(func.lower(saved_views.c.name), saved_views.c.id)
    return read_frame(conn, statement, KEPT)
