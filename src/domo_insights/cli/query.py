"""`domo-insights query`: the questions of the pages, asked from the command line."""

import inspect
from enum import StrEnum
from typing import Annotated, Any

import typer

from domo_insights.cli.context import DataDir, database
from domo_insights.cli.impersonation import in_the_name_of, must_have
from domo_insights.cli.options import AsEmail, CountTest, OneDemo, Zone, demo_of, period_of
from domo_insights.cli.output import as_table
from domo_insights.database.doors import reading
from domo_insights.database.engine import engine_for
from domo_insights.errors import WrongUseError
from domo_insights.exports.cells import as_csv, as_json
from domo_insights.queries import QUERIES, Query
from domo_insights.settings import Settings


class Format(StrEnum):
    """How the answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def register(app: typer.Typer) -> None:
    app.command()(query)


def query(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="See --list.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="What can be asked.")] = False,
    as_email: AsEmail = None,
    period: Annotated[
        str | None, typer.Option(help="30d (the default), 24h, or A..B; day B is excluded.")
    ] = None,
    zone: Zone = "UTC",
    demo: OneDemo = None,
    conversation: Annotated[
        str | None, typer.Option(metavar="ID", help="For conversations.transcript.")
    ] = None,
    include_test: CountTest = False,
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Ask a question of the pages in somebody's name."""
    if listed:
        for known, question in QUERIES.items():
            if not set(_needs(question)) <= {"period", *_OPTIONS}:
                continue
            typer.echo(f"{known:36} {(inspect.getdoc(question) or '').splitlines()[0]}")
        return
    question = _question(name)
    given = _arguments(question, period, zone, demo, conversation, include_test)
    if not as_email:
        raise WrongUseError("Nobody to ask for.", hint="Say --as EMAIL.")
    with database(data_dir) as settings:
        frame = _answer(settings, str(name), as_email, given)
    match form:
        case Format.JSON:
            typer.echo(as_json(frame))
        case Format.CSV:
            typer.echo(as_csv(frame), nl=False)
        case Format.TABLE:
            typer.echo(as_table(frame))


def _answer(settings: Settings, name: str, email: str, given: dict[str, Any]) -> Any:
    engine = engine_for(settings.secret("database_url"))
    viewer = in_the_name_of(settings, email, {"query": name})
    with reading(engine, viewer) as conn:
        if given.get("demo_id"):
            must_have(conn, viewer, given["demo_id"])
        return QUERIES[name](conn, **given)


def _question(name: str | None) -> Query:
    if name not in QUERIES:
        what = f"There is no query {name}." if name else "No query is named."
        raise WrongUseError(what, hint="domo-insights query --list shows all of them.")
    return QUERIES[name]


def _arguments(
    question: Query,
    period: str | None,
    zone: str,
    demo: str | None,
    conversation: str | None,
    include_test: bool,
) -> dict[str, Any]:
    """What `question` takes, from what was said. Raises: WrongUseError."""
    said = {
        "period": (period_of(period or "30d", zone), period is not None),
        "demo_id": (demo_of(demo) if demo else None, demo is not None),
        "conversation_id": (conversation, conversation is not None),
        "include_test": (include_test, include_test),
    }
    takes = inspect.signature(question).parameters
    for name, (_, was_said) in said.items():
        if was_said and name not in takes:
            raise WrongUseError(f"This query does not take --{_OPTIONS.get(name, name)}.")
    given = {name: value for name, (value, _) in said.items() if name in takes}
    for name in _needs(question):
        if given.get(name) is None:
            option = _OPTIONS.get(name)
            hint = f"Say --{option} ID." if option else "Only its page can ask it."
            raise WrongUseError(f"This query needs a {name.removesuffix('_id')}.", hint=hint)
    return given


def _needs(question: Query) -> list[str]:
    """What `question` cannot be asked without."""
    _, *parameters = inspect.signature(question).parameters.values()
    return [p.name for p in parameters if p.default is inspect.Parameter.empty]


_OPTIONS = {
    "demo_id": "demo",
    "conversation_id": "conversation",
    "include_test": "include-test",
}
