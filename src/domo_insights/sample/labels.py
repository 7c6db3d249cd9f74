"""What a platform's classifier makes of a visitor's words: mostly right, and not always there."""

from random import Random
from typing import Any, Final

from domo_insights.sample.dialogue import Line

_SILENT_CONVERSATIONS: Final = 0.08
_SILENT_LINES: Final = 0.045
_MOOD_ONLY: Final = 0.05
_OFTEN_MISTAKEN: Final = {
    "comparison_question": "feature_question",
    "onboarding_question": "feature_question",
    "clarification": "feature_question",
    "complaint": "objection",
    "introduction": "small_talk",
}


class Classifier:
    """Labels the lines of one conversation. `working` is False where the sender had none yet."""

    def __init__(self, rng: Random, working: bool = True) -> None:
        self._rng = rng
        self._working = working and rng.random() >= _SILENT_CONVERSATIONS

    def properties(self, line: Line) -> dict[str, Any]:
        """sentiment, intent and confidence (two decimals) as far as they are known."""
        rng = self._rng
        if line.role != "user" or not self._working or rng.random() < _SILENT_LINES:
            return {}
        sentiment = line.sentiment
        if rng.random() < 0.03:
            sentiment = "neutral"
        if rng.random() < _MOOD_ONLY:
            return {"sentiment": sentiment}
        intent, sure = line.intent or "small_talk", line.plain
        if intent in _OFTEN_MISTAKEN and rng.random() < 0.12:
            intent, sure = _OFTEN_MISTAKEN[intent], False
        spread = (11.0, 1.9) if sure else (5.0, 4.6)
        confidence = min(0.99, max(0.21, rng.betavariate(*spread)))
        return {"sentiment": sentiment, "intent": intent, "confidence": round(confidence, 2)}
