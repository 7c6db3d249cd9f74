"""The parts of a bench, and what each adds to its result."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psutil  # type: ignore[import-untyped]
from sqlalchemy import func, select

from domo_insights.bench.fill import Progress
from domo_insights.bench.scratch import Scratch
from domo_insights.database.tables import conversation_messages, processed_webhook_events

PARTS: Final = ("pages", "ingest", "search", "browser")


@dataclass(frozen=True, slots=True)
class Given:
    """What every part works on."""

    scratch: Scratch
    scale: float
    repeat: int
    progress: Progress


def measured(given: Given, wanted: Sequence[str]) -> dict[str, Any]:
    """The result of the parts `wanted`, by the keys of the JSON."""
    # It would warn of what pages without a browser lack; read when Streamlit is loaded.
    os.environ.setdefault("STREAMLIT_LOGGER_LEVEL", "error")
    from domo_insights.bench import parts

    found: dict[str, Any] = {"run": _about(given)}
    for part in wanted:
        found |= parts.BY_NAME[part](given)
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
