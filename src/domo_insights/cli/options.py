"""Options that several commands have, and what is said with them."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from domo_insights.errors import PeriodError, WrongUseError
from domo_insights.period import Period

AsEmail = Annotated[
    str | None, typer.Option("--as", metavar="EMAIL", help="In whose name; leaves a trace.")
]
Owner = Annotated[str, typer.Option("--as", metavar="EMAIL", help="Whose demos; leaves a trace.")]
OneDemo = Annotated[str | None, typer.Option("--demo", metavar="ID", help="One demo alone.")]
Zone = Annotated[str, typer.Option("--zone", help="Whose days, as in Europe/Berlin.")]
CountTest = Annotated[
    bool, typer.Option("--include-test", help="Count test conversations as well.")
]


class Form(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"


AnswerForm = Annotated[Form, typer.Option("--format", help="How to write it.")]


def demo_of(text: str) -> UUID:
    """The id that was said. Raises: WrongUseError."""
    try:
        return UUID(text)
    except ValueError as error:
        raise WrongUseError(f"{text} is not the id of a demo.", hint="It is a UUID.") from error


def period_of(text: str, zone: str) -> Period:
    """The period that was said, as seen now. Raises: WrongUseError."""
    try:
        return Period.parse(text, datetime.now(UTC), zone)
    except PeriodError as error:
        raise WrongUseError(str(error), hint=error.hint) from error
