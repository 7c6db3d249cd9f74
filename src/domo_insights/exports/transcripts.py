"""One conversation as a file, word for word, for its owner."""

import json
import math
import re
from datetime import datetime
from typing import Final

import pandas as pd

from domo_insights.exports.cells import records

_NAMES: Final = {"user": "Visitor", "assistant": "Agent", "system": "System"}
_MARK_UP: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&=])")


def as_json(conversation_id: str, said: pd.DataFrame, as_of: datetime) -> str:
    """The conversation's id, the as-of time and its messages in order."""
    whole = {"conversation_id": conversation_id, "as_of": as_of.isoformat()}
    return json.dumps(
        {**whole, "messages": records(said)}, ensure_ascii=False, indent=1, allow_nan=False
    )


def as_markdown(conversation_id: str, said: pd.DataFrame, as_of: datetime) -> str:
    """A heading and a paragraph per message; nothing that was said acts as mark-up."""
    parts = [f"# Conversation {_plain(conversation_id)}", f"As of {as_of:%Y-%m-%d %H:%M} UTC."]
    for row in said.to_dict("records"):
        when = f"{row['occurred_at']:%Y-%m-%d %H:%M:%S} UTC" if row["has_time"] else "time unknown"
        labels = [
            str(label) for label in (row["sentiment"], row["intent"]) if isinstance(label, str)
        ]
        if not math.isnan(row["confidence"]):
            labels.append(f"confidence {row['confidence']:.2f}")
        about = f" ({_plain(', '.join(labels))})" if labels else ""
        parts.append(f"**{_NAMES[row['role']]}**, {when}{about}")
        parts.append("\n".join(f"> {_plain(line)}" for line in (row["content"] or "").split("\n")))
    return "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    return _MARK_UP.sub(r"\\\1", text.replace("\r", ""))
