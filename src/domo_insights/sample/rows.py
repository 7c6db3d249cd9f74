"""All rows of the sample data, made of callbacks by the same functions that ingest uses."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from domo_insights.ingest.details import Details, details_of
from domo_insights.ingest.messages import MessageRow, messages_of
from domo_insights.ingest.payload import Callback, callback_of
from domo_insights.sample import calendar
from domo_insights.sample.catalogue import Catalogue, Row, row_id
from domo_insights.sample.content import Product, common, product
from domo_insights.sample.delivery import delivery
from domo_insights.sample.labels import Classifier
from domo_insights.sample.portfolio import PLANS, STRANGER, TROUBLED_DAYS, Plan
from domo_insights.sample.tavus import Recorder, Visit, identifier
from domo_insights.sample.visits import rehearsal, visit

SEED: Final = "domo insights sample 1"
Arrived = tuple[Callback, datetime, int]
"""A callback, when it was processed, and the handler's time in ms."""


class Sample:
    """The rows by table. The same owners and the same `now` give the same rows."""

    def __init__(self, owners: Sequence[UUID], now: datetime) -> None:
        self._now = now
        self.rows: dict[str, list[Row]] = defaultdict(list)
        for plan in PLANS:
            self._demo(_random(plan.key), plan, owners[plan.owner % len(owners)])
        rng = _random("stranger")
        self._visits(rng, STRANGER, None)
        self._refusals(rng)

    def _demo(self, rng: Random, plan: Plan, owner: UUID) -> None:
        made = Catalogue(rng, plan, product(plan.key), owner, self._now)
        for table, rows in made.rows.items():
            self.rows[table].extend(rows)
        last = self._visits(rng, plan, made.demo_id)
        self.rows["demos"][-1]["tavus_conversation_id"] = last

    def _visits(self, rng: Random, plan: Plan, demo_id: UUID | None) -> str | None:
        """The conversations of a demo, or of nobody; the id of the newest."""
        last = None
        moments = calendar.starts(rng, plan, self._now)
        tests = set(rng.sample(range(len(moments)), min(plan.tests, len(moments))))
        for index, start in enumerate(moments):
            made = self._visit(rng, plan, start, index in tests)
            arrived = self._arrived(rng, made)
            if not arrived:
                continue
            last = made.conversation_id
            self._store(rng, arrived, demo_id)
            if demo_id is not None:
                self._describe(rng, made, arrived, demo_id, product(plan.key))
                self._duplicates(rng, arrived, demo_id)
        return last

    def _arrived(self, rng: Random, made: Visit) -> list[Arrived]:
        """What has reached us by now."""
        arrived = []
        for callback in map(callback_of, made.callbacks):
            if callback.occurred_at is None:
                continue
            at, took = delivery(rng, callback.event_type, callback.occurred_at, self._now)
            if at <= self._now:
                arrived.append((callback, at, took))
        return arrived

    def _visit(self, rng: Random, plan: Plan, start: datetime, is_test: bool) -> Visit:
        age = (self._now - start) / timedelta(days=1)
        labelled = plan.unlabelled_until is None or age < plan.unlabelled_until
        calm, worn = plan.temper
        temper = worn if age < TROUBLED_DAYS else calm
        of = product(plan.key)
        talk = rehearsal(rng, of) if is_test else visit(rng, of, temper)
        made = Visit(identifier(rng, "c", 12), start, is_test)
        return Recorder(rng, plan, made).record(talk, Classifier(rng, labelled))

    def _store(self, rng: Random, arrived: Sequence[Arrived], demo_id: UUID | None) -> None:
        conversation_id = arrived[0][0].conversation_id
        if demo_id is not None:
            self.rows["conversation_map"].append(
                {
                    "conversation_id": conversation_id,
                    "demo_id": demo_id,
                    "mapped_by": "address",
                    "mapped_at": min(at for _, at, _ in arrived),
                }
            )
        for callback, at, took in arrived:
            self.rows["processed_webhook_events"].append(
                {
                    "id": row_id(rng),
                    "conversation_id": conversation_id,
                    "event_type": callback.event_type,
                    "event_data": dict(callback.raw),
                    "processed_at": at,
                    "processing_duration_ms": took,
                    "event_hash": callback.event_hash,
                    "occurred_at": callback.occurred_at,
                    "received_via": "http",
                }
            )
        seen = {callback.inference_id: at for callback, at, _ in arrived}
        for message in messages_of(conversation_id, [callback for callback, _, _ in arrived]):
            arrival = seen.get(message.message_id) or arrived[-1][1]
            self.rows["conversation_messages"].append(_columns(message) | {"created_at": arrival})

    def _describe(
        self, rng: Random, made: Visit, arrived: Sequence[Arrived], demo_id: UUID, of: Product
    ) -> None:
        """The platform's own row of the conversation; a few were never written."""
        if rng.random() < 0.08 and not made.is_test:
            return
        held: Row = {"status": "active", "conversation_name": self._named(rng, made, of)}
        callbacks = [callback for callback, _, _ in arrived]
        over = not any(callback.event_type == "system.shutdown" for callback in callbacks)
        last = max(callback.occurred_at for callback in callbacks if callback.occurred_at)
        if over and self._now - last > timedelta(hours=1) and rng.random() < 0.5:
            held |= {"completed_at": last + timedelta(seconds=rng.uniform(20, 60))}
            held["status"] = "ended"
        self.rows["conversation_details"].append(
            {
                "id": row_id(rng),
                "demo_id": demo_id,
                "tavus_conversation_id": made.conversation_id,
                **_columns(details_of(callbacks, held)),
                "is_test": made.is_test,
                "created_at": made.started_at - timedelta(seconds=2),
                "updated_at": max(at for _, at, _ in arrived),
            }
        )

    def _named(self, rng: Random, made: Visit, of: Product) -> str:
        if made.is_test:
            return rng.choice(common().test_names)
        if rng.random() < 0.3:
            return rng.choice(of.companies)
        return rng.choice(common().visit_names)

    def _duplicates(self, rng: Random, arrived: Sequence[Arrived], demo_id: UUID) -> None:
        """Senders repeat what was not acknowledged in time: seldom, more when we were slow."""
        slow, end = calendar.bad_afternoon(self._now)
        for _, at, _ in arrived:
            if rng.random() < (0.12 if slow <= at < end else 0.004):
                self._count(demo_id, at, "duplicates")

    def _refusals(self, rng: Random) -> None:
        """Somebody tried an address with the wrong token; a demo named another's conversation."""
        for days_ago in (3, 29, 30, 63):
            at = self._now - timedelta(days=days_ago, seconds=rng.randrange(40_000))
            self._count(None, at, "refused")
        demo = self.rows["demos"][2]["id"]
        self._count(demo, self._now - timedelta(days=34, hours=5), "conflicts")

    def _count(self, demo_id: UUID | None, at: datetime, kind: str) -> None:
        bucket = datetime.fromtimestamp(at.timestamp() // 900 * 900, at.tzinfo)
        counts = self.rows["delivery_counts"]
        row = next((r for r in counts if r["demo_id"] == demo_id and r["bucket"] == bucket), None)
        if row is None:
            row = {"demo_id": demo_id, "bucket": bucket}
            row |= {"duplicates": 0, "conflicts": 0, "refused": 0}
            counts.append(row)
        row[kind] += 1


def _columns(value: Details | MessageRow) -> Row:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _random(part: str) -> Random:
    """A source of its own for each part, so that a change in one leaves the others as they are."""
    return Random(f"{SEED}:{part}")  # noqa: S311


def generate(owners: Sequence[UUID], now: datetime) -> dict[str, list[Row]]:
    """All rows, keyed by table in the order in which they can be inserted.

    owners: at least one user id; the first gets most of the traffic.
    now: aware; nothing is later.
    """
    rows = Sample(owners, now).rows
    return {table: rows[table] for table in TABLES}


TABLES: Final[Iterable[str]] = (
    "demos",
    "demo_videos",
    "knowledge_chunks",
    "custom_objectives",
    "conversation_map",
    "processed_webhook_events",
    "conversation_messages",
    "conversation_details",
    "delivery_counts",
    "audit_logs",
)
