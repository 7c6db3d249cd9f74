"""Who looks at the pages of the scratch database, and how they come in."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import bcrypt
from sqlalchemy import Engine, func, select, update

from domo_insights.auth import cookies as jar
from domo_insights.auth import service, web_sessions
from domo_insights.database.doors import reading
from domo_insights.database.tables import conversation_map, demos
from domo_insights.local.auth_tables import users
from domo_insights.viewer import Viewer

PRODUCT: Final = "product team"


@dataclass(frozen=True, slots=True)
class Person:
    """A viewer of the bench: who they are to it, and how many conversations they have."""

    label: str
    viewer: Viewer
    conversations: int


def people(superuser: Engine) -> list[Person]:
    """The heaviest owner, one with about a tenth of that, a median one, and the product team."""
    count = func.count().label("conversations")
    per_owner = (
        select(demos.c.user_id, count)
        .join(conversation_map, conversation_map.c.demo_id == demos.c.id)
        .group_by(demos.c.user_id)
        .order_by(count.desc(), demos.c.user_id)
    )
    role = users.c.raw_app_meta_data["role"].astext
    with superuser.connect() as conn:
        rows = conn.execute(per_owner).all()
        product = conn.scalar(select(users.c.id).where(role == "product_team"))
        email = {row.id: row.email for row in conn.execute(select(users.c.id, users.c.email))}
    heaviest, median = rows[0], rows[len(rows) // 2]
    tenth = min(rows, key=lambda row: abs(row.conversations - heaviest.conversations / 10))
    found = [
        Person(label, Viewer(row.user_id, email[row.user_id]), row.conversations)
        for label, row in (("heaviest", heaviest), ("tenth", tenth), ("median", median))
    ]
    everything = sum(row.conversations for row in rows)
    team = Viewer(product or UUID(int=0), email.get(product, ""), product_team=True)
    return [*found, Person(PRODUCT, team, everything)]


def owners(superuser: Engine, count: int) -> list[Viewer]:
    """`count` different owners, as they come."""
    known = select(demos.c.user_id).distinct().order_by(demos.c.user_id).limit(count)
    asked = select(users.c.id, users.c.email).where(users.c.id.in_(known))
    with superuser.connect() as conn:
        return [Viewer(row.id, row.email) for row in conn.execute(asked)]


def largest_demo(engine: Engine, owner: Viewer) -> UUID:
    """The demo of `owner` with the most conversations."""
    count = select(conversation_map.c.demo_id).group_by(conversation_map.c.demo_id)
    with reading(engine, owner) as conn:
        found = conn.execute(count.order_by(func.count().desc()).limit(1)).scalar_one()
    return UUID(str(found))


def sign_in(superuser: Engine, viewers: Sequence[Viewer]) -> list[dict[str, str]]:
    """The cookies of a new browser session of each of `viewers`, signed in as people are.

    They get a new password for it, which is forgotten at once.
    """
    password = secrets.token_urlsafe(16)
    stored = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    chosen = users.c.id.in_([viewer.user_id for viewer in viewers])
    with superuser.begin() as conn:
        conn.execute(update(users).where(chosen).values(encrypted_password=stored))
    return [
        {jar.SESSION: web_sessions.start(service.sign_in(viewer.email, password))}
        for viewer in viewers
    ]
