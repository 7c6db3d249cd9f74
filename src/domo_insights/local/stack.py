"""The embedded default, whole: Postgres, the stand-in for Supabase, keys, users, sample data."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg

from domo_insights.database.login_role import create_login_role_sql
from domo_insights.database.migrations import migrate
from domo_insights.errors import EmbeddedError
from domo_insights.local.server import SUPERUSER, PostgresServer

OWNER: Final = "postgres"
_SUPABASE: Final = Path(__file__).with_name("supabase.sql")
Progress = Callable[[str], None]


def prepare_database(
    server: PostgresServer, database: str = "postgres", progress: Progress | None = None
) -> None:
    """Give `database`, which exists, what hosted Supabase has, our migrations and the login role.

    May be run again at any time. Raises: EmbeddedError, MigrationError.
    """
    try:
        with psycopg.connect(server.url(SUPERUSER, database)) as conn:
            conn.execute(_SUPABASE.read_bytes())
        migrate(server.url(OWNER, database), progress)
        with psycopg.connect(server.url(OWNER, database)) as conn:
            conn.execute(create_login_role_sql(None).encode())
    except psycopg.Error as error:
        raise EmbeddedError(
            f"The database {database} in {server.data_dir} cannot be prepared: {error}"
        ) from error
