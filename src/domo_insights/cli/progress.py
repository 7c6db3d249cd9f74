"""How far a command is, for people only."""

from collections.abc import Callable

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from domo_insights.cli import talk


def progress_bar() -> Progress:
    """A bar on standard error; nothing is drawn where nobody looks."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=talk, transient=True, disable=not talk.is_terminal,
    )  # fmt: skip


def shown_on(bar: Progress) -> Callable[[str, int, int], None]:
    """What a long job tells of its steps, a line of the bar for each."""
    tasks: dict[str, TaskID] = {}

    def told(what: str, done: int, of: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(what)
        bar.update(tasks[what], completed=done, total=of)

    return told
