"""`domo-insights retention` and `erase`: conversations that are kept no longer."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

import pandas as pd
import typer
from sqlalchemy import Engine, select

from domo_insights.cli import talk
from domo_insights.cli.context import DataDir, database
from domo_insights.cli.options import OneDemo, demo_of
from domo_insights.cli.output import as_table
from domo_insights.cli.progress import progress_bar
from domo_insights.cli.stopping import stopping
from domo_insights.database.engine import engine_for
from domo_insights.database.failures import translated
from domo_insights.database.retention import Held, TakenOut, held_of, older_than, take_out
from domo_insights.database.retention import erase as erase_now
from domo_insights.database.tables import demos

Apply = Annotated[bool, typer.Option("--apply", help="Do it. Without, it is only shown.")]
_NOBODY = "(nobody's)"


def register(app: typer.Typer) -> None:
    app.command()(retention)
    app.command()(erase)


def retention(
    days: Annotated[
        int, typer.Option("--older-than", metavar="DAYS", min=1, help="Days, in UTC, to keep.")
    ],
    demo: OneDemo = None,
    anonymise: Annotated[
        bool,
        typer.Option("--anonymise", help="Keep what is counted; take words, names and ids out."),
    ] = False,
    apply: Apply = False,
    data_dir: DataDir = None,
) -> None:
    """Delete conversations whose last message, event or end is older than so many days.

    Shows what would go and changes nothing, unless --apply is said. Numbers of earlier days stay,
    and pages say from when on there is detail. May be stopped and run again.
    """
    demo_id = demo_of(demo) if demo else None
    before = datetime.combine(datetime.now(UTC).date() - timedelta(days=days), time(0, tzinfo=UTC))
    with database(data_dir) as settings:
        admin = engine_for(settings.secret("database_admin_url"))
        old = older_than(admin, before, demo_id, not_anonymous=anonymise)
        _show(admin, old)
        doing = "made anonymous" if anonymise else "deleted"
        talk.print(f"{len(old):,} conversations ended before {before:%-d %B %Y}, 00:00 UTC.")
        if not apply:
            talk.print(f"Nothing was changed. With --apply they are {doing}, for good.")
            return
        worker = engine_for(settings.secret("database_url"))
        done, stopped = _taken_out(admin, worker, old, before, anonymise)
    talk.print(
        f"{done.conversations:,} conversations {doing}: {done.messages:,} messages,"
        f" {done.events:,} events.",
        soft_wrap=True,
    )
    if stopped:
        talk.print("Stopped; the same again goes on from there.")
        raise typer.Exit(1)


def _taken_out(
    admin: Engine, worker: Engine, old: list[Held], before: datetime, anonymise: bool
) -> tuple[TakenOut, bool]:
    """What went, and whether somebody stopped it before the last one."""
    with stopping() as asked, progress_bar() as bar:
        task = bar.add_task("Retention", total=len(old))
        done = take_out(
            admin, worker, old, before, anonymise=anonymise, stopping=asked,
            progress=lambda n: bar.advance(task, n),
        )  # fmt: skip
        return done, asked()


def erase(
    conversations: Annotated[
        list[str], typer.Argument(metavar="CONVERSATION...", help="Ids of conversations.")
    ],
    apply: Apply = False,
    data_dir: DataDir = None,
) -> None:
    """Erase conversations at their visitors' request, from every table and for good.

    Shows what would go and changes nothing, unless --apply is said. A callback that is delivered
    again brings nothing back. Backups and archives made before still hold them.
    """
    with database(data_dir) as settings:
        admin = engine_for(settings.secret("database_admin_url"))
        _show(admin, held_of(admin, conversations))
        if not apply:
            talk.print("Nothing was changed. With --apply they are erased, for good.")
            return
        done = erase_now(admin, conversations)
    talk.print(
        f"{done.conversations:,} conversations erased: {done.messages:,} messages,"
        f" {done.events:,} events. Backups and archives made before still hold them.",
        soft_wrap=True,
    )


def _show(admin: Engine, held: list[Held]) -> None:
    """What is held, by demo, without a word of it."""
    if not held:
        return
    names = _names(admin)
    counts: dict[str, Counter[str]] = {}
    spans: dict[str, tuple[datetime, datetime]] = {}
    for one in held:
        name = names.get(one.demo_id, _NOBODY) if one.demo_id else _NOBODY
        found = counts.setdefault(name, Counter())
        found.update(conversations=1, messages=one.messages, events=one.events)
        first, last = spans.get(name, (one.first_at, one.last_at))
        spans[name] = min(first, one.first_at), max(last, one.last_at)
    rows = [
        {
            "demo": name,
            **counts[name],
            "first": f"{spans[name][0]:%Y-%m-%d}",
            "last": f"{spans[name][1]:%Y-%m-%d}",
        }
        for name in sorted(counts)
    ]
    typer.echo(as_table(pd.DataFrame(rows)))


def _names(admin: Engine) -> dict[UUID, str]:
    with translated(), admin.connect() as conn:
        return {
            row.id: f"{row.name} · {str(row.id)[:8]}"
            for row in conn.execute(select(demos.c.id, demos.c.name))
        }
