"""What owners make themselves: demos, videos, knowledge, objectives, and the trace of it."""

from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from domo_insights.sample.content import Product, Topic
from domo_insights.sample.portfolio import Plan

Row = dict[str, Any]
_SLOT: Final = "{"
_EDITS: Final = (71, 52, 37, 26, 15, 6, 2)
"""Days ago at which an owner had an hour for the knowledge base."""


def row_id(rng: Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)


def in_office(rng: Random, now: datetime, days_ago: int) -> datetime:
    """Some moment of the working day that many days before `now`."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
    return day + timedelta(hours=8, seconds=rng.randrange(9 * 3600))


class Catalogue:
    """The rows of one demo, keyed by table."""

    def __init__(
        self, rng: Random, plan: Plan, product: Product, owner: UUID, now: datetime
    ) -> None:
        self._rng, self._plan, self._product = rng, plan, product
        self._owner, self._now = owner, now
        self.demo_id = row_id(rng)
        self.rows: dict[str, list[Row]] = {
            "demos": [],
            "demo_videos": [],
            "knowledge_chunks": [],
            "custom_objectives": [],
            "audit_logs": [],
        }
        self._born = in_office(rng, now, plan.created)
        self._demo()
        self._videos()
        self._knowledge()
        self._objectives()

    def _demo(self) -> None:
        plan, product = self._plan, self._product
        row: Row = {
            "id": self.demo_id,
            "name": product.name,
            "description": product.description,
            "created_at": self._born,
            "updated_at": self._born,
            "user_id": self._owner,
            "agent_name": product.agent,
            "agent_personality": product.personality,
            "agent_greeting": product.greetings[-1],
            "cta_text": product.cta_text,
            "cta_link": product.cta_link,
            "status": "draft",
            "published_url": None,
            "tavus_persona_id": plan.persona,
            "tavus_conversation_id": None,
            "video_storage_path": "",
            "metadata": {"max_call_seconds": 300, "theme": self._rng.choice(["light", "dark"])},
        }
        self._log("insert", "demos", None, row, self._born)
        if plan.published is not None:
            link = f"https://demo.example/{plan.key}"
            row = self._changed(row, plan.published, status="published", published_url=link)
        greeted = min(plan.created - 2, self._rng.choice(_EDITS[1:5]))
        if plan.archived is None:
            row = self._changed(row, greeted, agent_greeting=product.greetings[0])
        else:
            row = self._changed(row, plan.archived, status="archived")
        self.rows["demos"].append(row)

    def _changed(self, row: Row, days_ago: int, **values: object) -> Row:
        at = in_office(self._rng, self._now, days_ago)
        after = row | values | {"updated_at": at}
        self._log("update", "demos", row, after, at)
        return after

    def _videos(self) -> None:
        for index, video in enumerate(self._product.videos):
            recent = video.status in {"pending", "processing"}
            age = 1 if recent else self._plan.created - 1 - index
            at = in_office(self._rng, self._now, age)
            self.rows["demo_videos"].append(
                {
                    "id": row_id(self._rng),
                    "demo_id": self.demo_id,
                    "title": video.title,
                    "storage_url": f"demo-videos/{self.demo_id}/{index}.mp4",
                    "order_index": index,
                    "duration_seconds": None if recent else video.seconds,
                    "processing_status": video.status,
                    "created_at": at,
                    "updated_at": at + timedelta(seconds=video.seconds),
                    "transcript": video.transcript or None,
                }
            )
            if video.transcript:
                self._chunk(None, None, video.transcript, f"Video: {video.title}", at)

    def _knowledge(self) -> None:
        """Most of it in the first days; the youngest third, and a few better answers, later."""
        known = [topic for topic in self._product.topics if topic.in_knowledge]
        edits = [age for age in _EDITS if age < self._plan.created - 2 and age > self._gone()]
        for index, topic in enumerate(known):
            late = edits and index % 3 == 2
            age = self._rng.choice(edits) if late else self._plan.created - 1 - index % 2
            at = in_office(self._rng, self._now, age)
            better = [day for day in edits if day < age]
            improved = self._rng.choice(better) if better and index % 3 == 0 else None
            self._answer(topic, at, improved)
            for asked, answer in topic.follow_ups:
                if not asked.startswith(("And ", "Honest", "I ", "Tray", "Sent", "Yo ")):
                    self._chunk(asked, answer, f"{asked}\n{answer}", topic.source, at)

    def _gone(self) -> int:
        return self._plan.archived or 0

    def _answer(self, topic: Topic, at: datetime, improved: int | None) -> None:
        asked = next((q for q in topic.questions if _SLOT not in q), topic.questions[0])
        answer = topic.answers[0]
        row = self._chunk(asked, answer, f"{asked}\n{answer}", topic.source, at)
        if improved is None:
            return
        edited = in_office(self._rng, self._now, improved)
        shorter = answer.split(". ")[0].rstrip(".") + "."
        before = row | {"answer": shorter, "content": f"{asked}\n{shorter}"}
        row["updated_at"] = edited
        self.rows["audit_logs"][-1]["new_values"] = logged(before)
        self._log("update", "knowledge_chunks", before, row, edited)

    def _chunk(
        self, question: str | None, answer: str | None, content: str, source: str, at: datetime
    ) -> Row:
        row = {
            "id": row_id(self._rng),
            "demo_id": self.demo_id,
            "content": content,
            "question": question,
            "answer": answer,
            "source": source,
            "created_at": at,
            "updated_at": at,
            "embedding_model": None,
        }
        self.rows["knowledge_chunks"].append(row)
        self._log("insert", "knowledge_chunks", None, row, at)
        return row

    def _objectives(self) -> None:
        if self._plan.status != "published":
            return
        at = self._born + timedelta(days=1)
        steps = [
            {
                "objective_name": "understand_need",
                "objective_prompt": "Find out what the visitor's day looks like now.",
                "confirmation_mode": "auto",
                "output_variables": ["team_size", "current_tool"],
            },
            {
                "objective_name": "next_step",
                "objective_prompt": f"If it fits, offer: {self._product.cta_text}.",
                "confirmation_mode": "auto",
                "output_variables": ["wants_contact"],
            },
        ]
        self.rows["custom_objectives"].append(
            {
                "id": row_id(self._rng),
                "demo_id": self.demo_id,
                "name": "First visit",
                "description": "What the agent should learn and offer in a first conversation.",
                "objectives": steps,
                "is_active": self._plan.key != "quietmetrics",
                "created_at": at,
                "updated_at": at,
            }
        )

    def _log(self, action: str, table: str, before: Row | None, after: Row, at: datetime) -> None:
        self.rows["audit_logs"].append(
            {
                "id": row_id(self._rng),
                "user_id": self._owner,
                "action": action,
                "table_name": table,
                "record_id": after["id"],
                "old_values": before and logged(before),
                "new_values": logged(after),
                "created_at": at,
                "demo_id": self.demo_id,
            }
        )


def logged(row: Row) -> Row:
    """A row as the audit trigger writes it down."""

    def plain(value: object) -> object:
        if isinstance(value, UUID):
            return str(value)
        return value.isoformat() if isinstance(value, datetime) else value

    return {key: plain(value) for key, value in row.items()}
