"""Demos for personas that nobody has: how a file of somebody's conversations finds its owner."""

import re
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Engine, Text, Uuid, column, func, insert, select, table

from domo_insights.database.failures import translated
from domo_insights.database.tables import demos
from domo_insights.errors import UnknownNameError

_users: Final = table("users", column("id", Uuid), column("email", Text), schema="auth")
_PREFIX: Final = re.compile(r"^p(?:ersona)?[-_]+", re.IGNORECASE)


def owner_of(admin: Engine, email: str) -> UUID:
    """The user with this address. Raises: UnknownNameError where there is none, DatabaseError."""
    same = func.lower(_users.c.email) == email.strip().lower()
    with translated(), admin.connect() as conn:
        found = conn.scalar(select(_users.c.id).where(same).limit(1))
    if found is None:
        raise UnknownNameError(
            f"Nobody has the address {email}.", hint="Add them with `domo-insights users add`."
        )
    return UUID(str(found))


def adopt(admin: Engine, owner: UUID, personas: set[str]) -> int:
    """Make a draft demo of `owner` for each of `personas` that no demo has; how many were made.

    Raises: DatabaseError.
    """
    with translated(), admin.begin() as conn:
        # Two at once would make two demos of one persona, and then it would map nothing.
        conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("personas", 0))))
        taken = conn.scalars(
            select(demos.c.tavus_persona_id).where(demos.c.tavus_persona_id.in_(personas))
        )
        new = [
            {"id": uuid4(), "user_id": owner, "name": name_of(p), "tavus_persona_id": p}
            for p in sorted(personas - set(taken))
        ]
        if new:
            conn.execute(insert(demos).values(status="draft"), new)
    return len(new)


def name_of(persona: str) -> str:
    """A demo's name out of a persona's id: `p-ride_sharing` is "Ride sharing"."""
    words = re.sub(r"[-_\s]+", " ", _PREFIX.sub("", persona)).strip()
    return (words[:1].upper() + words[1:]) or persona
