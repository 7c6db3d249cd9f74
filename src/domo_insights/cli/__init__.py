"""`domo-insights ...`: the second front end over the same queries. stdout is data, stderr talk."""

import sys

import typer
from rich.console import Console

from domo_insights.errors import DomoInsightsError, WrongUseError

app = typer.Typer(
    name="domo-insights",
    help="Analytics for AI video demos.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
talk = Console(stderr=True, highlight=False)


@app.callback()
def _all() -> None:
    """Analytics for AI video demos."""


def main() -> None:
    """Run a command. Exit 0: done, 1: it failed and says why, 2: used wrongly."""
    from domo_insights.cli import commands

    commands.register(app, next(iter(sys.argv[1:]), None))
    try:
        app()
    except DomoInsightsError as problem:
        talk.print(f"[red]{problem}[/red]" if talk.is_terminal else str(problem), soft_wrap=True)
        if problem.hint:
            talk.print(problem.hint, soft_wrap=True)
        sys.exit(2 if isinstance(problem, WrongUseError) else 1)
    except BrokenPipeError:
        sys.exit(1)
