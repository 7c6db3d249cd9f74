"""Which demos there are, whose they are, and how much and when people visit them."""

from dataclasses import dataclass
from typing import Final

DAYS: Final = 90
"""How far back the conversations go."""
TROUBLED_DAYS: Final = 29
"""Since when a demo's visitors have the temper of the last weeks."""
BAD_AFTERNOON: Final = 12
"""Days ago on which the webhook handler was slow, moved back to a working day."""
SILENT: Final = ((5, 13, 2), (16, 9, 1))
"""Days ago, first hour (UTC) and hours in which nothing arrived at all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One demo of the portfolio. Ages are days before now, visits the number over all days.

    `trend`: what a day weighs at the start and at the end of the demo's life, `rush`: an age at
    which many came at once, `weekend`: a Saturday's weight against a Tuesday's, `temper`: how
    much more often than usual visitors lose patience, at first and in the last weeks, `unlabelled
    _until`: age down to which the sender had no labels to send, `tests`: visits that are tests.
    """

    key: str
    owner: int
    status: str
    persona: str
    visits: int
    tests: int
    zones: dict[str, float]
    created: int
    published: int | None
    archived: int | None = None
    quiet: int = 0
    trend: tuple[float, float] = (1.0, 1.0)
    rush: int | None = None
    weekend: float = 0.25
    evenings: bool = False
    temper: tuple[float, float] = (1.0, 1.0)
    unlabelled_until: int | None = None
    reply_seconds: float = 2.4


EUROPE: Final = {"Europe/Berlin": 0.6, "Europe/London": 0.25, "America/New_York": 0.15}
AMERICA: Final = {"America/New_York": 0.6, "America/Chicago": 0.3, "Europe/London": 0.1}
BRITAIN: Final = {"Europe/London": 0.7, "Europe/Berlin": 0.2, "Asia/Singapore": 0.1}

PLANS: Final = (
    Plan("harborline", 0, "published", "p4ba3f21c9d07", 172, 4, EUROPE, 131, 118),
    Plan(
        "tandem",
        0,
        "published",
        "p9ee0271b35fa",
        130,
        3,
        BRITAIN,
        97,
        84,
        trend=(0.35, 1.9),
        rush=20,
    ),
    Plan(
        "ledgerloop",
        0,
        "published",
        "p13d8a6e04c92",
        98,
        2,
        EUROPE,
        160,
        149,
        trend=(1.8, 0.6),
        temper=(0.7, 4.8),
        reply_seconds=3.1,
    ),
    Plan("quietmetrics", 0, "published", "pc05f7d9981be", 62, 1, EUROPE, 122, 112, quiet=9),
    Plan(
        "markupbay",
        0,
        "archived",
        "p77a1c4e2f036",
        32,
        1,
        EUROPE,
        171,
        160,
        archived=41,
        trend=(1.0, 0.5),
    ),
    Plan(
        "palabrio",
        1,
        "published",
        "pe48b90d3716c",
        72,
        2,
        BRITAIN,
        108,
        101,
        weekend=1.1,
        evenings=True,
    ),
    Plan(
        "fieldnote",
        1,
        "published",
        "p2f6cd815ba4e",
        60,
        2,
        AMERICA,
        95,
        88,
        unlabelled_until=67,
        reply_seconds=2.0,
    ),
    Plan("paydaynorth", 1, "draft", "p86e3b1f05d2a", 5, 3, {"Europe/Berlin": 1.0}, 18, None),
)

STRANGER: Final = Plan("paydaynorth", 1, "draft", "p5d1e0c94f7b3", 6, 0, AMERICA, 90, 60)
"""Conversations of a persona that no demo has: they belong to nobody."""
