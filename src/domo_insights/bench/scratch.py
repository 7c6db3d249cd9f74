"""The scratch database: an embedded default of its own, filled once, with its users signed in."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from domo_insights.bench.fill import Progress, fill
from domo_insights.database.engine import engine_for
from domo_insights.errors import WrongUseError
from domo_insights.local import stack
from domo_insights.local.cluster import make_private
from domo_insights.local.stack import Stack

MARK: Final = "bench.json"
"""Lies in a folder that a bench made, and in no other."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """A filled scratch database, its server running."""

    stack: Stack

    @property
    def engine(self) -> Engine:
        """Of the login role: what opens the doors."""
        return engine_for(self.stack.login_url)

    @property
    def superuser(self) -> Engine:
        return engine_for(self.stack.superuser_url)


@contextmanager
def scratch(
    folder: Path | None, scale: float, seed: int, *, keep: bool, progress: Progress
) -> Iterator[Scratch]:
    """The scratch database of `folder`, or of a new folder. Unless `keep`, the folder is removed
    in the end; one that was interrupted while it was filled goes on.

    Raises: WrongUseError for a folder that holds something else, EmbeddedError, DatabaseError.
    """
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="domo-insights-bench-"))
        ours = True
    else:
        folder = folder.expanduser().resolve()
        ours = (folder / MARK).exists() or not folder.exists() or not any(folder.iterdir())
    if not ours:
        raise WrongUseError(
            f"{folder} holds something else than a scratch database.",
            hint="Name a new folder, or one that `bench --keep` has left.",
        )
    make_private(folder)
    (folder / MARK).write_text(json.dumps({"scale": scale, "seed": seed}))
    try:
        with stack.running(folder, sample=False) as running:
            made = Scratch(running)
            fill(running.superuser_url, made.engine, scale, seed, progress)
            try:
                yield made
            finally:
                made.superuser.dispose()
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
