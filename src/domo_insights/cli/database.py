"""`domo-insights migrate` and `doctor`: build the database, and say whether all is well."""

import secrets
from typing import Annotated

import typer
from rich.markup import escape
from sqlalchemy import Connection

from domo_insights.cli import talk
from domo_insights.cli.checkup import checkup
from domo_insights.cli.context import DataDir, database, is_embedded
from domo_insights.database import catalogs
from domo_insights.database.engine import engine_for
from domo_insights.database.failures import translated
from domo_insights.database.findings import Level
from domo_insights.database.inspection import left_as_found
from domo_insights.database.login_role import LOGIN_ROLE, create_login_role_sql
from domo_insights.database.migrations import migrate as apply
from domo_insights.database.migrations import pending, policies_made_by


def register(app: typer.Typer) -> None:
    app.command()(migrate)
    app.command()(doctor)


def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Build or update the database of DATABASE_ADMIN_URL, else the embedded one.

    Where the login role is missing, the SQL that makes it is printed to stdout.
    """
    with database(data_dir, migrated=False) as found:
        url = found.secret("database_admin_url")
        waiting = pending(url)
        if dry_run:
            for migration in waiting:
                typer.echo(f"would apply {migration.version} {migration.name}: {migration.purpose}")
        else:
            done = apply(url, lambda line: talk.print(escape(line), soft_wrap=True))
            talk.print(f"{len(done)} applied." if done else "Nothing to do: all are applied.")
        with translated(), engine_for(url).connect() as conn:
            for finding in left_as_found(conn, policies_made_by(waiting)):
                talk.print(
                    escape(f"left as found: {finding.subject}: {finding.says}"), soft_wrap=True
                )
            if not dry_run:
                _login_role(conn, is_embedded(data_dir))


def _login_role(conn: Connection, embedded: bool) -> None:
    if embedded:
        # Behind a socket that only its owner can reach, a password would protect nothing.
        conn.exec_driver_sql(create_login_role_sql(None))
        conn.commit()
    elif conn.execute(catalogs.role(LOGIN_ROLE)).first() is None:
        talk.print(
            "The web process needs a login role. Run this as the owner, and put the password into "
            "DATABASE_URL:",
            soft_wrap=True,
        )
        typer.echo(create_login_role_sql(secrets.token_urlsafe(24)), nl=False)


def doctor(data_dir: DataDir = None) -> None:
    """Look at settings, connections, roles, migrations and fences. Exit 1 if anything is wrong.

    An embedded database is started, and migrated like at every start, before it is looked at.
    """
    with database(data_dir) as found:
        findings = checkup(found, embedded=is_embedded(data_dir))
    for finding in findings:
        typer.echo(f"{finding.level.value:<14} {finding.subject}: {finding.says}")
        if finding.hint and finding.level is not Level.FINE:
            typer.echo(f"{'':<14} {finding.hint}")
    wrong = sum(finding.level is Level.WRONG for finding in findings)
    talk.print(f"{wrong} of {len(findings)} things looked at are wrong.")
    raise typer.Exit(1 if wrong else 0)
