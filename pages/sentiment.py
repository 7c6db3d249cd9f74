"""What do they feel and want, and where does it go wrong?"""

import streamlit as st

from domo_insights import metrics
from domo_insights.queries import intents, messages, misses
from domo_insights.ui import cards, empty, filters, sentiment, sentiment_rows

asked = filters.asked()
if not empty.anything(asked):
    st.stop()

cards.row(
    asked,
    {
        metrics.NEGATIVE_SHARE: messages,
        metrics.POSITIVE_SHARE: messages,
        metrics.UNLABELLED_SHARE: messages,
        metrics.INTENTS: intents,
        metrics.AVERAGE_CONFIDENCE: intents,
        metrics.CONFIDENT_MISSES: misses,
    },
)
sentiment.labelled_by(asked)

sentiment.over_time(asked, messages.over_time)
sentiment_rows.behind(asked, "feelings")

left, right = st.columns(2)
with left:
    sentiment.by_demo(asked)
with right:
    sentiment.by_turn(asked)
sentiment_rows.behind(asked, "by_demo", "by_turn")

left, right = st.columns(2)
with left:
    sentiment.intent_quadrant(asked)
with right:
    sentiment.confidence(asked)
sentiment_rows.behind(asked, "intents", "confidence")

sentiment_rows.confident(asked)
sentiment_rows.moments(asked)
