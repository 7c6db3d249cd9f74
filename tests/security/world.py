"""The harness: two owners with data of the same shape, each text and id marked with its owner.

Whoever adds a table, a query, a function or a page names it in `inventory.py` too, or a test fails.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, text

from domo_insights.database.tables import (
    audit_logs,
    custom_objectives,
    delivery_counts,
)
from domo_insights.database.tables_detail import detail_kept
from domo_insights.database.tables_kept import reviews, saved_views
from domo_insights.database.tables_sessions import web_sessions
from domo_insights.viewer import Viewer
from tests.factories import ANA, BEN, NOON, chunk, conversation, demo, event, message, video
from tests.factories_evaluation import evaluation_run, question_set, replay_run

OLDEN = NOON - timedelta(days=900)


@dataclass(frozen=True)
class Estate:
    """What one owner has. `mark` is in every text of theirs."""

    owner: Viewer
    mark: str
    demo_id: UUID
    conversations: tuple[str, ...]
    events: tuple[UUID, ...]
    sets: tuple[UUID, ...] = ()
    runs: tuple[UUID, ...] = ()
    replays: tuple[UUID, ...] = ()

    def is_in(self, value: Any) -> bool:
        """Whether anything of this owner shows in `value`."""
        text = str(value)
        return any(trace in text for trace in self.traces)

    @property
    def traces(self) -> tuple[str, ...]:
        user = self.owner.user_id
        return (self.mark, str(self.demo_id), self.demo_id.hex, str(user), self.owner.email)


def settle(conn: Connection, owner: Viewer, mark: str) -> Estate:
    """Rows of `owner` in every table that has an owner."""
    demo_id = demo(
        conn,
        owner,
        name=f"{mark} demo",
        tavus_persona_id=f"{mark}-persona",
        metadata={"note": mark},
        description=mark,
    )
    video(conn, demo_id, title=f"{mark} video", transcript=mark, order_index=0)
    chunk(conn, demo_id, content=f"{mark} content", question=f"{mark}?", answer=mark)
    conn.execute(insert(custom_objectives).values(demo_id=demo_id, name=f"{mark} objective"))
    spoken = [talk_of(conn, demo_id, mark, n) for n in range(3)]
    talks, events = [talk for talk, _ in spoken], [joined for _, joined in spoken]
    conn.execute(
        insert(delivery_counts).values(
            demo_id=demo_id, bucket=NOON, duplicates=1, conflicts=1, refused=1
        )
    )
    conn.execute(insert(detail_kept).values(demo_id=demo_id, deleted_before=OLDEN))
    keep(conn, owner, mark)
    conn.execute(
        insert(reviews).values(demo_id=demo_id, conversation_id=talks[0], note=f"{mark} note")
    )
    sets, runs, replays = evaluate(conn, demo_id, mark, talks)
    return Estate(owner, mark, demo_id, tuple(talks), tuple(events), sets, runs, replays)


def talk_of(conn: Connection, demo_id: UUID, mark: str, n: int) -> tuple[str, UUID]:
    """One conversation from its first event to its last; its id and the first event's."""
    start = NOON + timedelta(days=n)
    talk = conversation(
        conn,
        demo_id,
        tavus_conversation_id=f"{mark}-talk-{n}",
        conversation_name=f"{mark} visitor",
        started_at=start,
    )
    said = {"mark": mark, "n": n}
    joined = event(conn, talk, "system.replica_joined", start, event_data=said)
    label = {"sentiment": "negative", "intent": f"{mark}_intent", "confidence": 0.9}
    for turn in range(4):
        message(
            conn,
            talk,
            "assistant" if turn % 2 else "user",
            start + timedelta(seconds=10 * turn),
            content=f"{mark} says {turn}",
            message_id=f"{mark}-{n}-{turn}",
            **({} if turn % 2 else label),
        )
    ended = {"mark": mark, "end": n, "properties": {"shutdown_reason": mark}}
    event(conn, talk, "system.shutdown", start + timedelta(minutes=1), event_data=ended)
    return talk, joined


def keep(conn: Connection, owner: Viewer, mark: str) -> None:
    """What is kept for the owner themselves: a browser that is signed in, and a view."""
    conn.execute(
        insert(web_sessions).values(
            id_hash=mark.encode().ljust(32, b"."),
            user_id=owner.user_id,
            email=owner.email,
            product_team=False,
            tokens=b"x",
            csrf="x",
            expires_at=NOON + timedelta(days=900),
        )
    )
    conn.execute(
        insert(saved_views).values(user_id=owner.user_id, name=f"{mark} view", page="overview",
                                   query="period=7d")
    )  # fmt: skip


def evaluate(
    conn: Connection, demo_id: UUID, mark: str, talks: list[str]
) -> tuple[tuple[UUID, ...], tuple[UUID, ...], tuple[UUID, ...]]:
    """A question set with two runs, and two replays; their ids."""
    set_id = question_set(conn, demo_id, (f"{mark} asks", [demo_id]), name=f"{mark} set")
    model = {"model": f"{mark} model", "fingerprint": mark}
    runs = [evaluation_run(conn, demo_id, set_id, [demo_id], **model) for _ in range(2)]
    question = {"question": f"{mark} says this", "wordings": [mark], "conversations": talks}
    replays = [
        replay_run(conn, demo_id, question, **model, ran_at=NOON + timedelta(days=day))
        for day in range(2)
    ]
    return (set_id,), tuple(runs), tuple(replays)


def nobodys(conn: Connection) -> None:
    """Rows that no mapping gives to anybody."""
    message(conn, "nobodys-talk", content="NOBODY says")
    event(conn, "nobodys-talk", event_data={"mark": "NOBODY"})


def found_in(estate: Estate, rows: Iterable[Any]) -> list[Any]:
    """Those of `rows` in which something of `estate` shows."""
    return [row for row in rows if estate.is_in(row)]


def audit_everything(conn: Connection, estate: Estate) -> None:
    """A trace of the owner in the audit log that names no demo."""
    conn.execute(
        insert(audit_logs).values(
            user_id=estate.owner.user_id,
            action="sign_in",
            table_name="web_sessions",
            new_values={"mark": estate.mark},
        )
    )


@dataclass(frozen=True)
class World:
    """Both estates."""

    ana: Estate
    ben: Estate

    def foreign_to(self, viewer: Viewer) -> Estate:
        return self.ben if viewer == ANA else self.ana


def make_world(conn: Connection) -> World:
    ana, ben = settle(conn, ANA, "ANAMARK"), settle(conn, BEN, "BENMARK")
    nobodys(conn)
    for estate in (ana, ben):
        audit_everything(conn, estate)
    conn.execute(text("select insights.drain_changes()"))
    return World(ana, ben)
