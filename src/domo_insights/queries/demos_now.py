"""What demos are made of at this moment: how many are published, their videos, their knowledge."""

from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection, func, select, true

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import demo_videos, demos, knowledge_chunks
from domo_insights.database.tables_kept import chunk_counts
from domo_insights.period import Period

KPIS: Final[Columns] = {
    "demos": "int64",
    "demos_published": "int64",
    "videos": "int64",
    "videos_waiting": "int64",
    "chunks": "int64",
    "chunks_without_embedding": "int64",
}
STATE: Final[Columns] = {
    "demo_id": "object",
    "demo": "str",
    "status": "str",
    "videos": "int64",
    "videos_waiting": "int64",
    "chunks": "int64",
    "chunks_without_embedding": "int64",
}
VIDEOS: Final[Columns] = {
    "number": "int64",
    "title": "str",
    "status": "str",
    "duration_seconds": "Int64",
    "updated_at": "datetime64[us, UTC]",
    "storage_url": "str",
    "transcript": "object",
}
SOURCES: Final[Columns] = {
    "source": "object",
    "chunks": "int64",
    "with_question": "int64",
    "last_edit": "datetime64[us, UTC]",
}
PERSONA: Final[Columns] = {
    "demo": "str",
    "status": "str",
    "published_url": "object",
    "created_at": "datetime64[us, UTC]",
    "persona_id": "object",
    "agent_name": "object",
    "agent_personality": "object",
    "agent_greeting": "object",
    "cta_text": "object",
    "cta_link": "object",
}


def kpis(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """All of it in one row, as it is now, whatever the period.

    Columns: demos, demos_published; videos, videos_waiting (failed or pending); chunks,
    chunks_without_embedding. Source: demos, demo_videos, knowledge_chunks. Raises: DatabaseError.
    """
    found = state(conn, demo_id)
    row = {name: int(found[name].sum()) for name in KPIS if name in found}
    row |= {"demos": len(found), "demos_published": int((found["status"] == "published").sum())}
    return pd.DataFrame([row], columns=list(KPIS)).astype(dict(KPIS))


def state(conn: Connection, demo_id: UUID | None = None) -> pd.DataFrame:
    """One row per demo, by name: status, and the counts of `kpis`. Raises: DatabaseError."""
    videos = (
        select(
            demo_videos.c.demo_id,
            func.count().label("videos"),
            func.count()
            .filter(demo_videos.c.processing_status.in_(["failed", "pending"]))
            .label("videos_waiting"),
        )
        .group_by(demo_videos.c.demo_id)
        .subquery("videos")
    )
    statement = (
        select(
            demos.c.id.label("demo_id"),
            demos.c.name.label("demo"),
            demos.c.status,
            func.coalesce(videos.c.videos, 0).label("videos"),
            func.coalesce(videos.c.videos_waiting, 0).label("videos_waiting"),
            func.coalesce(chunk_counts.c.chunks, 0).label("chunks"),
            func.coalesce(chunk_counts.c.without_embedding, 0).label("chunks_without_embedding"),
        )
        .outerjoin(videos, videos.c.demo_id == demos.c.id)
        .outerjoin(chunk_counts, chunk_counts.c.demo_id == demos.c.id)
        .where(demos.c.id == demo_id if demo_id else true())
        .order_by(func.lower(demos.c.name), demos.c.id)
    )
    return read_frame(conn, statement, STATE)


def videos(conn: Connection, demo_id: UUID) -> pd.DataFrame:
    """The videos of a demo, in order: number (from 0), title, status, duration_seconds, updated_at,
    storage_url, transcript.

    The product team may not run it. Raises: NotAllowedError, DatabaseError.
    """
    statement = (
        select(
            demo_videos.c.order_index.label("number"),
            demo_videos.c.title,
            demo_videos.c.processing_status.label("status"),
            demo_videos.c.duration_seconds,
            demo_videos.c.updated_at,
            demo_videos.c.storage_url,
            demo_videos.c.transcript,
        )
        .where(demo_videos.c.demo_id == demo_id)
        .order_by(demo_videos.c.order_index, demo_videos.c.id)
    )
    return read_frame(conn, statement, VIDEOS)


def sources(conn: Connection, demo_id: UUID) -> pd.DataFrame:
    """The knowledge of a demo by source, the largest first: source (missing where none is named),
    chunks, with_question, last_edit.

    The product team may not run it. Raises: NotAllowedError, DatabaseError.
    """
    source = func.nullif(func.btrim(knowledge_chunks.c.source), "")
    statement = (
        select(
            source.label("source"),
            func.count().label("chunks"),
            func.count(func.nullif(func.btrim(knowledge_chunks.c.question), "")).label(
                "with_question"
            ),
            func.max(knowledge_chunks.c.updated_at).label("last_edit"),
        )
        .where(knowledge_chunks.c.demo_id == demo_id)
        .group_by(source)
        .order_by(func.count().desc(), source)
    )
    return read_frame(conn, statement, SOURCES)


def persona(conn: Connection, demo_id: UUID) -> pd.DataFrame:
    """How a demo presents itself, in one row, or none if it is not seen: columns see PERSONA.

    The product team may not run it. Raises: NotAllowedError, DatabaseError.
    """
    statement = select(
        demos.c.name.label("demo"),
        demos.c.status,
        demos.c.published_url,
        demos.c.created_at,
        demos.c.tavus_persona_id.label("persona_id"),
        demos.c.agent_name,
        demos.c.agent_personality,
        demos.c.agent_greeting,
        demos.c.cta_text,
        demos.c.cta_link,
    ).where(demos.c.id == demo_id)
    return read_frame(conn, statement, PERSONA)
