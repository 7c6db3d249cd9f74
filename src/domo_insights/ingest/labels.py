"""Sentiment, intent and confidence that people or a model gave to stored messages."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, Numeric, Text, Uuid, select, update
from sqlalchemy.types import TypeEngine

from domo_insights.database.doors import ingesting
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.errors import PayloadError
from domo_insights.ingest.body import canonical, decoded
from domo_insights.ingest.fields import Fields, number_or_none
from domo_insights.ingest.files import Progress, Rejection, batches_of
from domo_insights.ingest.lines import Line, lines_of
from domo_insights.ingest.parameters import asked
from domo_insights.ingest.rows import lock

_KINDS: Final[Mapping[str, TypeEngine[Any]]] = {
    "sentiment": Text(),
    "intent": Text(),
    "confidence": Numeric(),
}
Key = tuple[str, str]
Labels = dict[str, Any]


@dataclass(slots=True)
class Labelling:
    """What reading label files came to: read = labelled + unlabelled + unknown + rejected.

    unlabelled: of a message that is there, but saying that it has no label.
    """

    read: int = 0
    labelled: int = 0
    unlabelled: int = 0
    unknown: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    stopped: bool = False

    def counts(self) -> dict[str, int]:
        return {
            "read": self.read,
            "labelled": self.labelled,
            "unlabelled": self.unlabelled,
            "unknown": self.unknown,
            "rejected": len(self.rejections),
        }


def label_files(
    engine: Engine,
    names: Iterable[str],
    *,
    progress: Progress | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> Labelling:
    """Put the labels of the files on their messages, a batch in a transaction.

    A label that is null takes the message's label away; one that is not named leaves it alone.
    Raises: DatabaseError.
    """
    outcome = Labelling()
    for name in names:
        for batch in batches_of(lines_of(name)):
            if stopping():
                outcome.stopped = True
                return outcome
            given = _readable(outcome, name, batch)
            with ingesting(engine) as conn:
                known = label(conn, given)
            for key, labels in given:
                outcome.unknown += key not in known
                if key in known:
                    found = any(value is not None for value in labels.values())
                    outcome.labelled += found
                    outcome.unlabelled += not found
            for line in batch:
                if progress:
                    progress(line)
    return outcome


def label(conn: Connection, given: Iterable[tuple[Key, Labels]]) -> set[Key]:
    """Put labels on messages by (conversation_id, message_id); answers the keys that are there.

    Where a question and its answer have the same id, it is the question that is meant.
    """
    wanted: dict[Key, Labels] = {}
    for key, labels in given:
        wanted.setdefault(key, {}).update(labels)
    if not wanted:
        return set()
    lock(conn, sorted({conversation for conversation, _ in wanted}))
    rows = _rows(conn, list(wanted))
    groups: dict[tuple[str, ...], list[Key]] = {}
    for key in rows:
        groups.setdefault(tuple(sorted(wanted[key])), []).append(key)
    for names, keys in groups.items():
        columns = {name: (_KINDS[name], [wanted[key][name] for key in keys]) for name in names}
        batch = asked(row=(Uuid(), [rows[key] for key in keys]), **columns)
        conn.execute(
            update(messages)
            .where(messages.c.id == batch.c.row)
            .values(label_source="file", **{name: batch.c[name] for name in names})
        )
    return set(rows)


def _rows(conn: Connection, keys: list[Key]) -> dict[Key, UUID]:
    batch = asked(
        conversation=(Text(), [conversation for conversation, _ in keys]),
        message=(Text(), [message for _, message in keys]),
    )
    statement = (
        select(messages.c.conversation_id, messages.c.message_id, messages.c.id)
        .join(
            batch,
            (messages.c.conversation_id == batch.c.conversation)
            & (messages.c.message_id == batch.c.message),
        )
        .order_by(messages.c.role == "user")
    )
    return {(row.conversation_id, row.message_id): row.id for row in conn.execute(statement)}


def _readable(outcome: Labelling, name: str, batch: Iterable[Line]) -> list[tuple[Key, Labels]]:
    given: list[tuple[Key, Labels]] = []
    for line in batch:
        outcome.read += 1
        try:
            given.append(_labels(line))
        except PayloadError as problem:
            outcome.rejections.append(Rejection(name, line.number, str(problem)))
    return given


def _labels(line: Line) -> tuple[Key, Labels]:
    if line.fault is not None:
        raise PayloadError(line.fault)
    raw = decoded(line.body)
    if not isinstance(raw, dict):
        raise PayloadError("The line is not a JSON object.")
    canonical(raw)
    fields = Fields(raw)
    key = fields.name("conversation_id"), fields.name("message_id")
    labels: Labels = {n: fields.text_or_none(n) for n in ("sentiment", "intent") if n in raw}
    if "confidence" in raw:
        labels["confidence"] = number_or_none(raw["confidence"], "confidence")
    if not labels:
        raise PayloadError("The line has none of sentiment, intent, confidence.")
    return key, labels
