"""Pure questions: (Connection, Period, ...) in, a typed frame out. One module per subject."""

from collections.abc import Callable
from typing import Final

import pandas as pd

from domo_insights.queries import availability, conversations, demos, messages, replies

Query = Callable[..., pd.DataFrame]

QUERIES: Final[dict[str, Query]] = {
    f"{query.__module__.rpartition('.')[2]}.{query.__name__}": query
    for query in (
        availability.conversations_ever,
        availability.earlier,
        availability.unmapped_events,
        conversations.kpis,
        conversations.listing,
        conversations.message_volume,
        conversations.messages_per_day,
        conversations.over_time,
        conversations.transcript,
        demos.mine,
        demos.ranked,
        messages.kpis,
        messages.over_time,
        replies.kpis,
        replies.over_time,
    )
}
"""Every question by the name the command line knows it by."""

READS_WORDS: Final = frozenset({"conversations.transcript"})
"""Those that read what visitors said: the database refuses them to the product team."""
