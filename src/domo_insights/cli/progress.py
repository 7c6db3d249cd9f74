"""How far a command is, for people only."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from domo_insights.cli import talk


def progress_bar() -> Progress:
    """A bar on standard error; nothing is drawn where nobody looks."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=talk, transient=True, disable=not talk.is_terminal,
    )  # fmt: skip
