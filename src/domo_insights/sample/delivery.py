"""How long a callback was under way, and how long the handler took."""

from datetime import datetime, timedelta
from random import Random
from typing import Final

from domo_insights.sample.calendar import bad_afternoon

_TYPICAL_MS: Final = {
    "conversation.utterance": 34,
    "conversation.tool_call": 29,
    "application.transcription_ready": 190,
    "application.perception_analysis": 71,
    "application.recording_ready": 48,
}
_OTHERWISE_MS: Final = 52


def delivery(
    rng: Random, event_type: str, occurred_at: datetime, now: datetime
) -> tuple[datetime, int]:
    """When the callback was processed, and the handler's time in ms.

    Both have a long tail, and on one afternoon the database behind the handler was slow.
    """
    lag = rng.lognormvariate(-1.05, 0.75)
    if rng.random() < 0.015:
        lag += rng.uniform(4, 80)
    typical = _TYPICAL_MS.get(event_type, _OTHERWISE_MS)
    milliseconds = typical * rng.lognormvariate(0, 0.5)
    if rng.random() < 0.012:
        milliseconds *= rng.uniform(8, 45)
    start, end = bad_afternoon(now)
    if start <= occurred_at < end:
        milliseconds *= 12 * rng.lognormvariate(1.3, 0.9)
        lag += rng.lognormvariate(1.6, 0.8)
    took = timedelta(milliseconds=round(milliseconds))
    return occurred_at + timedelta(seconds=round(lag, 3)) + took, round(milliseconds)
