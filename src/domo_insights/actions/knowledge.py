"""Writing knowledge: questions with their answers, in the owner's name.

A text is embedded before it is stored, outside the transaction. When the model fails, the text is
kept without an embedding and the answer says why; `embed_missing` makes up for it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, Select, delete, func, insert, select, update

from domo_insights.database.doors import editing, reading
from domo_insights.database.tables import audit_logs
from domo_insights.database.tables import knowledge_chunks as chunks
from domo_insights.embedding import Vectors, chunk_text, default_model, embedder_for, is_known
from domo_insights.errors import ConflictingDataError, DomoInsightsError, NotAllowedError
from domo_insights.viewer import Viewer

LONGEST: Final = 20_000
SOURCE: Final = "Written in Domo Insights"
_TEXTS: Final = ("content", "question", "answer", "source")


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a text. `problem` says why a search by meaning cannot find it yet."""

    chunk_id: UUID
    problem: str = ""


def save(
    engine: Engine, viewer: Viewer, demo_id: UUID, question: str, answer: str, source: str = SOURCE
) -> Saved:
    """A new chunk, searchable at once. Raises: DomoInsightsError for words that are missing or too
    many, NotAllowedError, DatabaseError."""
    words = _words(question, answer, source)
    with reading(engine, viewer) as conn:
        model = _model_of(conn, demo_id)
    embedding, problem = _embedding(words, model)
    with editing(engine, viewer) as conn:
        wanted = insert(chunks).values(demo_id=demo_id, **words, **embedding).returning(chunks.c.id)
        return Saved(conn.execute(wanted).scalar_one(), problem)


def edit(
    engine: Engine, viewer: Viewer, chunk_id: UUID, seen: datetime, question: str, answer: str
) -> Saved:
    """Other words for a chunk that was as it is now at `seen`, its updated_at.

    Raises: ConflictingDataError when somebody changed or deleted it since; else as `save`.
    """
    with reading(engine, viewer) as conn:
        demo_id = conn.execute(
            select(chunks.c.demo_id).where(chunks.c.id == chunk_id)
        ).scalar_one_or_none()
        model = _model_of(conn, demo_id) if demo_id else default_model()
    words = _words(question, answer, None)
    del words["source"]
    embedding, problem = _embedding(words, model)
    with editing(engine, viewer) as conn:
        wanted = update(chunks).where(chunks.c.id == chunk_id, chunks.c.updated_at == seen)
        if not conn.execute(wanted.values(**words, **embedding)).rowcount:
            raise _changed(conn, chunk_id)
    return Saved(chunk_id, problem)


def remove(engine: Engine, viewer: Viewer, chunk_id: UUID, seen: datetime) -> None:
    """Delete a chunk that was as it is now at `seen`. Raises: as `edit`."""
    with editing(engine, viewer) as conn:
        wanted = delete(chunks).where(chunks.c.id == chunk_id, chunks.c.updated_at == seen)
        if not conn.execute(wanted).rowcount:
            raise _changed(conn, chunk_id)


def undo(engine: Engine, viewer: Viewer, audit_id: UUID) -> Saved:
    """Take one logged change of a chunk back, if nobody changed it since.

    Raises: ConflictingDataError, NotAllowedError when the viewer has no such entry.
    """
    with reading(engine, viewer) as conn:
        entry = conn.execute(_logged(audit_id)).mappings().one_or_none()
        if entry is None:
            raise NotAllowedError("There is no such change of your knowledge.")
        model = _model_of(conn, entry["demo_id"])
    old, new, chunk_id = entry["old_values"], entry["new_values"], entry["record_id"]
    embedding, problem = _embedding(old, model) if old else ({}, "")
    with editing(engine, viewer) as conn:
        now = conn.execute(_stored(chunk_id)).mappings().one_or_none()
        if _texts(now) != _texts(new):
            raise _changed(conn, chunk_id)
        if old is None:
            conn.execute(delete(chunks).where(chunks.c.id == chunk_id))
        elif new is None:
            again = insert(chunks).values(
                id=chunk_id,
                demo_id=entry["demo_id"],
                created_at=datetime.fromisoformat(old["created_at"]),
                **{name: old.get(name) for name in _TEXTS},
                **embedding,
            )
            conn.execute(again)
        else:
            back = {name: old.get(name) for name in _TEXTS} | embedding
            conn.execute(update(chunks).where(chunks.c.id == chunk_id).values(**back))
    return Saved(chunk_id, problem)


def _words(question: str, answer: str, source: str | None) -> dict[str, Any]:
    asked, said = (_clean(text) for text in (question, answer))
    if not asked or not said:
        raise DomoInsightsError("A question and an answer are both needed.", hint="Write both.")
    if max(len(asked), len(said)) > LONGEST:
        raise DomoInsightsError(
            f"At most {LONGEST:,} characters fit into a question or an answer.",
            hint="Make several chunks of it: shorter ones are also found better.",
        )
    return {
        "question": asked,
        "answer": said,
        "content": f"{asked}\n{said}",
        "source": _clean(source or "") or None,
    }


def _clean(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "ignore").decode().strip()


def _model_of(conn: Connection, demo_id: UUID) -> str:
    """The model most of the demo's chunks have: vectors of two models do not compare."""
    statement = (
        select(chunks.c.embedding_model)
        .where(chunks.c.demo_id == demo_id, chunks.c.embedding_model.is_not(None))
        .group_by(chunks.c.embedding_model)
        .order_by(func.count().desc(), chunks.c.embedding_model)
    )
    known = [name for name in conn.execute(statement).scalars() if is_known(name)]
    return known[0] if known else default_model()


def _embedding(words: Any, model: str) -> tuple[dict[str, Any], str]:
    """The columns of an embedding, or empty ones and why."""
    text = chunk_text(words["content"], words.get("question"), words.get("answer"))
    try:
        vectors: Vectors = embedder_for(model).embed([text])
    except DomoInsightsError as problem:
        return {"vector_embedding": None, "embedding_model": None}, f"{problem} {problem.hint}"
    return {"vector_embedding": vectors[0], "embedding_model": model}, ""


def _logged(audit_id: UUID) -> Select[Any]:
    return select(
        *(audit_logs.c[c] for c in ("demo_id", "record_id", "old_values", "new_values"))
    ).where(
        audit_logs.c.id == audit_id,
        audit_logs.c.table_name == chunks.name,
        audit_logs.c.record_id.is_not(None),
    )


def _stored(chunk_id: UUID) -> Select[Any]:
    return select(*(chunks.c[name] for name in _TEXTS)).where(chunks.c.id == chunk_id)


def _texts(row: Any) -> tuple[Any, ...] | None:
    return tuple(row.get(name) for name in _TEXTS) if row is not None else None


def _changed(conn: Connection, chunk_id: UUID) -> ConflictingDataError:
    if conn.execute(_stored(chunk_id)).first() is None:
        return ConflictingDataError(
            "This chunk is no longer there.", hint="Somebody deleted it. Keep your words elsewhere."
        )
    return ConflictingDataError(
        "Somebody changed this chunk since you opened it. Nothing was overwritten.",
        hint="Reload to see what it says now, then decide again.",
    )
