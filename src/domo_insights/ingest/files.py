"""Files of callbacks into the database: in batches, each one transaction, in the file's order."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Engine

from domo_insights.database.doors import ingesting
from domo_insights.errors import PayloadError
from domo_insights.ingest import rows
from domo_insights.ingest.lines import Line, lines_of
from domo_insights.ingest.payload import JOINED, parse
from domo_insights.ingest.store import Received, Stored
from domo_insights.ingest.together import settle_patiently

BATCH: Final = 500
_BATCH_BYTES: Final = 8_000_000


@dataclass(frozen=True, slots=True)
class Rejection:
    """A line that was not stored, and why."""

    file: str
    line: int
    reason: str


@dataclass(slots=True)
class Outcome:
    """What reading files came to. `read` counts lines that are not blank."""

    read: int = 0
    stored: Stored = field(default_factory=Stored)
    rejections: list[Rejection] = field(default_factory=list)
    stopped: bool = False

    def counts(self) -> dict[str, int]:
        erased = {"erased": self.stored.erased} if self.stored.erased else {}
        return {
            "read": self.read,
            "stored": self.stored.stored,
            "duplicates": self.stored.duplicates,
            "rejected": len(self.rejections),
            "conversations": self.stored.conversations,
            "messages": self.stored.messages,
            **erased,
        }


Progress = Callable[[Line], None]


def ingest_files(
    engine: Engine,
    names: Iterable[str],
    *,
    progress: Progress | None = None,
    stopping: Callable[[], bool] = lambda: False,
    meet: Callable[[set[str]], None] | None = None,
) -> Outcome:
    """Store every callback of the files. What is stored stays, whatever happens later, and the
    same file again adds what is missing.

    progress: called for each line that is done with.
    stopping: asked before each batch whether to leave it.
    meet: called before a batch is stored with the personas that join in it.
    Raises: DatabaseError.
    """
    outcome = Outcome()
    for name in names:
        for batch in batches_of(lines_of(name)):
            if stopping():
                outcome.stopped = True
                return outcome
            keep = _readable(engine, outcome, name, batch)
            if meet and (personas := _personas(keep)):
                meet(personas)
            if keep:
                outcome.stored += settle_patiently(engine, keep)[0]
            for line in batch:
                if progress:
                    progress(line)
    return outcome


def batches_of(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """Lines as many at a time as one transaction takes."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line.body)
        if len(batch) >= BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _personas(received: Iterable[Received]) -> set[str]:
    joined = (r.callback for r in received if r.callback.event_type == JOINED)
    return {str(p) for callback in joined if (p := callback.properties.get("persona_id"))}


def _readable(engine: Engine, outcome: Outcome, name: str, batch: Iterable[Line]) -> list[Received]:
    """What of a batch can be stored; the rest goes to the rejections.

    An operator reads the file, so a callback may name its demo, if there is one.
    """
    received: list[tuple[int, Received]] = []
    before = len(outcome.rejections)
    for line in batch:
        outcome.read += 1
        try:
            if line.fault is not None:
                raise PayloadError(line.fault)
            item = Received(parse(line.body), via="file", trusted=True)
            _ = item.claim
            received.append((line.number, item))
        except PayloadError as problem:
            outcome.rejections.append(Rejection(name, line.number, str(problem)))
    missing = {claim[1] for _, item in received if (claim := item.claim)}
    if missing:
        with ingesting(engine) as conn:
            missing -= rows.known_demos(conn, missing)
    keep: list[Received] = []
    for number, item in received:
        if (claim := item.claim) and claim[1] in missing:
            outcome.rejections.append(Rejection(name, number, f"There is no demo {claim[1]}."))
        else:
            keep.append(item)
    outcome.rejections[before:] = sorted(outcome.rejections[before:], key=lambda r: r.line)
    return keep
