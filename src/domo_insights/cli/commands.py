"""Which module holds which command. Each has `register(app)`, so that none knows another."""

from importlib import import_module
from typing import Final

import typer

MODULES: Final = (
    "cli.up",
    "cli.users",
    "cli.database",
    "cli.ingest",
    "cli.query",
    "cli.knowledge",
    "cli.evaluate",
    "cli.replay",
    "cli.digest",
    "cli.archives",
    "cli.retention",
    "cli.backups",
    # It runs the pages, which the command line may not know: found by name, not imported.
    "bench.command",
)


def register(app: typer.Typer) -> None:
    """Add every command to `app`."""
    for name in MODULES:
        import_module(f"domo_insights.{name}").register(app)
