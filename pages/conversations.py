"""How much do visitors talk, and where do they stop?"""

import streamlit as st

from domo_insights import metrics
from domo_insights.queries import conversations, messages, replies
from domo_insights.ui import (
    cards,
    conversation_blocks,
    empty,
    filters,
    reading,
    tables,
    text_search,
    transcripts,
    trends,
)

asked = filters.asked()
chosen = reading.chosen()
if not chosen and not empty.anything(asked):
    st.stop()

cards.row(
    asked,
    {
        metrics.CONVERSATIONS: conversations,
        metrics.ACTIVE_SHARE: conversations,
        metrics.MESSAGES: messages,
        metrics.MEDIAN_LENGTH: conversations,
        metrics.MEDIAN_DURATION: conversations,
        metrics.REPLY_P50: replies,
    },
)

talk, words = reading.tabs()
if talk.open:
    with talk:
        trends.volume_by_role(asked, conversations.message_volume)
        left, right = st.columns(2)
        with left:
            conversation_blocks.starts(asked)
            conversation_blocks.lengths(asked)
            conversation_blocks.ends(asked)
        with right:
            conversation_blocks.reach(asked)
            conversation_blocks.durations(asked)
            conversation_blocks.reply_time(asked)

if words.open:
    with words:
        said, rows = st.columns(2) if chosen else (None, st.container())
        if said:
            with said:
                transcripts.transcript(chosen, conversations.transcript)
        with rows:
            text_search.search(asked)
            tables.all_conversations(asked, conversations.listing)
