"""The role the web process signs in to Postgres with: no rights, but to become one of ours."""

from typing import Final

from psycopg import sql

LOGIN_ROLE: Final = "domo_insights"
DOORS: Final = (
    "insights_reader",
    "insights_product",
    "insights_editor",
    "insights_ingest",
    "insights_sessions",
    "insights_worker",
)


def create_login_role_sql(password: str | None) -> str:
    """SQL, to be run by the database's owner, that makes the login role or mends it.

    Without a password none is set, for a socket that asks for none.
    """
    secret = sql.SQL("password {}").format(sql.Literal(password)) if password else sql.SQL("")
    role = sql.Identifier(LOGIN_ROLE)
    doors = sql.SQL(", ").join(map(sql.Identifier, DOORS))
    return (
        sql.SQL(
            "do $make$ begin\n"
            "  create role {role} login noinherit;\n"
            "exception when duplicate_object or unique_violation then null;\n"
            "end $make$;\n"
            "alter role {role} login noinherit {secret};\n"
            "grant {doors} to {role};\n"
        )
        .format(role=role, secret=secret, doors=doors)
        .as_string()
    )
