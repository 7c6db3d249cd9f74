"""Addresses of pages that a viewer keeps under a name."""

from uuid import UUID

from sqlalchemy import Connection, delete
from sqlalchemy.dialects.postgresql import insert

from domo_insights.database.tables_kept import saved_views
from domo_insights.errors import DomoInsightsError

LONGEST_NAME = 80


def keep(conn: Connection, name: str, page: str, query: str) -> None:
    """Keep the address of `page` with its `query` as `name`; a name that is there is replaced.

    Raises: DomoInsightsError without a usable name, DatabaseError.
    """
    written = " ".join("".join(c for c in name if c.isprintable()).split())
    if not 1 <= len(written) <= LONGEST_NAME:
        raise DomoInsightsError(f"A view needs a name of 1 to {LONGEST_NAME} characters.")
    wanted = insert(saved_views).values(name=written, page=page, query=query)
    conn.execute(
        wanted.on_conflict_do_update(
            index_elements=[saved_views.c.user_id, saved_views.c.name],
            set_={"page": wanted.excluded.page, "query": wanted.excluded.query},
        )
    )


def drop(conn: Connection, view_id: UUID) -> None:
    """Forget a view of the viewer's; another's stays as it is. Raises: DatabaseError."""
    conn.execute(delete(saved_views).where(saved_views.c.id == view_id))
