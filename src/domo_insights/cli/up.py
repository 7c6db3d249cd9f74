"""`domo-insights up`: the embedded default and the dashboard over it, in one process."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from domo_insights import settings
from domo_insights.cli import talk
from domo_insights.cli.context import DataDir, ends_in_order
from domo_insights.cli.serving import is_loopback, listen, serve
from domo_insights.errors import EmbeddedError, WrongUseError
from domo_insights.local import stack
from domo_insights.local.cluster import make_private
from domo_insights.local.locks import FileLock
from domo_insights.local.users import sample_logins


def register(app: typer.Typer) -> None:
    app.command()(up)


def up(
    data_dir: DataDir = None,
    address: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any.", min=0, max=65535)] = 8501,
    empty: Annotated[
        bool, typer.Option("--empty", help="No sample users and no sample data.")
    ] = False,
    sign_up: Annotated[
        bool,
        typer.Option("--sign-up", help="Let people make accounts; the mails come to the terminal."),
    ] = False,
) -> None:
    """Start everything and serve the dashboard until Ctrl-C."""
    # Ctrl-C too: a shell that starts it in the background lets it ignore that.
    signals = (signal.SIGINT, signal.SIGTERM)
    with ends_in_order(0, signals=signals), ExitStack() as leaving:
        found = settings.current()
        if data_dir is None and found.hosted:
            if sign_up:
                raise WrongUseError(
                    "A hosted project says itself whether people may make accounts.",
                    hint="Switch it on there: Authentication, Sign-in providers.",
                )
            listener = leaving.enter_context(listen(address, port))
            serve(listener, lambda at: typer.echo(f"Domo Insights is at {at}"))
            return
        folder = (data_dir or found.insights_data_dir).expanduser().resolve()
        _refuse_open_samples(folder, address, empty=empty)
        lock = leaving.enter_context(_only_one(folder))
        listener = leaving.enter_context(listen(address, port))
        lock.write(json.dumps({"pid": os.getpid(), "address": listener.url}))
        embedded = leaving.enter_context(
            stack.running(folder, sample=not empty, sign_up=sign_up, progress=_say)
        )
        embedded.server.watch()
        lines = _who_signs_in(embedded, listener.url if sign_up else None)
        serve(listener, lambda at: typer.echo("\n".join([f"Domo Insights is at {at}", *lines])))


@contextmanager
def _only_one(folder: Path) -> Iterator[FileLock]:
    make_private(folder)
    lock = FileLock(folder / "up.lock")
    if not lock.try_alone():
        try:
            held = json.loads(lock.read())
            who = f"at {held['address']} by process {held['pid']}"
        except (ValueError, KeyError):
            who = "by a process that is just starting"
        raise EmbeddedError(
            f"{folder} is served already, {who}.",
            hint="Open that address, end that process, or choose another --data-dir.",
        )
    try:
        lock.write("")
        yield lock
    finally:
        lock.release()


def _refuse_open_samples(folder: Path, address: str, *, empty: bool) -> None:
    if is_loopback(address):
        return
    if sample_logins(folder):
        raise WrongUseError(
            f"{folder} has sample users, and {address} is open to other machines.",
            hint="Use a folder without them: --data-dir DIR --empty.",
        )
    if not empty:
        raise WrongUseError(
            f"Sample users would be made, and {address} is open to other machines.",
            hint="Add --empty, then `domo-insights users add`.",
        )


def _say(line: str) -> None:
    talk.print(line, soft_wrap=True, markup=False)


def _who_signs_in(embedded: stack.Stack, sign_up_at: str | None) -> list[str]:
    """What `up` prints below its address."""
    lines = [f"  {one.email}  password {one.password}  ({one.what})" for one in embedded.logins]
    if sign_up_at:
        lines.append(f"  New accounts: {sign_up_at}/sign-in/new, confirmed by a mail shown here")
    elif not lines and not embedded.has_users():
        lines.append("  Nobody can sign in yet: domo-insights users add EMAIL --password-stdin")
    return lines
