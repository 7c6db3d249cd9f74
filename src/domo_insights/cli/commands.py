"""Which module holds which command. Each has `register(app)`, so that none knows another."""

from importlib import import_module
from typing import Final

import typer

MODULES: Final = {
    "cli.up": ("up",),
    "cli.users": ("users",),
    "cli.database": ("migrate", "doctor"),
    "cli.refresh": ("refresh",),
    "cli.ingest": ("ingest", "label", "webhook-url"),
    "cli.query": ("query",),
    "cli.knowledge": ("embed", "search"),
    "cli.evaluate": ("evaluate",),
    "cli.replay": ("replay",),
    "cli.digest": ("digest",),
    "cli.archives": ("export", "import"),
    "cli.retention": ("retention", "erase"),
    "cli.backups": ("backup", "restore"),
    # It runs the pages, which the command line may not know: found by name, not imported.
    "bench.command": ("bench",),
}


def register(app: typer.Typer, asked: str | None = None) -> None:
    """Add every command to `app`; where `asked` is one of them, those of its module alone, since
    loading the others takes longer than most commands run."""
    holding = [module for module, names in MODULES.items() if asked in names]
    for module in holding or MODULES:
        import_module(f"domo_insights.{module}").register(app)
