"""Random writes to everything that rollups are made of, as a platform and its people do them."""

import random
import threading
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tests.conftest import Database
from tests.factories import ANA, BEN, NOON, conversation, demo, event, message

_PICK = "(select id from {table} order by md5(id::text || :salt) limit :n)"
_EDITS = (
    "update conversation_messages set occurred_at = occurred_at + interval '{shift} minutes',"
    " timestamp = timestamp + interval '{shift} minutes' where id in " + _PICK,
    "update conversation_messages set sentiment = '{feeling}', intent = '{intent}',"
    " confidence = 0.{shift} where id in " + _PICK,
    "update conversation_messages set role = '{role}' where id in " + _PICK,
    "update conversation_messages set conversation_id = (select tavus_conversation_id from"
    " conversation_details order by md5(id::text || :salt) limit 1) where id in " + _PICK,
    "delete from conversation_messages where id in " + _PICK,
    "update processed_webhook_events set processed_at = processed_at + interval '{shift} minutes',"
    " processing_duration_ms = {shift} where id in " + _PICK,
    "delete from processed_webhook_events where id in " + _PICK,
    "update conversation_details set is_test = not is_test where id in " + _PICK,
    "update conversation_details set started_at = started_at + interval '{shift} minutes'"
    " where id in " + _PICK,
    "delete from conversation_details where id in " + _PICK,
    "update insights.conversation_map set demo_id = (select id from demos"
    " order by md5(id::text || :salt) limit 1) where conversation_id = (select conversation_id"
    " from insights.conversation_map order by md5(conversation_id || :salt) limit :n)",
    "delete from insights.conversation_map where conversation_id = (select conversation_id"
    " from insights.conversation_map order by md5(conversation_id || :salt) limit 1)",
    "update demos set user_id = '{owner}' where id in " + _PICK,
)


def populate(conn: Connection, die: random.Random) -> None:
    """Three demos of two owners, and what was said in some conversations."""
    places = [demo(conn, ANA), demo(conn, ANA), demo(conn, BEN)]
    for _ in range(12):
        speak(conn, die, conversation(conn, die.choice(places), is_test=die.random() < 0.2))
    for number in range(6):
        conn.execute(
            text("insert into insights.conversation_map values (:c, :d, 'address')"),
            {"c": f"nobody-spoke-{number}", "d": die.choice(places)},
        )
        for _ in range(die.randrange(1, 4)):
            event(conn, f"nobody-spoke-{number}", at=NOON + timedelta(hours=die.randrange(96)))


def speak(conn: Connection, die: random.Random, talk: str) -> None:
    """Some messages and events of one conversation, over hours and days."""
    at = NOON + timedelta(minutes=die.randrange(4 * 24 * 60))
    for seq in range(die.randrange(1, 6)):
        at += timedelta(seconds=die.choice([0, 3, 50, 4000]))
        said: dict[str, Any] = {
            "sentiment": die.choice([None, "negative", " Positive", "neutral", "odd", " "]),
            "intent": die.choice([None, "pricing", "bookDemo", "Chat", " "]),
            "confidence": die.choice([None, 0, 0.3, 0.8, 1]),
            "content": die.choice(["Hm?", "hm", "How much?", None]),
            "timestamp": die.choice([at, at, None]),
            "label_source": die.choice([None, "local", "file"]),
        }
        message(
            conn, talk, die.choice(["user", "user", "assistant", "system"]), at, seq=seq, **said
        )
    kind = die.choice(["system.replica_joined", "system.shutdown", "conversation.utterance"])
    event(
        conn,
        talk,
        kind,
        at,
        shutdown_reason=die.choice([None, "left", "idle"]),
        processing_duration_ms=die.choice([None, 0, 7, 90, 4000]),
        received_via=die.choice(["http", "http", "file"]),
        processed_at=at + timedelta(milliseconds=die.choice([-5, 0, 0, 40, 9000])),
    )


class Writer(threading.Thread):
    """One connection that inserts, updates, deletes and re-maps, some of it in one transaction."""

    def __init__(self, database: Database, seed: int, writes: int = 40) -> None:
        super().__init__()
        self.problem: BaseException | None = None
        self._database, self._die, self._writes = database, random.Random(seed), writes

    def run(self) -> None:
        for _ in range(self._writes):
            try:
                with self._database.admin.begin() as conn:
                    for _ in range(self._die.choice([1, 1, 3])):
                        self._write(conn)
            except DBAPIError as error:
                # Two that touch the same rows in another order, or none are left to move to: one
                # of them is told to go back.
                if getattr(error.orig, "sqlstate", "") not in ("40P01", "23505", "23502"):
                    self.problem = error
                    return

    def _write(self, conn: Connection) -> None:
        die = self._die
        if die.random() < 0.4:
            known = conn.execute(text("select conversation_id from insights.conversation_map"))
            talks = [*known.scalars().all(), f"late{die.randrange(5)}"]
            speak(conn, die, die.choice(talks))
            return
        if die.random() < 0.1:
            # A late mapping: its messages and events are there already, and belonged to nobody.
            place = conn.scalar(text("select id from demos order by md5(id::text || :s) limit 1"),
                                {"s": str(die.random())})  # fmt: skip
            conn.execute(
                text("select insights.claim(:c, :d, 'operator')"),
                {"c": f"late{die.randrange(5)}", "d": place},
            )
            return
        statement = die.choice(_EDITS)
        table = statement.split()[1 if statement.startswith("update") else 2]
        filled = statement.format(
            table=table,
            shift=die.choice([1, 30, 59, 75]),
            feeling=die.choice(["negative", "Positive", ""]),
            intent=die.choice(["demo", "pricing", "chat"]),
            role=die.choice(["user", "assistant", "system"]),
            owner=die.choice([ANA, BEN]).user_id,
        )
        given = {"salt": str(die.random()), "n": die.randrange(1, 4)}
        named = {key: value for key, value in given.items() if f":{key}" in filled}
        if "limit :n" in filled and "insights.conversation_map set" in filled:
            named["n"] = 1
        conn.execute(text(filled), named)
