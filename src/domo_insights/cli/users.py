"""`domo-insights users`: who may sign in to the embedded default."""

import sys
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from domo_insights.cli import talk
from domo_insights.cli.context import DataDir, database, is_embedded
from domo_insights.database.engine import engine_for
from domo_insights.database.failures import as_ours
from domo_insights.errors import WrongUseError
from domo_insights.local.users import add_user, checked

users = typer.Typer(help="People who may sign in to the embedded database.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(users, name="users")


@users.callback()
def _group() -> None:
    """People who may sign in to the embedded database."""


@users.command()
def add(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="What they sign in with.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    product_team: Annotated[
        bool, typer.Option("--product-team", help="Sees numbers of all demos and no words.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Add a person who signs in with e-mail and password."""
    if not password_stdin:
        raise WrongUseError(
            "A password is needed.",
            hint="Pipe it in and say --password-stdin.",
        )
    if not is_embedded(data_dir):
        raise WrongUseError(
            "People of a hosted project are kept by Supabase.",
            hint="Add them in its dashboard, or name an embedded database with --data-dir.",
        )
    password = sys.stdin.readline().rstrip("\r\n")
    email = checked(email, password)
    with database(data_dir) as embedded:
        owner = engine_for(embedded.secret("database_admin_url"))
        try:
            with owner.begin() as conn:
                user_id = add_user(conn, email, password, product_team=product_team)
        except SQLAlchemyError as error:
            raise as_ours(error) from error
    talk.print(f"Added {email}.", soft_wrap=True)
    typer.echo(str(user_id))
