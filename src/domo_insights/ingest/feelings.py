"""How a visitor's message sounds, by VADER's lexicon as it fits a talk with an agent.

The lexicon was made for posts. In a talk "please", "yes", "no" and "I would like" ask and answer:
as they stand there most requests would be positive, and "No, thanks." negative.
"""

import re
from functools import lru_cache
from typing import Any, Final

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

FELT: Final = 0.05
"""VADER's own threshold: a compound score beyond it is positive or negative."""
_LONGEST: Final = 2000
_ASKING: Final = (
    "please", "kindly", "help", "helping", "want", "wanted", "wants", "wish", "interested",
)  # fmt: skip
_ANSWERING: Final = ("yes", "yeah", "yep", "yup", "no", "ok", "okay", "alright", "sure")
_NAMING: Final = (
    "number", "kind", "free", "pay", "leave", "share", "play", "alarm", "alarms",
)  # fmt: skip
"""What is asked for, or how: a phone number, what kind, is it free, when does it leave."""
_ANSWER: Final = re.compile(
    r"^\W*(?:(?:no|nope|nah|not (?:right )?now|not today|nothing(?: else)?|yes|yeah|yep|yup|ok|okay"
    r"|sure|alright|well)\b[\s,.!:;-]*)+",
    re.IGNORECASE,
)
_WOULD_LIKE: Final = re.compile(
    r"(?:\b(?:would|should)\b(?:\s+(?:you|i|we|they))?|\w['’]d)\s+(?:\w+\s+)?like\b", re.IGNORECASE
)


def sentiment_of(said: str) -> str:
    """negative, neutral or positive, by the words and how they are put. Languages other than
    English come out as neutral."""
    told = _WOULD_LIKE.sub(" ", _ANSWER.sub("", said[:_LONGEST]))
    score = _lexicon().polarity_scores(told)["compound"]
    return "positive" if score >= FELT else "negative" if score <= -FELT else "neutral"


@lru_cache(maxsize=1)
def _lexicon() -> Any:
    made = SentimentIntensityAnalyzer()
    for word in (*_ASKING, *_ANSWERING, *_NAMING):
        made.lexicon.pop(word, None)
    return made
