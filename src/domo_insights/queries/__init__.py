"""Pure questions: (Connection, Period, ...) in, a typed frame out. One module per subject."""

from collections.abc import Callable
from typing import Final

import pandas as pd

from domo_insights.queries import (
    access,
    attention,
    availability,
    conversations,
    conversations_one,
    conversations_shape,
    demos,
    demos_now,
    demos_others,
    detail,
    evaluations,
    intents,
    knowledge,
    marks,
    messages,
    misses,
    operations,
    platform,
    read_next,
    replays,
    replies,
    text_search,
    turns,
    views,
    visitor_messages,
    visitor_questions,
    webhooks,
    webhooks_rows,
    webhooks_silence,
)

Query = Callable[..., pd.DataFrame]

QUERIES: Final[dict[str, Query]] = {
    f"{query.__module__.rpartition('.')[2]}.{query.__name__}": query
    for query in (
        access.audit_log,
        access.identity,
        access.tables,
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
        conversations_one.happenings,
        conversations_one.summary,
        conversations_shape.durations,
        conversations_shape.ends,
        conversations_shape.lengths,
        conversations_shape.reach,
        conversations_shape.starts,
        demos.mine,
        demos.ranked,
        demos_now.kpis,
        demos_now.persona,
        demos_now.sources,
        demos_now.state,
        demos_now.videos,
        demos_others.others,
        detail.since,
        evaluations.answers,
        evaluations.runs,
        evaluations.sets,
        intents.kpis,
        intents.over_time,
        intents.ranked,
        knowledge.history,
        knowledge.listing,
        knowledge.overview,
        marks.knowledge,
        marks.publishing,
        messages.kpis,
        messages.over_time,
        misses.calibration,
        misses.confident,
        misses.kpis,
        misses.moments,
        misses.over_time,
        operations.health,
        operations.indexes,
        operations.slow,
        operations.tables,
        platform.adoption,
        platform.conflicts,
        platform.kpis,
        platform.over_time,
        platform.owners,
        read_next.ranked,
        replays.coverage,
        replays.questions,
        replays.runs,
        replies.kpis,
        replies.over_time,
        text_search.messages,
        turns.by_demo,
        turns.by_turn,
        views.kept,
        visitor_messages.listing,
        visitor_questions.said,
        webhooks.by_type,
        webhooks.by_type_over_time,
        webhooks.distribution,
        webhooks.kpis,
        webhooks.over_time,
        webhooks_rows.newest,
        webhooks_rows.payload,
        webhooks_rows.slowest,
        webhooks_rows.without_conversation,
        webhooks_rows.without_events,
        webhooks_silence.hours,
        webhooks_silence.kpis,
        webhooks_silence.over_time,
    )
}
"""Every question by the name the command line knows it by."""

READS_WORDS: Final = frozenset(
    {
        "access.audit_log",
        "conversations.transcript",
        "conversations_one.happenings",
        "demos_now.persona",
        "demos_now.sources",
        "demos_now.videos",
        "evaluations.answers",
        "evaluations.runs",
        "evaluations.sets",
        "knowledge.history",
        "knowledge.listing",
        "marks.publishing",
        "misses.confident",
        "misses.moments",
        "read_next.ranked",
        "replays.questions",
        "text_search.messages",
        "visitor_messages.listing",
        "visitor_questions.said",
        "webhooks_rows.payload",
    }
)
"""Those that read what visitors or owners wrote: the database refuses them to the product team."""

PRODUCT_ONLY: Final = frozenset(
    name for name in QUERIES if name.startswith(("operations.", "platform."))
)
"""Those about the platform as a whole: the database refuses them to everybody else."""

SEARCHES: Final = frozenset(
    {
        "knowledge.search",
        "knowledge.candidates",
        "knowledge_answer.answer",
        "knowledge_arms.near_by_meaning",
        "knowledge_vectors.batches",
        "knowledge_vectors.fingerprint",
        "knowledge_vectors.nearest",
        "knowledge_why.explain",
    }
)
"""Those about vectors: `domo-insights search`, the playground and evaluations ask them."""
