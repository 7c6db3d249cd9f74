"""Which demo works, which does not; and one demo by itself."""

import streamlit as st

from domo_insights import metrics
from domo_insights.queries import conversations, demos_now, messages
from domo_insights.ui import cards, demos, demos_one, empty, filters, marks, tables, trends

asked = filters.asked()
if empty.no_demos() and not empty.anything(asked):
    st.stop()

if asked.demo_id:
    demos_one.heading(asked)
cards.row(
    asked,
    {
        metrics.DEMOS_PUBLISHED: demos_now,
        metrics.CONVERSATIONS: conversations,
        metrics.ACTIVE_SHARE: conversations,
        metrics.NEGATIVE_SHARE: messages,
        metrics.VIDEOS_WAITING: demos_now,
        metrics.CHUNKS_WITHOUT_EMBEDDING: demos_now,
    },
)

if asked.demo_id:
    trends.over_time(asked, metrics.CONVERSATIONS, conversations.over_time, marks.of)
    left, right = st.columns(2)
    with left:
        demos_one.compared(asked)
        demos_one.knowledge(asked)
    with right:
        demos_one.videos(asked)
        demos_one.persona(asked)
    tables.newest_conversations(asked, conversations.listing)
else:
    demos.table(asked)
