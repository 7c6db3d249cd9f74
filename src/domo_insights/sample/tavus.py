"""Callbacks as Tavus sends them, of conversations that never took place."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from domo_insights.sample.content import common
from domo_insights.sample.dialogue import Dialogue, Line
from domo_insights.sample.labels import Classifier
from domo_insights.sample.portfolio import Plan

MAX_CALL: Final = 300.0
"""Seconds after which these agents hang up."""
_WORDS_PER_SECOND: Final = 2.7


def identifier(rng: Random, prefix: str, digits: int) -> str:
    return f"{prefix}{rng.getrandbits(digits * 4):0{digits}x}"


@dataclass(slots=True)
class Visit:
    """One conversation: `callbacks` are the bodies in the order they were sent."""

    conversation_id: str
    started_at: datetime
    is_test: bool = False
    callbacks: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Recorder:
    """Turns a dialogue into callbacks. Times are seconds since the replica joined."""

    rng: Random
    plan: Plan
    visit: Visit
    _clock: float = 0.0
    _transcript: list[dict[str, str]] = field(default_factory=list)

    def record(self, talk: Dialogue, classifier: Classifier) -> Visit:
        """The whole conversation, up to whatever the platform sends after its end."""
        replica = "r" + self.plan.persona[-10:]
        joined = {"replica_id": replica, "persona_id": self.plan.persona}
        self._send(0.0, "system.replica_joined", joined)
        booked = self._utterances(talk, classifier)
        if self.rng.random() < 0.06:
            return self.visit
        ended, reason = self._end(talk)
        self._send(ended, "system.shutdown", {"replica_id": replica, "shutdown_reason": reason})
        self._afterwards(ended, replica, booked)
        return self.visit

    def _utterances(self, talk: Dialogue, classifier: Classifier) -> float | None:
        """All lines until the agent hangs up; when the visitor asked for the next step."""
        booked: float | None = None
        free = self.rng.uniform(1.2, 3.0)
        for line in talk.lines:
            if not line.role:
                free += self.rng.uniform(9, 22)
                continue
            at = free + self._pause(line)
            if at > MAX_CALL - 3:
                self._clock = MAX_CALL
                return booked
            self._utterance(at, line, classifier)
            if line.intent == "book_demo" and talk.booked:
                booked = at
                call = {"name": "open_calendar", "arguments": "{}"}
                self._send(at + self.rng.uniform(0.4, 1.2), "conversation.tool_call", call)
            free = at + (len(line.text.split()) / _WORDS_PER_SECOND if line.role != "user" else 0)
        self._clock = free
        return booked

    def _pause(self, line: Line) -> float:
        """Until a visitor has thought and spoken, or until the agent starts to answer."""
        if line.role == "user":
            thinking = min(45.0, self.rng.lognormvariate(1.2, 0.7))
            return thinking + len(line.text.split()) / _WORDS_PER_SECOND
        return min(31.0, max(0.9, self.plan.reply_seconds * self.rng.lognormvariate(0.0, 0.42)))

    def _utterance(self, at: float, line: Line, classifier: Classifier) -> None:
        properties = {"role": line.role, "speech": line.text} | classifier.properties(line)
        self._send(at, "conversation.utterance", properties, identifier(self.rng, "", 16))
        role = "user" if line.role == "user" else "assistant"
        self._transcript.append({"role": role, "content": line.text})

    def _end(self, talk: Dialogue) -> tuple[float, str]:
        rng = self.rng
        if self._clock >= MAX_CALL:
            return MAX_CALL, "max_call_duration reached"
        if talk.farewell and rng.random() < 0.8:
            return self._clock + rng.uniform(1.5, 7), "end_conversation_endpoint_hit"
        if not any(line.role == "user" for line in talk.lines) and rng.random() < 0.6:
            return self._clock + rng.uniform(55, 65), "participant_absent_timeout"
        if rng.random() < 0.15:
            return self._clock + rng.uniform(2, 20), "end_conversation_endpoint_hit"
        return self._clock + min(120, rng.lognormvariate(3.1, 0.6)), "participant_left_timeout"

    def _afterwards(self, ended: float, replica: str, booked: float | None) -> None:
        rng = self.rng
        if self._transcript and rng.random() < 0.94:
            ready = {"replica_id": replica, "transcript": self._transcript}
            self._send(ended + rng.uniform(12, 70), "application.transcription_ready", ready)
        if rng.random() < 0.35:
            seen = {"analysis": rng.choice(common().perception)}
            self._send(ended + rng.uniform(20, 95), "application.perception_analysis", seen)
        if rng.random() < 0.12:
            key = f"{self.plan.persona}/{self.visit.conversation_id}.mp4"
            properties = {"bucket_name": "conversation-recordings", "s3_key": key}
            properties["duration"] = str(round(ended))
            self._send(ended + rng.uniform(60, 240), "application.recording_ready", properties)
        if booked is not None and rng.random() < 0.7:
            reached = {"objective_name": "next_step", "output_variables": {"wants_contact": "yes"}}
            self._send(booked + 4, "application.objective_completed", reached)

    def _send(
        self, at: float, event_type: str, properties: dict[str, Any], inference: str | None = None
    ) -> None:
        sent = self.visit.started_at + timedelta(seconds=round(at, 3))
        body: dict[str, Any] = {
            "conversation_id": self.visit.conversation_id,
            "event_type": event_type,
            "message_type": event_type.split(".")[0],
            "timestamp": sent.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "properties": properties,
        }
        if inference:
            body["inference_id"] = inference
        self.visit.callbacks.append(body)
