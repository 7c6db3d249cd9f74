"""What was found when a database or its settings were looked at."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    FINE = "fine"
    LEFT = "left as found"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what to do where something is wrong."""

    level: Level
    subject: str
    says: str
    hint: str = ""
