"""Where the pages are, and for whom. They are registered by absolute path, never found beside the
frame."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from domo_insights.viewer import Viewer

PAGES: Final = Path(__file__).parents[3] / "pages"


class Audience(StrEnum):
    """Who finds a page in the menu. Whose rows it shows is for the database to say."""

    EVERYBODY = "everybody"
    PRODUCT_TEAM = "product team"


@dataclass(frozen=True, slots=True)
class Place:
    """A page: its file below pages/, its name, and the question it answers."""

    file: str
    title: str
    icon: str
    question: str
    section: str = "Analytics"
    audience: Audience = Audience.EVERYBODY
    live: bool = True
    """Whether it is drawn anew when data change; not where people write or wait for an answer."""
    dated: bool = True
    """Whether what it shows depends on the period and the demo that are chosen."""

    @property
    def path(self) -> Path:
        """The file, absolute: it is registered as such."""
        return PAGES / self.file


OVERVIEW: Final = Place(
    "overview.py", "Overview", ":material/dashboard:",
    "How are my demos doing, and what needs me now?",
)  # fmt: skip
DEMOS: Final = Place(
    "demos.py", "Demos", ":material/play_circle:",
    "Which demo works, which does not?",
)  # fmt: skip
CONVERSATIONS: Final = Place(
    "conversations.py", "Conversations", ":material/forum:",
    "How much do visitors talk, and where do they stop?",
)  # fmt: skip
SENTIMENT: Final = Place(
    "sentiment.py", "Sentiment and intent", ":material/mood:",
    "What do they feel and want, and where does it go wrong?",
)  # fmt: skip

PLAYGROUND: Final = Place(
    "playground.py", "Playground", ":material/quiz:",
    "Would it answer, and why not?",
    section="Knowledge", live=False,
)  # fmt: skip
EVALUATION: Final = Place(
    "evaluation.py", "Evaluation", ":material/fact_check:",
    "Is the knowledge getting better?",
    section="Knowledge", live=False,
)  # fmt: skip
WEBHOOKS: Final = Place(
    "webhooks.py", "Webhooks", ":material/webhook:",
    "Is the pipe healthy?",
)  # fmt: skip
PLATFORM: Final = Place(
    "platform.py", "Platform", ":material/monitoring:",
    "How is the platform used?",
    section="Product team", audience=Audience.PRODUCT_TEAM,
)  # fmt: skip
MY_ACCESS: Final = Place(
    "my_access.py", "My access", ":material/badge:",
    "Who am I, and what can I see?",
    section="Account", live=False, dated=False,
)  # fmt: skip

ALL: Final = (
    OVERVIEW,
    DEMOS,
    CONVERSATIONS,
    SENTIMENT,
    WEBHOOKS,
    PLAYGROUND,
    EVALUATION,
    PLATFORM,
    MY_ACCESS,
)
"""In the order of the menu; the first is the one that opens."""


def open_to(viewer: Viewer) -> tuple[Place, ...]:
    """The pages that `viewer` finds in the menu."""
    return tuple(
        place for place in ALL if place.audience is Audience.EVERYBODY or viewer.product_team
    )
