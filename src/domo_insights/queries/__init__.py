"""Pure questions: (Connection, Period, ...) in, a typed frame out. One module per subject."""

from collections.abc import Callable
from typing import Final

import pandas as pd

from domo_insights.queries import (
    attention,
    availability,
    conversations,
    demos,
    demos_now,
    demos_others,
    marks,
    messages,
    read_next,
    replies,
    views,
)

Query = Callable[..., pd.DataFrame]

QUERIES: Final[dict[str, Query]] = {
    f"{query.__module__.rpartition('.')[2]}.{query.__name__}": query
    for query in (
        attention.needs,
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
        demos_now.kpis,
        demos_now.persona,
        demos_now.sources,
        demos_now.state,
        demos_now.videos,
        demos_others.others,
        marks.knowledge,
        marks.publishing,
        messages.kpis,
        messages.over_time,
        read_next.ranked,
        replies.kpis,
        replies.over_time,
        views.kept,
    )
}
"""Every question by the name the command line knows it by."""

READS_WORDS: Final = frozenset(
    {
        "conversations.transcript",
        "demos_now.persona",
        "demos_now.sources",
        "demos_now.videos",
        "marks.publishing",
        "read_next.ranked",
    }
)
"""Those that read what visitors or owners wrote: the database refuses them to the product team."""
