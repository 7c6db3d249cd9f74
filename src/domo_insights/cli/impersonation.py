"""Asking in somebody's name from the command line, which leaves a trace in their audit log."""

import getpass
from uuid import UUID

from sqlalchemy import Connection, Engine, cast, column, func, select, table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import SQLAlchemyError

from domo_insights.database.doors import sessions
from domo_insights.database.engine import engine_for
from domo_insights.database.failures import as_ours
from domo_insights.errors import DomoInsightsError
from domo_insights.queries import demos
from domo_insights.settings import Settings
from domo_insights.viewer import PRODUCT_TEAM, Viewer

_users = table(
    "users",
    *(column(name) for name in ("id", "email", "deleted_at", "raw_app_meta_data")),
    schema="auth",
)


def in_the_name_of(settings: Settings, email: str, details: dict[str, str]) -> Viewer:
    """The user with this e-mail as a viewer, once the trace with `details` is written.

    Raises: DomoInsightsError when there is no such user, DatabaseError.
    """
    viewer = _viewer(engine_for(settings.secret("database_admin_url")), email)
    trace = cast({**details, "operator": getpass.getuser()}, JSONB)
    with sessions(engine_for(settings.secret("database_url")), viewer) as conn:
        conn.execute(
            select(func.insights.record("impersonate", "queries", viewer.user_id, None, trace))
        )
    return viewer


def must_have(conn: Connection, viewer: Viewer, demo_id: UUID) -> None:
    """Raises: DomoInsightsError unless the demo is one of those that `viewer` sees."""
    if demo_id not in set(demos.mine(conn)["demo_id"]):
        raise DomoInsightsError(
            f"{viewer.email} has no demo {demo_id}.", hint="See: query demos.mine"
        )


def _viewer(owner: Engine, email: str) -> Viewer:
    """The user with this e-mail, as the sign-in service keeps them. Raises: DomoInsightsError."""
    statement = select(_users).where(
        func.lower(_users.c.email) == email.strip().lower(), _users.c.deleted_at.is_(None)
    )
    try:
        with owner.connect() as conn:
            row = conn.execute(statement).first()
    except SQLAlchemyError as error:
        raise as_ours(error) from error
    if row is None:
        raise DomoInsightsError(f"There is no user {email}.", hint="Check the address.")
    role = (row.raw_app_meta_data or {}).get("role")
    return Viewer(row.id, row.email, product_team=role == PRODUCT_TEAM)
