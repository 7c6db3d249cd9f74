"""How is the platform used?"""

import streamlit as st

from domo_insights import metrics
from domo_insights.queries import conversations, messages, operations, platform, webhooks
from domo_insights.ui import cards, filters, platform_blocks, platform_operations, trends

asked = filters.asked()

cards.row(
    asked,
    {
        metrics.ACTIVE_OWNERS: platform,
        metrics.ACTIVE_DEMOS: platform,
        metrics.CONVERSATIONS: conversations,
        metrics.MESSAGES: messages,
        metrics.HANDLER_P95: webhooks,
        metrics.UNMAPPED_EVENTS: platform,
    },
)

left, right = st.columns(2)
with left:
    trends.over_time(asked, metrics.ACTIVE_OWNERS, platform.over_time)
with right:
    trends.over_time(asked, metrics.CONVERSATIONS, conversations.over_time)

left, right = st.columns([1, 2])
with left:
    platform_blocks.adoption(asked, platform.adoption)
with right:
    platform_blocks.owners(asked, platform.owners)

platform_blocks.latency(asked, webhooks.by_type)
platform_blocks.conflicts(asked, platform.conflicts)

platform_operations.operations(
    asked, operations.health, operations.tables, operations.indexes, operations.slow
)
