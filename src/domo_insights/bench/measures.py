"""The parts of a bench, and what each adds to its result."""

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psutil  # type: ignore[import-untyped]
from sqlalchemy import func, select

from domo_insights.bench.fill import Progress
from domo_insights.bench.scratch import Scratch
from domo_insights.database.tables import conversation_messages, processed_webhook_events


@dataclass(frozen=True, slots=True)
class Given:
    """What every part works on."""

    scratch: Scratch
    scale: float
    repeat: int
    progress: Progress


def measured(given: Given, wanted: Sequence[str]) -> dict[str, Any]:
    """The result of the parts `wanted`, by the keys of the JSON."""
    found: dict[str, Any] = {"run": _about(given)}
    for part in wanted:
        found |= _PARTS[part](given)
    return found


def _about(given: Given) -> dict[str, Any]:
    with given.scratch.superuser.connect() as conn:
        messages = conn.scalar(select(func.count()).select_from(conversation_messages))
        events = conn.scalar(select(func.count()).select_from(processed_webhook_events))
        version = conn.scalar(select(func.current_setting("server_version")))
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "scale": given.scale,
        "messages": messages,
        "events": events,
        "postgres": version,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1024**3, 1),
    }


def _pages(given: Given) -> dict[str, Any]:
    # They load Streamlit, which takes a second and warns outside its server: not for `--help`.
    from domo_insights.bench import documented, pages, people

    made = given.scratch
    persons = people.people(made.superuser)
    viewers = [person.viewer for person in persons]
    cookies = dict(zip(viewers, people.sign_in(made.superuser, viewers), strict=True))
    cells = pages.measure(made.engine, persons, cookies, given.repeat, given.progress)
    asked = documented.measure(made.superuser, persons[0].viewer, given.repeat, given.progress)
    return {
        **pages.figures(cells),
        **documented.figures(asked, cells),
        "viewers": {p.label: p.conversations for p in persons},
        "pages": [cell.as_json() for cell in cells],
        "documented": asked.as_json(),
    }


_PARTS: Final[dict[str, Callable[[Given], dict[str, Any]]]] = {"pages": _pages}
PARTS: Final = tuple(_PARTS)
