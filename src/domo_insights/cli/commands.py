"""Which module holds which command. Each has `register(app)`, so that none knows another."""

from importlib import import_module
from typing import Final

import typer

MODULES: Final = ("up", "users", "database", "ingest", "query", "knowledge", "evaluate", "digest")


def register(app: typer.Typer) -> None:
    """Add every command to `app`."""
    for name in MODULES:
        import_module(f"domo_insights.cli.{name}").register(app)
