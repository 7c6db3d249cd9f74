"""Everything that can be asked, named by hand: what is not here fails a test until it is."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from domo_insights.period import Period
from tests.security.world import Estate

PERIOD: Final = Period.parse(
    "2026-02-01..2026-04-01", as_of=datetime(2026, 3, 15, tzinfo=UTC), zone="UTC"
)

OWNED: Final = {
    "public.demos",
    "public.demo_videos",
    "public.knowledge_chunks",
    "public.conversation_details",
    "public.custom_objectives",
    "public.processed_webhook_events",
    "public.conversation_messages",
    "public.audit_logs",
    "insights.conversation_map",
    "insights.delivery_counts",
    "insights.detail_kept",
    "insights.conversations",
    "insights.evaluation_answers",
    "insights.evaluation_runs",
    "insights.conversation_days",
    "insights.conversation_rollups",
    "insights.conversation_spreads",
    "insights.event_days",
    "insights.event_hours",
    "insights.intent_days",
    "insights.judged_messages",
    "insights.message_days",
    "insights.message_hours",
    "insights.messages_counted",
    "insights.question_sets",
    "insights.replay_runs",
    "insights.replayed_questions",
    "insights.reviews",
    "insights.saved_views",
    "insights.set_questions",
}
"""Tables and views with rows that belong to somebody."""

KEPT: Final = {
    "insights.conversation_days",
    "insights.conversation_rollups",
    "insights.conversation_spreads",
    "insights.event_days",
    "insights.event_hours",
    "insights.intent_days",
    "insights.message_days",
    "insights.message_hours",
}
"""Of these, those that the worker keeps."""

CLOSED: Final = {
    "insights.conversations_counted",
    "insights.rollup_state",
    "insights.platform_conversation_days",
    "insights.platform_event_days",
    "insights.platform_event_hours",
    "insights.platform_intent_days",
    "insights.platform_message_days",
    "insights.platform_spreads",
    "insights.platform_stale",
    "insights.left_as_found",
    "insights.fences",
    "insights.change_queue",
    "insights.demo_versions",
    "insights.data_version",
    "insights.erased_conversations",
    "insights.table_sizes",
    "insights.index_usage",
    "insights_private.web_sessions",
    "insights_private.sign_in_attempts",
}
"""Those that an owner gets nothing from at all."""

SHARED: Final = {"insights.embedding_models"}
"""Those that say the same to everybody."""

PERIOD_QUERIES: Final = {
    "attention.needs",
    "conversations.kpis",
    "conversations_behind.count",
    "conversations.listing",
    "conversations.message_volume",
    "conversations.messages_per_day",
    "conversations.over_time",
    "conversations_shape.durations",
    "conversations_shape.ends",
    "conversations_shape.lengths",
    "conversations_shape.reach",
    "conversations_shape.starts",
    "demos.ranked",
    "demos_compared.compared",
    "demos_now.kpis",
    "demos_others.others",
    "intents.kpis",
    "intents.over_time",
    "intents.ranked",
    "marks.knowledge",
    "marks.publishing",
    "messages.kpis",
    "messages.over_time",
    "misses.calibration",
    "misses_rows.confident",
    "misses.kpis",
    "misses_rows.moments",
    "misses.over_time",
    "platform.adoption",
    "platform.conflicts",
    "platform.kpis",
    "platform.over_time",
    "platform.owners",
    "read_next.grown_old",
    "read_next.ranked",
    "replies.kpis",
    "replies.over_time",
    "text_search.messages",
    "turns.by_demo",
    "turns.by_turn",
    "visitor_messages.listing",
    "visitor_questions.said",
    "webhooks.by_type",
    "webhooks.by_type_over_time",
    "webhooks.distribution",
    "webhooks.kpis",
    "webhooks.over_time",
    "webhooks_rows.slowest",
    "webhooks_rows.without_conversation",
    "webhooks_rows.without_events",
    "webhooks_silence.hours",
    "webhooks_silence.kpis",
    "webhooks_silence.over_time",
}

MORE: Final[Mapping[str, Mapping[str, Any]]] = {"text_search.messages": {"words": "says"}}
"""What a query of a period needs beside it to find anything."""


_OF_EVERYTHING: Final = {
    "access.audit_log",
    "access.identity",
    "access.tables",
    "demos.mine",
    "operations.health",
    "operations.indexes",
    "operations.slow",
    "operations.tables",
    "views.kept",
}
_OF_ONE_DEMO: Final = {
    "demos_now.persona",
    "demos_now.sources",
    "demos_now.videos",
    "evaluations.runs",
    "evaluations.sets",
    "knowledge.history",
    "knowledge.listing",
    "xray.duplicates",
    "xray.embeddings",
}
_OF_ALL_OR_ONE_DEMO: Final = {
    "availability.conversations_ever",
    "demos_now.state",
    "detail.since",
    "knowledge.overview",
    "replays.coverage",
    "replays.runs",
    "webhooks_rows.newest",
}


def arguments(query: str, target: Estate) -> list[Mapping[str, Any]]:
    """How to ask `query` for something of `target`, in every way there is. Raises: KeyError."""
    if query in PERIOD_QUERIES:
        return [
            {"period": PERIOD, "demo_id": demo_id, "include_test": test, **MORE.get(query, {})}
            for demo_id in (None, target.demo_id)
            for test in (False, True)
        ]
    one = {"demo_id": target.demo_id}
    talks = [{"conversation_id": talk} for talk in target.conversations]
    named: dict[str, list[Mapping[str, Any]]] = {
        **{name: [{}] for name in _OF_EVERYTHING},
        **{name: [one] for name in _OF_ONE_DEMO},
        **{name: [{}, one] for name in _OF_ALL_OR_ONE_DEMO},
        "availability.earlier": [{"period": PERIOD}, {"period": PERIOD, **one}],
        "availability.unmapped_events": [{"period": PERIOD}],
        "conversations.transcript": talks,
        "conversations_one.happenings": talks,
        "conversations_one.summary": talks,
        "evaluations.answers": [{"run_id": run} for run in target.runs],
        "replays.questions": [{"run_id": run} for run in target.replays],
        "webhooks_rows.payload": [{"event_id": event} for event in target.events],
        "xray.lengths": [{**one, "longest": 1}],
        "xray.reach": [{"run_id": run} for run in target.replays],
    }
    return named[query]


PAGES: Final = {
    "conversations",
    "demos",
    "evaluation",
    "my_access",
    "overview",
    "platform",
    "playground",
    "sentiment",
    "webhooks",
}

_T: Final = "timestamp with time zone"

INLINED: Final = (
    f"insights.day_after({_T},text)",
    "insights.demos_of(uuid)",
    "insights.dense_codes(text)",
    "insights.handler_code(integer)",
    "insights.handler_middle(integer)",
    "insights.handler_start(integer)",
    "insights.handler_steps()",
    "insights.dense_values(text)",
    "insights.has_high(text[],text[])",
    "insights.high_moments(text[],text[])",
    "insights.is_whole(insights.conversation_rollups,text)",
    "insights.log_bucket(double precision)",
    "insights.measured(insights.conversation_rollups)",
    "insights.seconds_of(integer)",
    "insights.seconds_step(integer)",
    "insights.seconds_steps()",
    "insights.spread_codes(insights.conversation_rollups,text,text)",
)
"""What a query is made of when it is planned, with the caller's rights; a search path of their own
would keep them from it."""

_COUNTS: Final = (
    "insights.bucket_middle(smallint)",
    "insights.duration_step(integer)",
    f"insights.packed_events({_T}[],{_T},uuid,boolean)",
    f"insights.event_parts({_T}[],{_T},uuid,boolean)",
    f"insights.event_parts_of({_T}[],{_T},uuid,boolean,boolean)",
    f"insights.event_steps({_T},{_T},uuid)",
    f"insights.slow_handlers({_T},{_T},uuid,double precision)",
    f"insights.live_hours({_T},{_T},uuid)",
    f"insights.pack_events(uuid[],{_T}[],{_T}[])",
    "insights.queued_event_hours()",
    f"insights.week_of({_T})",
    f"insights.intent_counts({_T}[],{_T},uuid,boolean)",
    f"insights.kept_parts(text,{_T}[],{_T})",
    f"insights.moved_pieces({_T}[],{_T},{_T})",
    f"insights.message_counts({_T}[],{_T},uuid,boolean,boolean)",
    "insights.queued_hours()",
    *INLINED,
    f"insights.conversation_counts({_T}[],{_T},text,uuid,boolean,boolean)",
    "insights.is_summed(uuid,boolean)",
    f"insights.conversations_apart({_T},{_T},{_T},{_T},uuid[],boolean)",
    f"insights.kept_days({_T}[],{_T},text,boolean)",
    f"insights.kept_days_whole({_T}[],{_T},text,boolean)",
    "insights.last_activities(uuid,boolean)",
    f"insights.newest_conversations({_T},{_T},uuid,boolean,integer)",
    f"insights.packed_spreads(text[],{_T}[],{_T},text,uuid,boolean,boolean)",
    f"insights.spread(text,{_T}[],{_T},text,uuid,boolean,boolean)",
    f"insights.turn_counts({_T},{_T},uuid,boolean)",
)
CALLABLE: Final = {
    "insights_reader": {
        "insights.detail_since(uuid)",
        "insights.bare_words(text)",
        "insights.conversations_now()",
        "insights.intent_words(text)",
        f"insights.judge(text,uuid,{_T})",
        "insights.queued_conversations()",
        *_COUNTS,
        f"insights.search_messages(text,{_T},{_T},uuid,boolean,integer)",
        "insights.chunk_counts()",
        f"insights.newest_missed({_T},{_T},uuid,boolean,text[],integer)",
        f"insights.worth_reading({_T},{_T},uuid,boolean,text[],integer,integer)",
        "insights.viewer_id()",
        "insights.is_product_team()",
        "insights.my_demo_ids()",
        "search_knowledge_chunks(vector,uuid,double precision,integer)",
        "insights.question_terms(text)",
        "insights.match_knowledge(uuid,text,integer)",
        "insights.matched_words(text,text)",
        "get_demo_stats(uuid)",
        "get_demo_dashboard(uuid)",
        "export_demo_data(uuid)",
    },
    "insights_product": {
        "insights.detail_since(uuid)",
        "insights.conversations_now()",
        "insights.queued_conversations()",
        *_COUNTS,
        "insights.chunk_counts()",
        "insights.viewer_id()",
        "insights.is_product_team()",
        "insights.my_demo_ids()",
        f"insights.unsummed_days(text,{_T},{_T})",
        "insights.owner_labels()",
        "insights.product_only()",
        "insights.demos_with_knowledge()",
        "insights.health()",
        "insights.applied_migrations()",
        "insights.slow_queries(integer)",
    },
    "insights_editor": {
        "insights.erase_mine(text)",
        "insights.conversations_now()",
        "insights.queued_conversations()",
        "insights.mark_test(text,boolean)",
        "insights.viewer_id()",
        "insights.is_product_team()",
        "insights.my_demo_ids()",
        "insights.record(text,text,uuid,uuid,jsonb)",
    },
    "insights_ingest": {
        "insights.look_up(text[],text[])",
        "insights.is_erased(text)",
        "insights.viewer_id()",
        "insights.claim(text,uuid,text)",
        "insights.count_delivery(uuid,text,integer)",
    },
    "insights_sessions": {
        "insights.viewer_id()",
        "insights.record(text,text,uuid,uuid,jsonb)",
    },
    "insights_worker": {
        "insights.detail_since(uuid)",
        "insights.asked_demos()",
        "insights.bare_words(text)",
        "insights.conversations_now()",
        "insights.fill_rollups(integer)",
        f"insights.judge(text,uuid,{_T})",
        "insights.queued_conversations()",
        *_COUNTS,
        "insights.densely(integer,integer,integer[],integer[])",
        "insights.fill_days(text,text)",
        "insights.keep_zones(text[])",
        "insights.kept_zones()",
        "insights.made_dense(insights.event_days)",
        f"insights.refresh_days(text,uuid[],{_T}[])",
        "insights.fill_conversations(text,integer)",
        "insights.event_hours_of(insights.change_queue[])",
        "insights.fill_events(text)",
        f"insights.sum_platform_days(integer,{_T})",
        f"insights.sum_event_days({_T}[])",
        f"insights.sum_message_days({_T}[])",
        f"insights.sum_conversation_days(text,{_T}[])",
        "insights.placed(integer,integer,integer[],integer[])",
        "insights.fill_messages(text)",
        "insights.merge_events(insights.event_days[])",
        f"insights.refresh_events(uuid[],{_T}[])",
        "insights.filling()",
        "insights.hours_of(insights.change_queue[])",
        f"insights.refresh_messages(uuid[],{_T}[])",
        "insights.refresh_conversations(text[])",
        "insights.refresh_rollups(insights.change_queue[])",
        "insights.intent_words(text)",
        "insights.viewer_id()",
        "insights.drain_changes(integer)",
        "insights.health()",
        "insights.applied_migrations()",
    },
    "authenticated": {
        "insights.viewer_id()",
        "insights.my_demo_ids()",
        "search_knowledge_chunks(vector,uuid,double precision,integer)",
        "get_demo_stats(uuid)",
        "get_demo_dashboard(uuid)",
        "export_demo_data(uuid)",
    },
    "anon": set(),
}
"""Functions of ours, beside triggers' own, that each role may call."""
