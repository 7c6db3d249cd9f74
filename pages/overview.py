"""How are my demos doing, and what needs me now?"""

import streamlit as st

from domo_insights import metrics
from domo_insights.queries import conversations, demos, messages, replies
from domo_insights.ui import attention, cards, empty, filters, marks, read_next, tables, trends

asked = filters.asked()
if not empty.anything(asked):
    st.stop()

cards.row(
    asked,
    {
        metrics.CONVERSATIONS: conversations,
        metrics.ACTIVE_SHARE: conversations,
        metrics.MESSAGES: messages,
        metrics.NEGATIVE_SHARE: messages,
        metrics.MEDIAN_DURATION: conversations,
        metrics.REPLY_P95: replies,
    },
)

left, right = st.columns(2)
with left:
    trends.over_time(asked, metrics.CONVERSATIONS, conversations.over_time, marks.of)
with right:
    trends.over_time(asked, metrics.MESSAGES, messages.over_time, marks.of)

left, right = st.columns(2)
with left:
    attention.needs_attention(asked)
with right:
    read_next.read_next(asked)

tables.ranked_demos(asked, demos.ranked)
tables.newest_conversations(asked, conversations.listing)
