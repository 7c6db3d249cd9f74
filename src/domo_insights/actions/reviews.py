"""What an owner notes beside a conversation: that somebody read it, and a few words."""

from datetime import datetime

from sqlalchemy import Connection, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from domo_insights.database.tables import conversation_map
from domo_insights.database.tables_kept import reviews
from domo_insights.errors import NotAllowedError

LONGEST_NOTE = 2000


def review(
    conn: Connection, conversation_id: str, *, reviewed_at: datetime | None, note: str
) -> None:
    """Keep that the conversation was read at `reviewed_at` (None: not yet), with a note.

    Raises: NotAllowedError when the viewer has no such conversation, DatabaseError.
    """
    words = note.replace("\x00", "").strip()[:LONGEST_NOTE]
    known = select(
        conversation_map.c.demo_id,
        conversation_map.c.conversation_id,
        literal(reviewed_at, reviews.c.reviewed_at.type),
        literal(words),
    ).where(conversation_map.c.conversation_id == conversation_id)
    wanted = insert(reviews).from_select(
        ["demo_id", "conversation_id", "reviewed_at", "note"], known, include_defaults=False
    )
    kept = conn.execute(
        wanted.on_conflict_do_update(
            index_elements=[reviews.c.demo_id, reviews.c.conversation_id],
            set_={
                "reviewed_at": wanted.excluded.reviewed_at,
                "note": wanted.excluded.note,
                "updated_at": func.now(),
            },
        ).returning(reviews.c.conversation_id)
    )
    if kept.first() is None:
        raise NotAllowedError("You have no conversation with this id.", hint="Reload the page.")
