"""Labels for messages that came without: sentiment by a lexicon, intent by the nearest example.

Only what is NULL is filled. Sentiment is that of `feelings`, for English; other languages come out
as neutral. An intent is that of the most similar labelled message of the same demo, if it is
similar enough, and its confidence is that similarity. Nothing is learnt across owners.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import numpy as np
from sqlalchemy import (
    Connection,
    Engine,
    Float,
    Text,
    Uuid,
    case,
    func,
    or_,
    select,
    update,
)

from domo_insights.database.doors import ingesting
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.embedding import embedder_for
from domo_insights.embedding.protocol import Vectors
from domo_insights.ingest.feelings import sentiment_of
from domo_insights.ingest.parameters import asked
from domo_insights.ingest.rows import lock

BATCH: Final = 500
EXAMPLES: Final = 400
"""Labelled texts of a demo that are looked at, the newest of them."""
NEAR: Final = 0.55
"""The cosine similarity from which a message counts as meaning the same as an example."""
_LONGEST: Final = 2000


@dataclass(slots=True)
class LocalLabelling:
    """What labelling came to: messages looked at, and how many got which label."""

    read: int = 0
    sentiments: int = 0
    intents: int = 0
    stopped: bool = False
    rejections: tuple[()] = ()

    def counts(self) -> dict[str, int]:
        return {"read": self.read, "sentiments": self.sentiments, "intents": self.intents}


def label_all(
    engine: Engine,
    *,
    progress: Callable[[int], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
) -> LocalLabelling:
    """Fill the missing labels of every visitor's message, a batch in a transaction.

    Raises: DatabaseError, EmbeddingError.
    """
    outcome, after = LocalLabelling(), UUID(int=0)
    while True:
        if stopping():
            outcome.stopped = True
            return outcome
        with ingesting(engine) as conn:
            rows = _unlabelled(conn, messages.c.id > after)
            lock(conn, sorted({row.conversation_id for row in rows}))
            _fill(conn, rows, outcome)
        if not rows:
            return outcome
        after = rows[-1].id
        progress(outcome.read)


def label_conversations(conn: Connection, conversations: Sequence[str]) -> LocalLabelling:
    """The same for some conversations, on a connection of `ingesting` that holds their locks."""
    outcome = LocalLabelling()
    rows = _unlabelled(conn, messages.c.conversation_id.in_(list(conversations)))
    _fill(conn, rows, outcome)
    return outcome


def intents_of(
    said: Sequence[str], examples: Sequence[tuple[str, str]]
) -> list[tuple[str, float] | None]:
    """The intent of the nearest example (text, intent) for each text, with the similarity.

    Raises: EmbeddingError.
    """
    if not examples or not said:
        return [None] * len(said)
    near = _vectors(said) @ _vectors([text for text, _ in examples]).T
    best = near.argmax(axis=1)
    return [
        (examples[int(at)][1], float(near[n, at])) if near[n, at] >= NEAR else None
        for n, at in enumerate(best)
    ]


def _vectors(texts: Sequence[str]) -> Vectors:
    return np.stack([_vector(text[:_LONGEST]) for text in texts])


@lru_cache(maxsize=8192)
def _vector(text: str) -> Any:
    return embedder_for("local").embed([text])[0]


def _unlabelled(conn: Connection, which: Any) -> Sequence[Any]:
    statement = (
        select(messages.c.id, messages.c.conversation_id, messages.c.demo_id, messages.c.content,
               messages.c.sentiment, messages.c.intent)
        .where(
            which,
            messages.c.role == "user",
            func.btrim(messages.c.content) != "",
            or_(messages.c.sentiment.is_(None), messages.c.intent.is_(None)),
        )
        .order_by(messages.c.id)
        .limit(BATCH)
    )  # fmt: skip
    return conn.execute(statement).all()


def _examples(conn: Connection, demo_id: UUID) -> list[tuple[str, str]]:
    """Labelled texts of a demo; those that others labelled come before those labelled here."""
    here = case((messages.c.label_source == "local", 1), else_=0)
    statement = (
        select(messages.c.content, messages.c.intent)
        .where(
            messages.c.demo_id == demo_id,
            messages.c.role == "user",
            func.btrim(messages.c.intent) != "",
            func.btrim(messages.c.content) != "",
        )
        .order_by(here, messages.c.occurred_at.desc(), messages.c.id)
        .limit(EXAMPLES)
    )
    return [(row.content, row.intent) for row in conn.execute(statement)]


def _fill(conn: Connection, rows: Sequence[Any], outcome: LocalLabelling) -> None:
    outcome.read += len(rows)
    felt = {row.id: sentiment_of(row.content) for row in rows if row.sentiment is None}
    meant: dict[UUID, tuple[str, float]] = {}
    for demo_id in {row.demo_id for row in rows if row.intent is None and row.demo_id}:
        these = [row for row in rows if row.demo_id == demo_id and row.intent is None]
        found = intents_of([row.content for row in these], _examples(conn, demo_id))
        meant |= {row.id: one for row, one in zip(these, found, strict=True) if one}
    labelled = [row.id for row in rows if row.id in felt or row.id in meant]
    outcome.sentiments += len(felt)
    outcome.intents += len(meant)
    if not labelled:
        return
    batch = asked(
        row=(Uuid(), labelled),
        sentiment=(Text(), [felt.get(key) for key in labelled]),
        intent=(Text(), [meant[key][0] if key in meant else None for key in labelled]),
        confidence=(
            Float(), [round(min(meant[key][1], 1.0), 2) if key in meant else None
                      for key in labelled]
        ),
    )  # fmt: skip
    conn.execute(
        update(messages)
        .where(messages.c.id == batch.c.row)
        .values(
            label_source="local",
            sentiment=func.coalesce(messages.c.sentiment, batch.c.sentiment),
            intent=func.coalesce(messages.c.intent, batch.c.intent),
            confidence=func.coalesce(messages.c.confidence, batch.c.confidence),
        )
    )
