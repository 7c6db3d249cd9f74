"""The harness: two owners with data of the same shape, each text and id marked with its owner.

Whoever adds a table, a query, a function or a page names it in `inventory.py` too, or a test fails.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert

from domo_insights.database.tables import (
    audit_logs,
    custom_objectives,
    delivery_counts,
    web_sessions,
)
from domo_insights.database.tables_detail import detail_kept
from domo_insights.database.tables_evaluation import (
    evaluation_answers,
    evaluation_runs,
    question_sets,
    replay_runs,
    replayed_questions,
    set_questions,
)
from domo_insights.database.tables_kept import reviews, saved_views
from domo_insights.viewer import Viewer
from tests.factories import ANA, BEN, NOON, chunk, conversation, demo, event, message, video

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
    video(conn, demo_id, title=f"{mark} video", transcript=mark)
    chunk(conn, demo_id, content=f"{mark} content", question=f"{mark}?", answer=mark)
    conn.execute(insert(custom_objectives).values(demo_id=demo_id, name=f"{mark} objective"))
    talks, events = [], []
    for n in range(3):
        start = NOON + timedelta(days=n)
        talk = conversation(
            conn,
            demo_id,
            tavus_conversation_id=f"{mark}-talk-{n}",
            conversation_name=f"{mark} visitor",
            started_at=start,
        )
        joined = {"mark": mark, "n": n}
        events.append(event(conn, talk, "system.replica_joined", start, event_data=joined))
        for turn in range(4):
            at = start + timedelta(seconds=10 * turn)
            role = "assistant" if turn % 2 else "user"
            label = {"sentiment": "negative", "intent": f"{mark}_intent", "confidence": 0.9}
            message(
                conn,
                talk,
                role,
                at,
                content=f"{mark} says {turn}",
                message_id=f"{mark}-{n}-{turn}",
                **(label if role == "user" else {}),
            )
        event(
            conn,
            talk,
            "system.shutdown",
            start + timedelta(minutes=1),
            event_data={"mark": mark, "end": n, "properties": {"shutdown_reason": mark}},
        )
        talks.append(talk)
    conn.execute(
        insert(delivery_counts).values(
            demo_id=demo_id, bucket=NOON, duplicates=1, conflicts=1, refused=1
        )
    )
    conn.execute(insert(detail_kept).values(demo_id=demo_id, deleted_before=OLDEN))
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
        insert(reviews).values(demo_id=demo_id, conversation_id=talks[0], note=f"{mark} note")
    )
    conn.execute(
        insert(saved_views).values(user_id=owner.user_id, name=f"{mark} view", page="overview",
                                   query="period=7d")
    )  # fmt: skip
    sets, runs, replays = evaluate(conn, demo_id, mark, talks)
    return Estate(owner, mark, demo_id, tuple(talks), tuple(events), sets, runs, replays)


def evaluate(
    conn: Connection, demo_id: UUID, mark: str, talks: list[str]
) -> tuple[tuple[UUID, ...], tuple[UUID, ...], tuple[UUID, ...]]:
    """A question set with two runs, and two replays; their ids."""
    set_id, runs, replays = uuid4(), (uuid4(), uuid4()), (uuid4(), uuid4())
    conn.execute(
        insert(question_sets).values(id=set_id, demo_id=demo_id, name=f"{mark} set", origin="file")
    )
    asked = {"set_id": set_id, "demo_id": demo_id, "number": 1, "question": f"{mark} asks"}
    conn.execute(insert(set_questions).values(**asked, expected=[demo_id]))
    state = {"demo_id": demo_id, "threshold": 0.35, "chunks": 1, "fingerprint": mark, "seconds": 1}
    for run in runs:
        row = {"id": run, "set_id": set_id, "mode": "vector", "k": 10, "model": f"{mark} model"}
        conn.execute(insert(evaluation_runs).values(**row, **state, off_topic=[0.1]))
        conn.execute(
            insert(evaluation_answers).values(
                run_id=run, demo_id=demo_id, number=1, found=[demo_id], best_similarity=0.5
            )
        )
    for day, run in enumerate(replays):
        period = {"period_start": NOON, "period_end": NOON + timedelta(days=1)}
        counts = {"messages": 3, "small_talk": 1, "fragments": 1, "questions": 1}
        counts |= {"answered_well": 0, "answered_weakly": 0, "not_answered": 1}
        conn.execute(
            insert(replay_runs).values(
                id=run, **period, include_test=False, **counts, **state,
                ran_at=NOON + timedelta(days=day),
            )
        )  # fmt: skip
        conn.execute(
            insert(replayed_questions).values(
                run_id=run, demo_id=demo_id, number=1, question=f"{mark} says this",
                wordings=[mark], asked=1, unhappy=0, verdict="not", found=[demo_id],
                similarities=[0.1], conversations=talks, last_asked_at=NOON,
            )
        )  # fmt: skip
    return (set_id,), runs, replays


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
    return World(ana, ben)
