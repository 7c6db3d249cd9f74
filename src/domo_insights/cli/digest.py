"""`domo-insights digest`: the summary of every demo of somebody, as one file."""

from enum import StrEnum
from typing import Annotated

import typer

from domo_insights.cli.context import DataDir, database
from domo_insights.cli.impersonation import in_the_name_of
from domo_insights.cli.options import CountTest, Owner, Zone, period_of
from domo_insights.database.doors import reading
from domo_insights.database.engine import engine_for
from domo_insights.errors import DomoInsightsError
from domo_insights.exports import summary_page
from domo_insights.exports.summary import Summary, summarise
from domo_insights.queries import demos


class Form(StrEnum):
    """How the digest is written."""

    HTML = "html"
    MARKDOWN = "markdown"


def register(app: typer.Typer) -> None:
    app.command()(digest)


def digest(
    as_email: Owner,
    period: Annotated[str, typer.Option(help="30d, 24h, or A..B; day B is excluded.")] = "30d",
    zone: Zone = "UTC",
    include_test: CountTest = False,
    form: Annotated[Form, typer.Option("--format", help="How to write it.")] = Form.HTML,
    data_dir: DataDir = None,
) -> None:
    """Write a one-page summary of each demo of somebody."""
    asked = period_of(period, zone)
    with database(data_dir) as settings:
        viewer = in_the_name_of(settings, as_email, {"query": "digest"})
        with reading(engine_for(settings.secret("database_url")), viewer) as conn:
            mine = demos.mine(conn)["demo_id"]
            found = [summarise(conn, viewer, demo, asked, include_test) for demo in mine]
    pages = [page for page in found if page is not None]
    if not pages:
        raise DomoInsightsError(f"{as_email} has no demo.")
    write = summary_page.as_markdown if form is Form.MARKDOWN else _as_file
    typer.echo(write(pages), nl=False)


def _as_file(pages: list[Summary]) -> str:
    return summary_page.as_html(pages, alone=True)
